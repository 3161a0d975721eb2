//===- ResourceReport.h - what ptxas says a kernel takes ------------------===//

#ifndef LLMC_COMPILER_TARGET_CUDA_RESOURCEREPORT_H
#define LLMC_COMPILER_TARGET_CUDA_RESOURCEREPORT_H

#include "llvm/ADT/StringRef.h"

#include <optional>

namespace llmc {

/// Of one thread, but for static shared memory, which is a block's; bytes, but
/// for registers. All zero where no compiler reported them.
struct KernelResources {
  int registers = 0;
  int spillStores = 0;
  int spillLoads = 0;
  int staticShared = 0;
  int stackFrame = 0;
};

/// What `log`, which ptxas prints with -v, says of the kernel `symbol`; none if
/// it says nothing of it.
std::optional<KernelResources> parseResourceReport(llvm::StringRef log,
                                                   llvm::StringRef symbol);

} // namespace llmc

#endif
