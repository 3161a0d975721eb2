//===- SharedAccess.h - who touches shared memory ---------------*- C++ -*-===//
//
// The one place that knows which ops of a kernel read and write shared memory,
// for the passes that allocate it and keep threads from racing for it.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_TARGET_CUDA_SHAREDACCESS_H
#define LLMC_COMPILER_TARGET_CUDA_SHAREDACCESS_H

#include "dialects/Cuda/Cuda.h"

#include <optional>

namespace llmc::cuda {

struct SharedAccess {
  enum class Kind {
    Read,
    Write,
    Copy, // a write that is complete only once it has been waited for
  };
  Kind kind;
  /// The buffer; null if the operand is not directly a cuda.shared.
  SharedOp buffer;
};

/// What `op` does to shared memory, if anything.
std::optional<SharedAccess> getSharedAccess(mlir::Operation *op);

/// Whether all threads of a block have to come to `op` together.
bool meets(mlir::Operation *op);

/// Whether threads of a block may take different branches of `op`: an scf.if
/// without `cuda.uniform`.
bool isDivergent(mlir::Operation *op);

/// Checks what both passes rely on: accesses name their buffers directly,
/// buffers have no other users, and the control flow around accesses,
/// barriers and waits is scf.for, scf.if or cuda.unroll.
mlir::LogicalResult verifySharedAccesses(KernelOp kernel);

} // namespace llmc::cuda

#endif // LLMC_COMPILER_TARGET_CUDA_SHAREDACCESS_H
