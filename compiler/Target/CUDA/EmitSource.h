//===- EmitSource.h - a kernel as CUDA C++ ----------------------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CUDA_EMITSOURCE_H
#define LLMC_COMPILER_TARGET_CUDA_EMITSOURCE_H

#include "dialects/Cuda/Cuda.h"

#include <optional>
#include <string>

namespace llmc {

/// Elements from the first to the last of a kernel's argument, or none if it is
/// dynamic. Rows that are padded to 16 bytes are read by whole packs, so that
/// the last row's padding counts up to there.
std::optional<int64_t> getArgumentSpan(mlir::MemRefType type);

/// The text of one kernel: a comment with its place in the model file,
/// `#include "llmc_device.h"` and one function, for NVRTC or, with the
/// emulation header, for a host compiler. Shared memory must have its offsets.
/// Reports an op or type that has no C++ form at the op.
mlir::FailureOr<std::string> emitCudaSource(cuda::KernelOp kernel);

/// Registers `llmc-cuda-print-source`, which prints every kernel to the
/// standard output.
void registerCudaPrintSource();

} // namespace llmc

#endif
