//===- Evaluator.h - one vector of a tile value, on demand ------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CPU_EVALUATOR_H
#define LLMC_COMPILER_TARGET_CPU_EVALUATOR_H

#include "compiler/Target/CPU/Access.h"
#include "compiler/Target/CPU/Buffers.h"
#include "compiler/Target/CPU/Machine.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <map>
#include <tuple>

namespace llmc::cpu {

/// Elements [column, column + lanes) of a row. `row` is null for rank-1 tiles.
/// With one lane the element is a scalar, not a vector.
struct Place {
  mlir::Value row, column;
  int64_t lanes;
};

/// Emits the code of tile values at a place. Remembers what it has emitted, so
/// that shared subexpressions run once per place; scopes say how far that
/// memory is valid.
class Evaluator {
public:
  Evaluator(mlir::ImplicitLocOpBuilder &builder, Machine machine)
      : b(builder), machine(machine) {}

  /// From the tile program's scalars and views to those of the function.
  mlir::IRMapping mapping;
  /// Tiles that lie in memory.
  llvm::DenseMap<mlir::Value, Buffer> buffers;
  /// Whether accesses that may reach beyond their views are masked. Loops that
  /// have found their accesses inside switch it off.
  bool checked = true;

  mlir::Value evaluate(mlir::Value tile, const Place &place);
  /// tile.store of what was evaluated at `place`.
  void store(mlir::Operation *op, mlir::Value value, const Place &place);
  void storeToBuffer(const Buffer &buffer, mlir::Value value,
                     const Place &place);
  mlir::Value loadFromBuffer(const Buffer &buffer, mlir::Type element,
                             const Place &place);
  /// An i1: all ranges that `Either` lie inside. Null if nothing is in doubt.
  mlir::Value insideCondition(llvm::ArrayRef<AccessRange> ranges);

  /// Opens and closes what is remembered within a loop body. `row`: values
  /// that depend on this row alone belong to this scope.
  void pushScope(mlir::Value row = {});
  void popScope() { scopes.pop_back(); }
  /// Code of the row's scope goes before this op, the first column loop.
  void setRowAnchor(mlir::Operation *loop);

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value add(mlir::Value lhs, int64_t rhs) { return add(lhs, index(rhs)); }
  mlir::Value splat(mlir::Value scalar, int64_t lanes);
  static mlir::Type typeAt(mlir::Type element, int64_t lanes);

private:
  using Key = std::tuple<void *, void *, void *, int64_t>;
  struct Scope {
    std::map<Key, mlir::Value> memory;
    mlir::Value row;
    mlir::Operation *anchor = nullptr;
  };

  mlir::Value emit(mlir::Operation *op, const Place &place);
  mlir::Value emitElementwise(mlir::Operation *op, const Place &place);
  mlir::Value emitConstant(mlir::Operation *op, const Place &place);
  mlir::Value emitLoad(mlir::Operation *op, const Place &place);
  mlir::Value emitGather(mlir::Operation *op, const Place &place);
  mlir::Value emitIota(mlir::Operation *op, const Place &place);
  mlir::Value emitSwapHalves(mlir::Operation *op, const Place &place);
  mlir::Value emitRepeatColumns(mlir::Operation *op, const Place &place);
  /// Evaluates each lane by itself, lane i at column(i).
  mlir::Value laneByLane(mlir::Value tile, const Place &place,
                         llvm::function_ref<mlir::Value(mlir::Value)> partner);
  /// The element of a rank-1 tile that belongs to a row, computed once a row.
  mlir::Value evaluateAtRow(mlir::Value tile, mlir::Value row);

  /// Reads `lanes` elements; `masked` zeroes those beyond the view.
  mlir::Value read(mlir::Value view, llvm::SmallVector<mlir::Value> indices,
                   llvm::ArrayRef<AccessRange> ranges, int64_t lanes);
  llvm::SmallVector<mlir::Value> placeIn(mlir::Operation *op,
                                         const Place &place);
  mlir::Value mask(llvm::ArrayRef<mlir::Value> indices,
                   llvm::ArrayRef<AccessRange> ranges, int64_t lanes);

  mlir::ImplicitLocOpBuilder &b;
  Machine machine;
  llvm::SmallVector<Scope> scopes;
};

} // namespace llmc::cpu

#endif // LLMC_COMPILER_TARGET_CPU_EVALUATOR_H
