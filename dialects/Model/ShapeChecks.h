//===- ShapeChecks.h - what the verifiers of the model dialect share ------===//
//
// Private to the dialect. A dynamic extent is compatible with anything.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_DIALECTS_MODEL_SHAPECHECKS_H
#define LLMC_DIALECTS_MODEL_SHAPECHECKS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

#include <optional>

namespace llmc::model::shapes {

/// The shape of a value whose type is a ranked tensor.
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getShape();
}

/// True unless both extents are known and differ.
inline bool compatible(int64_t lhs, int64_t rhs) {
  return mlir::ShapedType::isDynamic(lhs) || mlir::ShapedType::isDynamic(rhs) ||
         lhs == rhs;
}

/// Checks that `value`, called `name` in the diagnostic, has the given shape.
mlir::LogicalResult verifyShape(mlir::Operation *op, llvm::StringRef name,
                                mlir::Value value,
                                llvm::ArrayRef<int64_t> expected);

/// The element type of a value whose type is a ranked tensor.
inline mlir::Type elementOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
}

/// Checks that `value` has elements of type `expected`.
mlir::LogicalResult verifyElement(mlir::Operation *op, llvm::StringRef name,
                                  mlir::Value value, mlir::Type expected);

/// The same, but f32 is right, too, where `expected` is narrower: for sums that
/// are stored as they were accumulated.
mlir::LogicalResult verifyElementOrF32(mlir::Operation *op,
                                       llvm::StringRef name, mlir::Value value,
                                       mlir::Type expected);

/// Checks that `value` is f32, whatever the precision of the rest.
mlir::LogicalResult verifyF32(mlir::Operation *op, llvm::StringRef name,
                              mlir::Value value);

/// Checks the rank of `value`.
mlir::LogicalResult verifyRank(mlir::Operation *op, llvm::StringRef name,
                               mlir::Value value, int64_t rank);

/// Checks that the attribute `eps` is positive.
mlir::LogicalResult verifyEps(mlir::Operation *op, const llvm::APFloat &eps);

/// Checks that `head_size` is positive, even and divides the channels of the
/// rank 3 tensor `value`.
mlir::LogicalResult verifyHeadSize(mlir::Operation *op, llvm::StringRef name,
                                   mlir::Value value, int64_t headSize);

/// Checks that the `head_size` of a norm, if it has one, is positive and
/// divides the last dimension of `input`.
mlir::LogicalResult verifyNormHeads(mlir::Operation *op, mlir::Value input,
                                    std::optional<int64_t> headSize);

/// Checks query, key and value of the attention family: rank 3, `heads`
/// divides the query's channels, `kv_heads` divides `heads`, key and value are
/// [b, t, kv_heads * head size] of the query's element type, a window is
/// positive.
mlir::LogicalResult verifyAttention(mlir::Operation *op, mlir::Value query,
                                    mlir::Value key, mlir::Value value,
                                    int64_t heads, int64_t kvHeads,
                                    std::optional<int64_t> window);

/// Checks an f32 value per query row and head, [b, heads, t], against `query`.
mlir::LogicalResult verifyRowStatistic(mlir::Operation *op,
                                       llvm::StringRef name, mlir::Value value,
                                       mlir::Value query, int64_t heads);

/// Checks the result of a sum over the rows of `input`: [C], or with `splits`
/// [splits, C], where `splits` is positive and divides the number of rows; its
/// elements are the input's or f32. With `headSize` it is a sum over heads,
/// too, and C their size.
mlir::LogicalResult verifyRowSum(mlir::Operation *op, mlir::Value input,
                                 mlir::Value output,
                                 std::optional<int64_t> splits,
                                 std::optional<int64_t> headSize = {});

} // namespace llmc::model::shapes

#endif
