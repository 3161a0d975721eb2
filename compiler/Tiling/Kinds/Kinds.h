//===- Kinds.h - one emitter for each kind of kernel ----------------------===//
//
// Each fills the new body of a KernelBuilder from the group's ops, or emits a
// diagnostic. What each needs of schedule and grid is said in README.md.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_TILING_KINDS_KINDS_H
#define LLMC_COMPILER_TILING_KINDS_KINDS_H

#include "compiler/Tiling/KernelBuilder.h"

namespace llmc::tiling {

/// One linear or linear_weight_grad, then elementwise ops on its blocks.
mlir::LogicalResult emitGemm(KernelBuilder &k);
/// Row-wise ops over one row domain, with column sums of ranges of rows.
mlir::LogicalResult emitRows(KernelBuilder &k);
mlir::LogicalResult emitAttention(KernelBuilder &k);
mlir::LogicalResult emitAttentionQueryGrad(KernelBuilder &k);
mlir::LogicalResult emitAttentionKeyValueGrad(KernelBuilder &k);
mlir::LogicalResult emitEmbeddingGrad(KernelBuilder &k);
/// sum_of_squares and adamw: ranges of one dimension.
mlir::LogicalResult emitFlat(KernelBuilder &k);
/// mean and norm: one block.
mlir::LogicalResult emitReduce(KernelBuilder &k);
/// sum_rows and position_embedding_grad: blocks of columns, all rows.
mlir::LogicalResult emitColumnSum(KernelBuilder &k);

} // namespace llmc::tiling

#endif
