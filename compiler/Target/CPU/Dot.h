//===- Dot.h - matrix products ----------------------------------*- C++ -*-===//
//
//   acc[M, N] += a[M, K] b[K, N], acc in a buffer
//
// A panel of NR columns of B is packed, [K][NR], and multiplied with all rows
// of A before the next one, so that it is read from the first caches. Rows of B
// are packed while the first panel of A is multiplied with them. A stays
// where it is when its K runs along its rows, since the micro-kernel takes
// single elements of it: in its buffer, or in the kernel's argument where whole
// panels of MR rows can be read there. A transposed A is packed, [M /
// MR][K][MR].
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_TARGET_CPU_DOT_H
#define LLMC_COMPILER_TARGET_CPU_DOT_H

#include "compiler/Target/CPU/LoopNest.h"

namespace llmc::cpu {

/// A as the micro-kernel reads it: element (i, k) of row panel p lies at
/// [row + p MR + i, column + k], or in panels at [p stride + k MR + i].
struct OperandA {
  mlir::Value memref;
  mlir::Value row, column;
  int64_t panelStride = 0; // 0: rows
};

/// Where the part of B lies that is packed next, and how much of it is fetched
/// beside each row panel of A. No view: it is not known, or not worth it.
struct UpcomingB {
  mlir::Value view;
  mlir::Value row, column;
  int64_t rowsEach = 0, vectors = 0;
};

/// A panel of B and the columns of `acc` that it is for.
struct PanelProduct {
  OperandA a;
  mlir::Value packedB; // [depth][width]
  int64_t width;
  Buffer acc;
  mlir::Value column;
  UpcomingB upcoming;
};

/// What is accessed at the places of the sums when they are complete.
struct Touched {
  mlir::Value view; // [rows, columns]
  mlir::Value row, column;

  bool operator==(const Touched &other) const {
    return view == other.view && row == other.row && column == other.column;
  }
};

class DotEmitter {
public:
  DotEmitter(mlir::ImplicitLocOpBuilder &builder, Machine machine,
             Evaluator &evaluator, Buffers &buffers, LoopNest &nest)
      : b(builder), machine(machine), evaluator(evaluator), buffers(buffers),
        nest(nest) {}

  /// Adds the product of `op` to what `acc` holds. In the last turn of the loop
  /// around it, what is `touched` afterwards is fetched.
  void emit(tile::DotOp op, const Buffer &acc, llvm::ArrayRef<Touched> touched);

private:
  /// Multiplies with each of A's places that the block may have.
  void withOperandA(tile::DotOp op, llvm::function_ref<void(OperandA)> body);
  OperandA packA(mlir::Value tile);
  OperandA materialiseA(mlir::Value tile);

  /// Emits `body` for B's panel number `panel` of `width` columns, once for
  /// each way in which it may lie in B; it gets the number of columns.
  void withPanelOfB(tile::DotOp op, mlir::Value panel, int64_t width,
                    llvm::function_ref<void(int64_t)> body);
  /// Row `k` of the panel that begins at `column`, into [depth][width].
  void packRowOfB(mlir::Value tile, mlir::Value packed, mlir::Value column,
                  mlir::Value k, int64_t width, int64_t columnsLeft);
  /// The panel of a transposed B that begins at `row`.
  void packColumnsOfB(mlir::Value tile, mlir::Value packed, mlir::Value row,
                      int64_t width, int64_t rowsLeft);
  /// One vector of the stored tile at (row, column), zero beyond its extents.
  mlir::Value evaluatePadded(mlir::Value tile, mlir::Value row,
                             mlir::Value column, int64_t columnsLeft);
  /// Panels of `operand` that hold anything: fewer than all at an edge.
  mlir::Value panelCount(mlir::Value operand, int64_t dimension, int64_t panel);

  /// What of B is packed after `panel`, the next panel or the first one of the
  /// next step along K.
  UpcomingB findUpcoming(tile::DotOp op, mlir::Value panel,
                         mlir::Value columnPanels, int64_t width);
  /// A part of it, beside row panel number `rowPanel`.
  void prefetch(const UpcomingB &upcoming, mlir::Value rowPanel);
  /// What is accessed later at the places of these sums.
  void prefetchTouched(mlir::Value row, mlir::Value column, int64_t width);

  /// All rows of A times panel number `panel` of B, which is packed first.
  void multiplyPanel(tile::DotOp op, const PanelProduct &product,
                     mlir::Value panel, int64_t depth, mlir::Value rowPanels);
  /// Row panel number `rowPanel` of A times the packed panel of B, whose row k
  /// `pack` makes just before it is needed, unless that has been done.
  void multiplyRowPanel(const PanelProduct &product, mlir::Value rowPanel,
                        int64_t depth,
                        llvm::function_ref<void(mlir::Value k)> pack);
  mlir::Value multiplyAdd(mlir::Value lhs, mlir::Value rhs, mlir::Value acc);
  mlir::Value loadVector(mlir::Value memref, mlir::ValueRange indices);
  mlir::Value scaled(mlir::Value value, int64_t factor);

  mlir::ImplicitLocOpBuilder &b;
  Machine machine;
  Evaluator &evaluator;
  Buffers &buffers;
  LoopNest &nest;
  llvm::ArrayRef<Touched> touched;
  mlir::Value isLastTurn; // where anything is touched
};

/// Transposes a square of vectors: result[i][j] = rows[j][i].
llvm::SmallVector<mlir::Value>
transposeSquare(mlir::ImplicitLocOpBuilder &b,
                llvm::ArrayRef<mlir::Value> rows);

} // namespace llmc::cpu

#endif // LLMC_COMPILER_TARGET_CPU_DOT_H
