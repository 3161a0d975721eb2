//===- ColumnSegment.h - wide tiles of straight-line code -------*- C++ -*-===//

#ifndef LLMC_COMPILER_TILING_COLUMNSEGMENT_H
#define LLMC_COMPILER_TILING_COLUMNSEGMENT_H

#include "dialects/Tile/Tile.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

namespace llmc::tiling {

/// The tensor type of a value, null for others.
inline mlir::RankedTensorType tensorOf(mlir::Value value) {
  return mlir::dyn_cast<mlir::RankedTensorType>(value.getType());
}

/// The ops of one block between two ops with regions.
class ColumnSegment {
public:
  ColumnSegment(llvm::SmallVector<mlir::Operation *> ops, mlir::Operation *end,
                int64_t part)
      : ops(std::move(ops)), end(end), part(part), b(end->getLoc(), end) {}

  mlir::LogicalResult run();

private:
  bool isWide(mlir::Value value) const {
    mlir::RankedTensorType type = tensorOf(value);
    return type && type.getRank() && type.getShape().back() > part;
  }
  bool isWide(mlir::Operation *op) const {
    auto wide = [&](mlir::Value value) { return isWide(value); };
    return llvm::any_of(op->getOperands(), wide) ||
           llvm::any_of(op->getResults(), wide);
  }
  static bool isStore(mlir::Operation *op) {
    return mlir::isa<tile::StoreOp>(op);
  }

  mlir::LogicalResult findLevels();
  mlir::LogicalResult verify(mlir::Operation *op) const;
  mlir::LogicalResult emitLoop(int64_t level, bool last);
  mlir::FailureOr<mlir::Value> inPart(mlir::Value value);
  mlir::FailureOr<mlir::Operation *> cloneInPart(mlir::Operation *op);
  mlir::FailureOr<mlir::Value> clipView(mlir::Value view, mlir::Value &column,
                                        int64_t width);
  mlir::Value maskBeyond(mlir::Value tile, int64_t width, mlir::Value neutral);
  mlir::Value neutralTile(tile::ReduceKind kind, mlir::RankedTensorType type);
  mlir::Value combine(tile::ReduceKind kind, mlir::Value lhs, mlir::Value rhs);
  mlir::RankedTensorType typeInPart(mlir::Type type) const {
    auto tensor = mlir::cast<mlir::RankedTensorType>(type);
    llvm::SmallVector<int64_t> shape(tensor.getShape());
    if (shape.back() > part)
      shape.back() = part;
    return tensor.clone(shape);
  }

  llvm::SmallVector<mlir::Operation *> ops;
  mlir::Operation *end;
  const int64_t part;
  mlir::ImplicitLocOpBuilder b;

  llvm::DenseMap<mlir::Operation *, int64_t> levels;
  int64_t numLevels = 0; // of reductions
  int64_t width = 0;
  // In the loop that is being built.
  mlir::Value column;
  mlir::IRMapping mapping;
};

} // namespace llmc::tiling

#endif
