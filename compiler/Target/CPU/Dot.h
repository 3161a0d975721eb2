//===- Dot.h - matrix products ----------------------------------*- C++ -*-===//
//
//   acc[M, N] += a[M, K] b[K, N], acc in a buffer
//
// B is packed into panels of panelColumns() columns, [N / NR][K][NR], which
// the micro-kernel reads one row after the other. A stays row-major when its K
// runs along its rows, since the micro-kernel takes single elements of it; a
// transposed A is packed into panels of panelRows() rows, [M / MR][K][MR].
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_TARGET_CPU_DOT_H
#define LLMC_COMPILER_TARGET_CPU_DOT_H

#include "compiler/Target/CPU/LoopNest.h"

namespace llmc::cpu {

/// A as the micro-kernel reads it.
struct OperandA {
  mlir::Value memref;
  bool panels; // rank 1, [M / MR][K][MR]; else rank 2, row-major
};

class DotEmitter {
public:
  DotEmitter(mlir::ImplicitLocOpBuilder &builder, Machine machine,
             Evaluator &evaluator, Buffers &buffers, LoopNest &nest)
      : b(builder), machine(machine), evaluator(evaluator), buffers(buffers),
        nest(nest) {}

  /// Adds the product of `op` to what `acc` holds.
  void emit(tile::DotOp op, const Buffer &acc);

private:
  OperandA packA(tile::DotOp op);
  mlir::Value packB(tile::DotOp op);
  void packRowsOfB(mlir::Value tile, mlir::Value packed);
  void packColumnsOfB(mlir::Value tile, mlir::Value packed);
  /// One vector of the stored tile at (row, column), zero beyond its extents.
  mlir::Value evaluatePadded(mlir::Value tile, mlir::Value row,
                             mlir::Value column, int64_t columnsLeft);
  void storePacked(mlir::Value vector, mlir::Value packed, mlir::Value panel,
                   mlir::Value k, int64_t depth, int64_t offset);
  /// Panels of `operand` that hold anything: fewer than all at an edge.
  mlir::Value panelCount(mlir::Value operand, int64_t dimension, int64_t panel);

  /// `depth` is K, `packedDepth` the rows of a panel of B.
  void microKernel(const OperandA &a, mlir::Value packedB, const Buffer &acc,
                   int64_t depth, int64_t packedDepth, mlir::Value rowPanels,
                   mlir::Value columnPanels);
  mlir::Value multiplyAdd(mlir::Value lhs, mlir::Value rhs, mlir::Value acc);
  mlir::Value loadVector(mlir::Value memref, mlir::ValueRange indices);

  mlir::ImplicitLocOpBuilder &b;
  Machine machine;
  Evaluator &evaluator;
  Buffers &buffers;
  LoopNest &nest;
};

/// Transposes a square of vectors: result[i][j] = rows[j][i].
llvm::SmallVector<mlir::Value>
transposeSquare(mlir::ImplicitLocOpBuilder &b,
                llvm::ArrayRef<mlir::Value> rows);

} // namespace llmc::cpu

#endif // LLMC_COMPILER_TARGET_CPU_DOT_H
