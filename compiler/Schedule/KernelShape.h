//===- KernelShape.h - the extents a schedule divides -----------*- C++ -*-===//
//
// What a target's model needs to know of a kernel, read off its body once; the
// grid that follows from a schedule; and the kernel's work.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SCHEDULE_KERNELSHAPE_H
#define LLMC_COMPILER_SCHEDULE_KERNELSHAPE_H

#include "compiler/Schedule/Chip.h"
#include "dialects/Tile/Tile.h"

#include "llvm/ADT/StringMap.h"

namespace llmc {

enum class KernelKind {
  Gemm,
  Rows,
  Attention,
  AttentionQueryGrad,
  AttentionKeyValueGrad,
  EmbeddingGrad,
  Flat,
  Reduce,
  ColumnSum
};

/// The extents of a kernel; those that its kind has no use for are 0.
struct KernelShape {
  KernelKind kind;
  // gemm: [m, k] times [k, n].
  int64_t m = 0, n = 0, k = 0;
  /// Whether the product is added to a gradient and to nothing else, so that
  /// blocks may share its depth; into how many parts a given schedule has it
  /// cut, 0 where that is the model's choice.
  bool addsOnly = false;
  int64_t wantedParts = 0;
  /// Products of this shape and of the same a that the kernel computes.
  int64_t products = 1;
  /// What the operands of products are multiplied as: gemm and attention.
  Element element = Element::F32;
  /// Whether a is stored [k, m], and b [k, n] rather than [n, k].
  bool depthFirstA = false, depthFirstB = false;
  /// Bytes of the tensors that a product's epilogue reads and writes.
  int64_t epilogueBytes = 0;
  /// Tensors of the result's shape that the epilogue reads, and writes.
  int64_t epilogueReads = 0, epilogueWrites = 0;
  /// Channels that one block must hold together, 1 for any: rotate's heads.
  int64_t columnGroup = 1;
  /// Positions of a sequence, for the kernels that tell them apart.
  int64_t sequence = 0;
  // rows; `splits` is 0 where nothing is summed over rows. Also the rows that
  // embedding_grad and column_sum walk over.
  int64_t rows = 0, splits = 0;
  /// Bytes and elements of the widest row of a rows kernel; of one head of it
  /// where blocks hold one, `rowParts` to a row.
  int64_t rowBytes = 0, columns = 0, rowParts = 1;
  /// Tensors of whole rows that a rows kernel reads, computes and writes.
  int64_t rowTensors = 0;
  /// Sums over ranges of rows that it leaves.
  int64_t rowSums = 0;
  /// Whether rows can be worked on in parts: block_columns.
  bool columnParts = true;
  // attention
  int64_t batch = 0, heads = 0, kvHeads = 0, headSize = 0;
  // flat, reduce, column_sum: elements, or columns of the sum.
  int64_t elements = 0;
  /// Partial sums of a flat kernel, 0 where it is elementwise.
  int64_t partials = 0;

  /// Elements that the kernel sums beside its work, squares of gradients and
  /// columns of a product's results, and the partial sums that its blocks leave
  /// of them: these have the places of its blocks.
  int64_t summedElements = 0, blockSums = 0;

  int64_t flops = 0;
  /// Bytes of all arguments read and all results written once.
  int64_t bytes = 0;
};

/// Block sizes by their names in the attribute `schedule`.
using BlockSizes = llvm::StringMap<int64_t>;

/// Reads the shape off a kernel as Fusion leaves it, or says what is wrong.
mlir::FailureOr<KernelShape> getKernelShape(tile::FuncOp kernel);

/// The op that decides the extents of a kernel of a known kind: the product,
/// the attention; for `rows` the first one.
mlir::Operation *findLeader(tile::FuncOp kernel);

/// The names that a schedule of such a kernel must hold.
llvm::SmallVector<llvm::StringRef> getBlockNames(const KernelShape &shape);

/// The number of blocks along each axis.
llvm::SmallVector<int64_t> getGrid(const KernelShape &shape,
                                   const BlockSizes &blocks);

} // namespace llmc

#endif
