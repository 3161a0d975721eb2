//===- Lifetimes.h - from when to when a function's tensors live ----------===//

#ifndef LLMC_COMPILER_MEMORYPLAN_LIFETIMES_H
#define LLMC_COMPILER_MEMORYPLAN_LIFETIMES_H

#include "compiler/Support/Packing.h"
#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/DenseMap.h"

namespace llmc {

/// Bytes of a tensor or memref of static shape.
int64_t bytesOf(mlir::ShapedType type);

/// How a launch's result lies in memory: its kernel may give rows a pitch.
mlir::MemRefType getStorage(tile::LaunchOp launch, unsigned result,
                            mlir::SymbolTable &symbols);

/// A tensor within another, `offset` bytes from its start: tokens of it, or
/// columns, whose rows lie as far apart as the other's.
struct TensorPart {
  mlir::Value whole;
  int64_t offset = 0;
};

/// The buffers that a function's launches need for tensors other than its
/// arguments, its results and the variables, and its windows. Time counts
/// launches, and starts and waits of collectives, from 0.
/// A result written in place shares the buffer of its argument, the parts of a
/// joined tensor have that tensor's, and a slice has none of its own.
struct FunctionLifetimes {
  std::vector<Lifetime> buffers;
  /// Buffer number of each such tensor.
  llvm::DenseMap<mlir::Value, unsigned> bufferOf;
  /// What slices are cut from, and what joined parts, columns and ranges of
  /// windows lie in.
  llvm::DenseMap<mlir::Value, TensorPart> parts;

  /// The tensor that `value` is a part of in the end, itself if of none.
  TensorPart rootOf(mlir::Value value) const;
};

FunctionLifetimes computeLifetimes(mlir::func::FuncOp function,
                                   mlir::SymbolTable &symbols);

} // namespace llmc

#endif
