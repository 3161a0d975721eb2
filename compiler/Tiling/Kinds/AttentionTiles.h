//===- AttentionTiles.h - what attention's kernels share ------------------===//

#ifndef LLMC_COMPILER_TILING_KINDS_ATTENTIONTILES_H
#define LLMC_COMPILER_TILING_KINDS_ATTENTIONTILES_H

#include "compiler/Tiling/KernelBuilder.h"

namespace llmc::tiling {

/// Shapes and bounds of causal grouped-query attention. Query i sees the keys
/// j with j <= i and, given a window, i - j < window.
class AttentionTiles {
public:
  /// What a block works on, and what the rows of its scores are. The other
  /// axis of scores is the other one, in blocks, too.
  enum class Rows { Queries, Keys };

  /// Reads shapes and attributes of an attention op or one of its gradients:
  /// operands 0 to 2 are query, key and value. Checks that the other ops of
  /// the group only split arguments.
  static mlir::FailureOr<AttentionTiles>
  create(KernelBuilder &k, mlir::Operation *op, Rows rows = Rows::Queries);

  KernelBuilder &k;
  Rows rows;
  int64_t batch, positions, heads, kvHeads, headSize;
  int64_t window; // 0: none
  int64_t blockQ, blockK;

  int64_t groupSize() const { return heads / kvHeads; }
  /// One head of one sequence of [batch, positions, n * headSize], or of a
  /// part of a wider tensor: a view [positions, headSize].
  mlir::FailureOr<mlir::Value> headView(mlir::Value tensor,
                                        mlir::Value sequence, mlir::Value head);
  /// The same for a result's memref.
  mlir::Value headView(const RowSource &source, mlir::Value sequence,
                       mlir::Value head);
  /// One head of one sequence of [batch, heads, positions]: [positions].
  mlir::Value rowView(mlir::Value memref, mlir::Value sequence,
                      mlir::Value head);
  /// [block_q, block_k], or [block_k, block_q] if keys are the rows.
  llvm::SmallVector<int64_t> scoreShape() const;
  /// query key^T, or key query^T, in the shape of scores: both operands are
  /// rows of head size.
  mlir::Value products(mlir::Value query, mlir::Value key);
  /// [block_q] repeated for every key, in the shape of scores.
  mlir::Value perQuery(mlir::Value vector);
  /// products / sqrt(head size), -1e30 where the query must not look.
  mlir::Value scores(mlir::Value query, mlir::Value key, mlir::Value queryBegin,
                     mlir::Value keyBegin);
  double scale() const;

  /// The keys that block_q queries from `queryBegin` see: a multiple of
  /// block_k, and an end.
  mlir::Value firstKey(mlir::Value queryBegin);
  mlir::Value endKey(mlir::Value queryBegin);
  /// The queries that see any of the block_k keys from `keyBegin`.
  mlir::Value firstQuery(mlir::Value keyBegin);
  mlir::Value endQuery(mlir::Value keyBegin);

private:
  AttentionTiles(KernelBuilder &k, Rows rows) : k(k), rows(rows) {}
  mlir::Value atMostPositions(mlir::Value end);
};

} // namespace llmc::tiling

#endif
