//===- Intrinsics.h - the header that kernels include -----------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CUDA_INTRINSICS_H
#define LLMC_COMPILER_TARGET_CUDA_INTRINSICS_H

#include "llvm/ADT/StringRef.h"

namespace llmc {

/// The text of Intrinsics/llmc_device.h, which NVRTC is given under that name.
llvm::StringRef getDeviceHeader();

} // namespace llmc

#endif
