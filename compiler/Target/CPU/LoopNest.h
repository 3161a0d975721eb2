//===- LoopNest.h - loops over the elements of tiles ------------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CPU_LOOPNEST_H
#define LLMC_COMPILER_TARGET_CPU_LOOPNEST_H

#include "compiler/Target/CPU/Evaluator.h"

#include "dialects/Tile/Tile.h"

namespace llmc::cpu {

/// What needs all elements of a tile value.
struct Root {
  enum Kind { Store, Materialise, ReduceRow, ReduceColumn } kind;
  mlir::Value value;
  /// The tile.store, or the tile.reduce.
  mlir::Operation *op = nullptr;
  /// Where Materialise and the reductions put their result.
  Buffer buffer = {};

  mlir::RankedTensorType type() const {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }
};

/// A scf.for; the body gets the induction variable and the carried values and
/// returns the next ones.
mlir::SmallVector<mlir::Value>
createLoop(Evaluator &evaluator, mlir::ImplicitLocOpBuilder &b,
           mlir::Value lower, mlir::Value upper, int64_t step,
           mlir::ValueRange carried,
           llvm::function_ref<mlir::SmallVector<mlir::Value>(mlir::Value,
                                                             mlir::ValueRange)>
               body);

/// Combines two values of one reduction.
mlir::Value combine(mlir::ImplicitLocOpBuilder &b, tile::ReduceKind kind,
                    mlir::Value lhs, mlir::Value rhs);
mlir::TypedAttr identityOf(mlir::OpBuilder &b, tile::ReduceKind kind,
                           mlir::Type type);

class LoopNest {
public:
  LoopNest(mlir::ImplicitLocOpBuilder &builder, Machine machine,
           Evaluator &evaluator)
      : b(builder), machine(machine), evaluator(evaluator) {}

  /// Emits one loop nest for roots of one shape. All values at a place are
  /// evaluated before any of them is stored.
  void emit(llvm::ArrayRef<Root> roots);

  /// Emits `body` for blocks whose accesses on behalf of `values` are inside
  /// of their views, and again, masked, for the others.
  void versioned(llvm::ArrayRef<AccessRange> ranges,
                 llvm::function_ref<void()> body);
  /// The ranges of all loads that evaluating `value` runs.
  void collectRanges(mlir::Value value,
                     llvm::SmallVectorImpl<AccessRange> &ranges);

private:
  void emitRows(llvm::ArrayRef<Root> roots);
  void emitRow(llvm::ArrayRef<Root> roots, mlir::Value row);
  /// Evaluates and stores at one place; `accumulators`, one per ReduceRow root,
  /// are replaced.
  void emitPlace(llvm::ArrayRef<Root> roots, const Place &place,
                 llvm::MutableArrayRef<mlir::Value> accumulators);
  mlir::Value horizontal(tile::ReduceKind kind, mlir::Value vector);
  /// The number of rows or columns that a store can write, when masked.
  mlir::Value storeBound(llvm::ArrayRef<Root> roots, int64_t dimension);

  mlir::ImplicitLocOpBuilder &b;
  Machine machine;
  Evaluator &evaluator;
};

} // namespace llmc::cpu

#endif // LLMC_COMPILER_TARGET_CPU_LOOPNEST_H
