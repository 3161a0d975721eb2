//===- Profile.h - where the time of a run went, by kernel ----------------===//

#ifndef LLMC_RUNTIME_TRAIN_PROFILE_H
#define LLMC_RUNTIME_TRAIN_PROFILE_H

#include "device/Device.h"

#include <string>

namespace llmc::runtime {

/// What the rates of a profile are shares of.
struct Ceilings {
  Peak peak;
  Bandwidth bandwidth;
};

/// Two lines: each ceiling with what is counted, or that it is unknown.
std::string formatCeilings(const Ceilings &ceilings);

/// A table of the kernels that ran, slowest first: calls, ms, share of
/// `wallSeconds`; flops and bytes of one call, as the kernel table has them,
/// and the rates that follow, with their shares of the ceilings. The ceilings
/// and what the columns mean stand below.
std::string formatProfile(const LlmcProgram &program,
                          const std::vector<KernelTime> &times,
                          double wallSeconds, const Ceilings &ceilings);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_PROFILE_H
