//===- Profile.h - where the time of a run went, by kernel ----------------===//

#ifndef LLMC_RUNTIME_TRAIN_PROFILE_H
#define LLMC_RUNTIME_TRAIN_PROFILE_H

#include "device/Device.h"

#include <string>

namespace llmc::runtime {

/// A table of the kernels that ran, slowest first: calls, ms, share of
/// `wallSeconds`, and the rates that the kernel table's flops and bytes give.
std::string formatProfile(const LlmcProgram &program,
                          const std::vector<KernelTime> &times,
                          double wallSeconds);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_PROFILE_H
