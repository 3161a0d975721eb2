//===- KeptValues.h - the fewest bytes that a backward pass needs -*- C++ -*-=//
//
// Policy only. Values of the forward pass that the backward pass reads are kept
// or computed again from others that are kept. Which, is a minimum cut: a value
// is an edge as wide as its bytes; ops that must not run twice are sources,
// readers in the backward pass are sinks, and what an op computes again it
// computes from all of its operands. (Jain et al., "Checkmate", 2020, and
// PyTorch's partitioner cut the same graph.)
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_FUSION_KEPTVALUES_H
#define LLMC_COMPILER_FUSION_KEPTVALUES_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace llmc {

struct KeptValues {
  /// Results of forward ops that stay for the backward pass.
  llvm::SetVector<mlir::Value> kept;
  /// Results of forward ops that are computed again.
  llvm::SetVector<mlir::Value> recomputed;
};

/// `forward` holds the ops of the forward pass in program order, `needed` those
/// of their results that the backward pass reads. Values of other ops and of
/// arguments are there anyway.
KeptValues
findKeptValues(llvm::ArrayRef<mlir::Operation *> forward,
               llvm::ArrayRef<mlir::Value> needed,
               llvm::function_ref<bool(mlir::Operation *)> mayRecompute);

} // namespace llmc

#endif
