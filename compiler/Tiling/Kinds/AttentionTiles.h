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
  /// the group only split arguments or sum the columns of results.
  static mlir::FailureOr<AttentionTiles>
  create(KernelBuilder &k, mlir::Operation *op, Rows rows = Rows::Queries);

  KernelBuilder &k;
  Rows rows;
  int64_t batch, positions, heads, kvHeads, headSize;
  int64_t window; // 0: none
  int64_t blockQ, blockK;

  int64_t groupSize() const { return heads / kvHeads; }

  /// What a block of the grid works on.
  struct Place {
    mlir::Value begin; // its first row: a query or a key
    mlir::Value head;  // of queries or of keys, as `rows` says
    mlir::Value sequence;
  };
  /// Blocks of a head stand side by side, or, with `raster` in the schedule,
  /// those of `raster` heads, blocks with the same rows next to each other.
  /// Those that see most rows of the other side then come first, so that short
  /// blocks fill what is left of the SMs' time at the end.
  mlir::FailureOr<Place> place();
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
  /// rows of head size. Added to `addedTo`, if that is given.
  mlir::Value products(mlir::Value query, mlir::Value key,
                       mlir::Value addedTo = {});
  /// [block_q] repeated for every key, in the shape of scores.
  mlir::Value perQuery(mlir::Value vector);
  /// products, not yet scaled by 1 / sqrt(head size); if `masked`, an even
  /// power of two below them all where the query must not look.
  mlir::Value scores(mlir::Value query, mlir::Value key, mlir::Value queryBegin,
                     mlir::Value keyBegin, bool masked);
  /// [block_q]: less than the exponent of any visible score.
  mlir::Value leastExponent();
  /// What 2 is raised to for e^(scores / sqrt(head size)): products that are
  /// rounded once.
  mlir::Value exponentOf(mlir::Value scores);
  /// 2^(exponentOf(scores) - subtracted), where `subtracted` is [block_q]. The
  /// scale, the change of base and the difference are one fused multiply-add.
  mlir::Value weights(mlir::Value scores, mlir::Value subtracted);
  /// tile / sqrt(head size).
  mlir::Value scaled(mlir::Value tile);

  /// Blocks of keys or queries: multiples of `step` from `begin` on, up to an
  /// end that may cut the last one. In those from `fullBegin` to `fullEnd` the
  /// mask hides nothing, the others lie across an edge of it.
  struct Blocks {
    mlir::Value begin, fullBegin, fullEnd, end;
    int64_t step;
    llvm::StringRef name; // of one's first
  };
  /// The keys that block_q queries from `queryBegin` see.
  Blocks keysOf(mlir::Value queryBegin);
  /// The queries that see any of the block_k keys from `keyBegin`.
  Blocks queriesOf(mlir::Value keyBegin);

  /// Emits one block of a loop and gives what the next one gets as `carried`.
  using BlockBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::Value begin, bool masked, mlir::ValueRange carried)>;
  /// Up to three loops, each of which goes on where the one before ends, so
  /// that only the blocks across an edge are masked. `names` are those of what
  /// they carry.
  llvm::SmallVector<mlir::Value>
  forEachBlock(const Blocks &blocks, llvm::ArrayRef<llvm::StringRef> names,
               mlir::ValueRange inits, BlockBody body);

private:
  double scale() const;
  AttentionTiles(KernelBuilder &k, Rows rows) : k(k), rows(rows) {}
  bool hasFullBlocks() const;
  mlir::Value clamp(mlir::Value x, mlir::Value least, mlir::Value most);
  /// max(x - y, 0).
  mlir::Value difference(mlir::Value x, int64_t y);
  mlir::Value roundDown(mlir::Value x, int64_t step);
  mlir::Value roundUp(mlir::Value x, int64_t step);
};

} // namespace llmc::tiling

#endif
