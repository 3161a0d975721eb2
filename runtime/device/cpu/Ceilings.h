//===- Ceilings.h - what the processors can do at most, measured ----------===//
//
// A share of a peak says something only when the peak is of this machine, now:
// clocks change with the load, and a virtual machine shares its memory. So both
// ceilings are measured, by as many threads as the program computes with.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CPU_CEILINGS_H
#define LLMC_RUNTIME_DEVICE_CPU_CEILINGS_H

#include "device/Device.h"
#include "device/cpu/ThreadPool.h"

namespace llmc::runtime {

/// Independent multiply-adds on f32 vectors that stay in registers, of the
/// widest kind that the machine has: the median of some rounds, a few
/// hundredths of a second.
Peak measurePeak(ThreadPool &pool);

/// a[i] = b[i] + s * c[i] over arrays beyond the last cache, written past the
/// caches where the machine can: the median of some rounds, some tenths of a
/// second. No bandwidth where there is no memory for the arrays.
Bandwidth measureBandwidth(ThreadPool &pool);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_DEVICE_CPU_CEILINGS_H
