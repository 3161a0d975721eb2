//===- EmitSource.h - a kernel as CUDA C++ ----------------------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CUDA_EMITSOURCE_H
#define LLMC_COMPILER_TARGET_CUDA_EMITSOURCE_H

#include "dialects/Cuda/Cuda.h"

#include <string>

namespace llmc {

/// A kernel's name and the translation unit that defines it.
struct CudaSource {
  std::string name;
  std::string text;
};

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
