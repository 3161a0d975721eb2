//===- KernelBuilder.h - a tile program under construction ----------------===//
//
// Holds the kernel's old body (ops on tensors) beside the new one (a tile
// program on memrefs) and offers what every kind of kernel needs: schedule
// entries, the block's coordinates, views, loads, stores and constants.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_TILING_KERNELBUILDER_H
#define LLMC_COMPILER_TILING_KERNELBUILDER_H

#include "dialects/Tile/Tile.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>

namespace llmc::tiling {

/// A tensor value as rows in memory: element (r, c) of `memref` lies at
/// r * rowStride + columnOffset + c. What model.split takes out of an argument
/// is such a window, too.
struct RowSource {
  mlir::Value memref;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t rowStride = 0;
  int64_t columnOffset = 0;
};

class KernelBuilder {
public:
  /// Creates the new body's block, with one memref argument for each argument
  /// and result of `func`, and puts the insertion point into it.
  explicit KernelBuilder(tile::FuncOp func);

  tile::FuncOp func;
  mlir::ImplicitLocOpBuilder b;

  /// The ops of the group, without the terminator.
  llvm::iterator_range<mlir::Block::iterator> group() {
    return source->without_terminator();
  }
  mlir::ValueRange returned() { return source->getTerminator()->getOperands(); }
  /// The only op of type OpT in the group, or a null op.
  template <typename OpT> OpT only() {
    auto ops = source->getOps<OpT>();
    return llvm::hasSingleElement(ops) ? *ops.begin() : OpT();
  }
  /// An error at the kernel that names it.
  mlir::InFlightDiagnostic error();

  /// Ends the new body, gives the kernel its new signature and drops the old
  /// body.
  void finish();

  //===--- schedule and grid ----------------------------------------------===//

  /// The positive integer `key` of the schedule, or an error.
  mlir::FailureOr<int64_t> schedule(llvm::StringRef key);
  std::optional<int64_t> optionalSchedule(llvm::StringRef key);
  /// This block's coordinates in a space of blocks of the given extents, the
  /// fastest first. The grid has these extents, or any others of the same
  /// product: then the blocks are numbered, the first axis fastest. The
  /// coordinates beyond are an error.
  mlir::FailureOr<llvm::SmallVector<mlir::Value>>
  blockCoordinates(llvm::ArrayRef<int64_t> extents);
  /// The same of the block's ticket: blocks get their coordinates in the order
  /// in which they begin.
  mlir::FailureOr<llvm::SmallVector<mlir::Value>>
  blockCoordinatesInOrder(llvm::ArrayRef<int64_t> extents);
  int64_t numBlocks();

  //===--- memory ---------------------------------------------------------===//

  /// The memref that stands for an argument of the old body; null for others.
  mlir::Value argument(mlir::Value tensor);
  mlir::Value result(unsigned index) { return results[index]; }
  /// The memref of the result that `tensor` is returned as; null if it is not.
  mlir::Value resultOf(mlir::Value tensor);

  /// Where an argument, or a part of one, lies; failure for any other value,
  /// without a diagnostic.
  mlir::FailureOr<RowSource> rowSource(mlir::Value tensor);
  /// The same for a whole memref: rows are all but its last dimension.
  static RowSource rowSource(mlir::Value memref, mlir::MemRefType type);

  /// A view of `memref` with static sizes and strides, the offset counted in
  /// elements.
  mlir::Value view(mlir::Value memref, llvm::ArrayRef<int64_t> sizes,
                   llvm::ArrayRef<int64_t> strides, mlir::OpFoldResult offset);
  /// The rows of a source as a view [rows, columns].
  mlir::Value view(const RowSource &source);
  /// All elements of a memref as one row.
  mlir::Value flatView(mlir::Value memref);

  /// A tile at `indices`; floats narrower than f32 are extended to it.
  mlir::Value load(mlir::Value view, mlir::ValueRange indices,
                   llvm::ArrayRef<int64_t> shape);
  /// The same in the view's own element type: what tile.dot takes.
  mlir::Value loadAsStored(mlir::Value view, mlir::ValueRange indices,
                           llvm::ArrayRef<int64_t> shape);
  /// Rows `rows` of a view, in f32.
  mlir::Value gather(mlir::Value view, mlir::Value rows, mlir::Value column,
                     int64_t columns);
  /// Writes a tile, rounded to the view's element type.
  void store(mlir::Value tile, mlir::Value view, mlir::ValueRange indices);
  /// view += tile at `indices`, or the tile itself as `first` term of the sum.
  /// Returns what is stored then, as f32.
  mlir::Value accumulate(mlir::Value tile, mlir::Value view,
                         mlir::ValueRange indices, bool first);
  /// One f32 element of a memref, converted if it is narrower.
  mlir::Value loadScalar(mlir::Value memref, mlir::ValueRange indices);

  //===--- values ---------------------------------------------------------===//

  /// Names the result of an op for a target's source, and an op's variables.
  static mlir::Value named(mlir::Value value, llvm::StringRef name);
  static void setName(mlir::Operation *op, llvm::StringRef name);
  /// Names the tiles that a loop carries.
  static void nameCarried(mlir::Operation *loop,
                          llvm::ArrayRef<llvm::StringRef> names);
  mlir::RankedTensorType tileType(llvm::ArrayRef<int64_t> shape);
  mlir::Value index(int64_t value);
  /// An f32 tile whose elements are all `value`.
  mlir::Value tile(llvm::ArrayRef<int64_t> shape, double value);
  mlir::Value scalar(double value);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, int64_t rhs);
  /// lhs / rhs and lhs mod rhs of indices that are not negative.
  mlir::Value div(mlir::Value lhs, int64_t rhs);
  mlir::Value rem(mlir::Value lhs, int64_t rhs);
  /// A scalar at every element of an f32 tile.
  mlir::Value splat(mlir::Value scalar, llvm::ArrayRef<int64_t> shape);
  /// Sums (or greatest elements) of the rows of [R, C]: [R].
  mlir::Value reduceRows(mlir::Value tile,
                         tile::ReduceKind kind = tile::ReduceKind::Add);
  mlir::Value reduceAxis(mlir::Value tile, int64_t axis, tile::ReduceKind kind);
  /// [R] repeated in every column of [R, C].
  mlir::Value perRow(mlir::Value vector, int64_t columns);
  /// [C] repeated in every row of [R, C].
  mlir::Value perColumn(mlir::Value vector, int64_t rows);
  /// acc + a b, with `a` converted to the element type of `b`.
  mlir::Value dot(mlir::Value a, mlir::Value b, mlir::Value acc,
                  bool transposeA, bool transposeB);
  /// offset + position along the axis, i32.
  mlir::Value iota(mlir::Value offset, llvm::ArrayRef<int64_t> shape,
                   int64_t axis);

private:
  mlir::LogicalResult checkGrid(llvm::ArrayRef<int64_t> extents);
  /// The coordinates of block `number`, the first axis fastest.
  llvm::SmallVector<mlir::Value> coordinatesOf(mlir::Value number,
                                               llvm::ArrayRef<int64_t> extents);
  mlir::Value convertElements(mlir::Value tile, mlir::Type element);

  mlir::Block *source;
  mlir::Block *program;
  llvm::SmallVector<mlir::Value> results;
};

/// The product of all extents but the last.
int64_t leadingElements(mlir::ShapedType type);
inline int64_t lastExtent(mlir::ShapedType type) {
  return type.getShape().back();
}

} // namespace llmc::tiling

#endif
