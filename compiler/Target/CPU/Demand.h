//===- Demand.h - who needs which tile values, and where --------*- C++ -*-===//
//
// A tile value is `lazy` when it is evaluated one vector at a time inside the
// loops of the ops that need all of its elements: its `roots`.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_TARGET_CPU_DEMAND_H
#define LLMC_COMPILER_TARGET_CPU_DEMAND_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace llmc::cpu {

bool isTile(mlir::Type type);

/// Loads, elementwise ops, broadcasts and the like: nothing but one tile.
bool isLazy(mlir::Operation *op);

/// Whether the lazy `value` should get a buffer where it is defined: it would
/// be evaluated again and again, and that costs more than memory does.
bool deservesBuffer(mlir::Operation *op);

/// Calls `visit` for each lazy op that evaluating `value` runs. Values for
/// which `stop` is true are in memory already.
void forEachDemanded(mlir::Value value,
                     llvm::function_ref<bool(mlir::Value)> stop,
                     llvm::function_ref<void(mlir::Operation *)> visit);

/// Whether evaluating `value` at (r, c) reads `source` at (r, c) only.
bool readsSamePlaceOnly(mlir::Value value, mlir::Value source);

/// Calls `visit` for each root of the lazy `value`.
void forEachRoot(mlir::Value value,
                 llvm::function_ref<void(mlir::OpOperand &)> visit);

} // namespace llmc::cpu

#endif // LLMC_COMPILER_TARGET_CPU_DEMAND_H
