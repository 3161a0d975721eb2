//===- RowBlock.h - the tiles of one block of rows ------------------------===//
//
// Elementwise and row-wise ops of a group are evaluated at one place: rows
// [row, row + rows) of the group's row domain, and either whole rows or the
// columns [column, column + columns). A rule (Rules/) asks for its operands'
// tiles there and says what tile its result is.
//
// Everything is written after everything was read, so that a result may share
// storage with an argument (`inplace` on tile.func).
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_TILING_ROWBLOCK_H
#define LLMC_COMPILER_TILING_ROWBLOCK_H

#include "compiler/Tiling/SquareSums.h"

#include "llvm/ADT/DenseMap.h"

namespace llmc::tiling {

/// A block's turn among those that add to one place, and how many there are.
struct BlockTurn {
  mlir::Value number;
  int64_t count;
};

class RowBlock {
public:
  /// `columns` is nullopt for whole rows.
  RowBlock(KernelBuilder &k, mlir::Value row, int64_t rows,
           mlir::Value column = {}, std::optional<int64_t> columns = {});

  KernelBuilder &k;
  /// First row and column, as index values.
  const mlir::Value row;
  const mlir::Value column;
  const int64_t rows;
  const std::optional<int64_t> columns;
  /// Which block of the grid this is; none where it is one of many places that
  /// a block works on.
  std::optional<BlockPlace> block;
  /// The part of a sum's terms that the block adds, where several blocks in
  /// turn add parts to what accumulations store.
  std::optional<BlockTurn> turn;

  bool hasWholeRows() const { return !columns; }
  /// The columns of this place's tiles of `tensor`.
  int64_t width(mlir::Value tensor) const;

  /// Whether tile() may be asked for: an argument, or a value already computed.
  bool isAvailable(mlir::Value tensor);
  /// The f32 tile [rows, width] of an activation, or [rows] of per-row values.
  mlir::Value tile(mlir::Value tensor);
  void setTile(mlir::Value tensor, mlir::Value tile) { tiles[tensor] = tile; }
  /// The columns' part of a vector weight: [width], as rows of a tile.
  mlir::Value vectorPerColumn(mlir::Value weight);
  /// Integers [rows] of a tensor with one for each row: tokens, targets.
  mlir::Value integers(mlir::Value tensor);
  /// Rows (row + i) mod `period` of a weight: [rows, columns of the weight].
  mlir::Value periodicRows(mlir::Value weight, int64_t period);

  /// Writes `tile` into the result that `tensor` is returned as, if it is, in
  /// the columns from `columnOffset`: for values joined from parts.
  void storePart(mlir::Value tensor, mlir::Value tile, int64_t columnOffset);
  /// Adds the value's tile to an argument's storage.
  void accumulate(train::AccumulateOp op);
  /// Says that the rule itself wrote the result.
  void setStored(mlir::Value tensor) { stored.insert(tensor); }

  /// Writes the kernel's results. Those in `except` are written elsewhere.
  mlir::LogicalResult finish(llvm::ArrayRef<mlir::Value> except = {});

private:
  struct Part {
    mlir::Value tile, memref;
    int64_t columnOffset;
  };

  mlir::LogicalResult finishAccumulation(train::AccumulateOp op);
  mlir::LogicalResult addInTurn(train::AccumulateOp op, mlir::Value added,
                                mlir::Value view);
  mlir::Value storeView(mlir::Value memref, mlir::Value tile);
  llvm::SmallVector<mlir::Value> place(mlir::Value tile);

  llvm::DenseMap<mlir::Value, mlir::Value> tiles;
  llvm::DenseMap<mlir::Value, mlir::Value> vectors;
  llvm::SmallVector<Part> parts;
  llvm::SmallVector<train::AccumulateOp> accumulations;
  llvm::DenseSet<mlir::Value> stored;
};

} // namespace llmc::tiling

#endif
