//===- FusionOpInterface.h - what Fusion knows of an op ---------*- C++ -*-===//
//
// The op interface, the enums it speaks in, and the registration of the rules
// that attach it (Rules/).
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_FUSION_FUSIONOPINTERFACE_H
#define LLMC_COMPILER_FUSION_FUSIONOPINTERFACE_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/OpDefinition.h"

namespace llmc {

/// What kind of kernel an op makes, and what it may join.
enum class OpFamily {
  Gemm,        ///< leads a gemm kernel
  Elementwise, ///< gemm epilogue or rows
  Rotate,      ///< as Elementwise, but exchanges channels within a head
  Row,         ///< a whole row to a whole row; rows
  Slice,       ///< as LoneRow; a view where only attention reads it
  RowSum,      ///< partial sums over rows (`splits`); rows
  LoneRow,     ///< a rows kernel that nothing joins
  Attention,
  AttentionQueryGrad,
  AttentionKeyValueGrad,
  EmbeddingGrad,
  Flat,       ///< one-dimensional storage
  Reduce,     ///< one block
  ColumnSum,  ///< sums a few rows
  Accumulate, ///< joins whatever computes its value
  Collective, ///< between ranks: stays an op, alone and in its place
};

/// What is read of an operand to compute one element of the result.
enum class OperandAccess {
  Element, ///< the element at the same place
  Row,     ///< the same row of the row domain
  Whole,   ///< anything: weights, tables, the other rows
};

/// The `kind` of a kernel led by an op of the family.
llvm::StringRef getKernelKind(OpFamily family);

/// Whether kernels led by the family are of kind "rows".
bool isRowsFamily(OpFamily family);

/// Number of rows of a row domain: the product of all but the last dimension.
int64_t getRowCount(mlir::RankedTensorType type);

/// Ops that say where a tensor lies and compute nothing: no kernel holds them,
/// MemoryPlan makes places of them. `op` may be null.
bool isPlace(mlir::Operation *op);

/// Ops that stand for storage: what a step keeps, or a window of it.
bool isHandle(mlir::Operation *op);

/// Attaches FusionOpInterface to the ops of the model and train dialects.
void registerFusionRules(mlir::DialectRegistry &registry);

} // namespace llmc

#include "compiler/Fusion/FusionOpInterface.h.inc"

#endif
