//===- SquareSums.h - squares of what a block has stored --------*- C++ -*-===//
//
// What train.accumulate's `squares` ask for: each block leaves the sum of the
// squares of the gradient that it has just stored, at a place of its own.
// Beyond the edge of a gradient tiles are 0 and add nothing.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_TILING_SQUARESUMS_H
#define LLMC_COMPILER_TILING_SQUARESUMS_H

#include "compiler/Tiling/KernelBuilder.h"

#include "dialects/Train/Train.h"

namespace llmc::tiling {

/// Which block of a kernel it is that stores.
struct BlockPlace {
  /// Its number, and that of all blocks.
  mlir::Value number;
  int64_t count = 0;
  /// Its number among the blocks of the same rows, and that of those; no part
  /// where blocks do not hold rows.
  mlir::Value part = {};
  int64_t parts = 0;
};

/// Writes the partial sums of `op`, if it asks for any, of the tile `stored`
/// that it left in its storage from row `row` on.
mlir::LogicalResult storeSquares(KernelBuilder &k, train::AccumulateOp op,
                                 mlir::Value stored, const BlockPlace &place,
                                 mlir::Value row = {});

/// Replaces the partial sums of row `row`, of which the block holds all
/// elements: `stored`, [columns].
mlir::LogicalResult replaceRowSquares(KernelBuilder &k, train::AccumulateOp op,
                                      mlir::Value stored, mlir::Value row);

} // namespace llmc::tiling

#endif
