//===- Access.h - where a tile lies in its view -----------------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CPU_ACCESS_H
#define LLMC_COMPILER_TARGET_CPU_ACCESS_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"

namespace llmc::cpu {

/// How a range of a view's dimension relates to the dimension's size.
enum class Reach {
  Inside, // proven to lie within
  Either, // depends on the block
  Beyond  // a static extent larger than the size
};

/// One dimension of a load or store: elements [index, index + extent).
struct AccessRange {
  mlir::Value index; // as in the tile program
  int64_t extent;
  int64_t size;
  Reach reach;
};

/// The ranges of a tile.load, tile.store or tile.gather, one per dimension of
/// the view. The rows of a gather are numbers from memory and trusted.
llvm::SmallVector<AccessRange, 2> accessRanges(mlir::Operation *op);

bool isInside(llvm::ArrayRef<AccessRange> ranges);

/// The view that a memory op touches, and the kernel argument beneath it.
mlir::Value accessedView(mlir::Operation *op);
mlir::Value underlyingArgument(mlir::Value view);

/// The largest number known to divide `value` (0 for the constant 0).
int64_t knownDivisor(mlir::Value value);

} // namespace llmc::cpu

#endif // LLMC_COMPILER_TARGET_CPU_ACCESS_H
