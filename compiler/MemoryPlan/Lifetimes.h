//===- Lifetimes.h - from when to when a function's tensors live ----------===//

#ifndef LLMC_COMPILER_MEMORYPLAN_LIFETIMES_H
#define LLMC_COMPILER_MEMORYPLAN_LIFETIMES_H

#include "compiler/MemoryPlan/Packing.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/DenseMap.h"

namespace llmc {

/// Bytes of a tensor or memref of static shape.
int64_t bytesOf(mlir::ShapedType type);

/// The buffers that a function's launches need for tensors other than its
/// arguments, its results and the variables. Time counts launches from 0.
/// A result written in place shares the buffer of its argument.
struct FunctionLifetimes {
  std::vector<Lifetime> buffers;
  /// Buffer number of each such tensor.
  llvm::DenseMap<mlir::Value, unsigned> bufferOf;
};

FunctionLifetimes computeLifetimes(mlir::func::FuncOp function,
                                   mlir::SymbolTable &symbols);

} // namespace llmc

#endif
