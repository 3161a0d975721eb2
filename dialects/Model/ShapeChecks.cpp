//===- ShapeChecks.cpp - what the verifiers of the model dialect share ----===//

#include "dialects/Model/ShapeChecks.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"

#include <string>

using namespace mlir;
using namespace llmc::model;
using llmc::model::shapes::compatible;
using llmc::model::shapes::shapeOf;

/// `2x?x8`; a scalar's shape is `scalar`.
static std::string formatShape(ArrayRef<int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (int64_t extent : shape) {
    if (!text.empty())
      text += 'x';
    text += ShapedType::isDynamic(extent) ? "?" : std::to_string(extent);
  }
  return text;
}

LogicalResult shapes::verifyShape(Operation *op, StringRef name, Value value,
                                  ArrayRef<int64_t> expected) {
  ArrayRef<int64_t> found = shapeOf(value);
  if (found.size() == expected.size() &&
      llvm::all_of(llvm::zip_equal(found, expected), [](auto pair) {
        return compatible(std::get<0>(pair), std::get<1>(pair));
      }))
    return success();
  return op->emitOpError("expected ")
         << name << " of shape " << formatShape(expected) << ", found "
         << value.getType();
}

LogicalResult shapes::verifyElement(Operation *op, StringRef name, Value value,
                                    Type expected) {
  if (elementOf(value) == expected)
    return success();
  return op->emitOpError("expected ") << name << " with elements " << expected
                                      << ", found " << value.getType();
}

LogicalResult shapes::verifyElementOrF32(Operation *op, StringRef name,
                                         Value value, Type expected) {
  if (expected.getIntOrFloatBitWidth() >= 32)
    return verifyElement(op, name, value, expected);
  if (elementOf(value) == expected || elementOf(value).isF32())
    return success();
  return op->emitOpError("expected ") << name << " with elements " << expected
                                      << " or f32, found " << value.getType();
}

LogicalResult shapes::verifyF32(Operation *op, StringRef name, Value value) {
  return verifyElement(op, name, value, Float32Type::get(op->getContext()));
}

LogicalResult shapes::verifyRank(Operation *op, StringRef name, Value value,
                                 int64_t rank) {
  if (static_cast<int64_t>(shapeOf(value).size()) == rank)
    return success();
  return op->emitOpError("expected ")
         << name << " of rank " << rank << ", found " << value.getType();
}

LogicalResult shapes::verifyEps(Operation *op, const llvm::APFloat &eps) {
  if (eps.isFinite() && !eps.isNegative() && !eps.isZero())
    return success();
  return op->emitOpError("expected a positive eps, found ")
         << eps.convertToDouble();
}

LogicalResult shapes::verifyHeadSize(Operation *op, StringRef name, Value value,
                                     int64_t headSize) {
  if (failed(verifyRank(op, name, value, 3)))
    return failure();
  if (headSize < 1 || headSize % 2 != 0)
    return op->emitOpError("expected a positive, even head_size, found ")
           << headSize;
  int64_t channels = shapeOf(value)[2];
  if (!ShapedType::isDynamic(channels) && channels % headSize != 0)
    return op->emitOpError("head_size ")
           << headSize << " does not divide the last dimension of the " << name
           << ' ' << value.getType();
  return success();
}

LogicalResult shapes::verifyNormHeads(Operation *op, Value input,
                                      std::optional<int64_t> headSize) {
  if (!headSize)
    return success();
  if (*headSize < 1)
    return op->emitOpError("expected a positive head_size, found ")
           << *headSize;
  ArrayRef<int64_t> shape = shapeOf(input);
  if (shape.empty() ||
      (!ShapedType::isDynamic(shape.back()) && shape.back() % *headSize != 0))
    return op->emitOpError("head_size ")
           << *headSize << " does not divide the last dimension of the input "
           << input.getType();
  return success();
}

LogicalResult shapes::verifyAttention(Operation *op, Value query, Value key,
                                      Value value, int64_t heads,
                                      int64_t kvHeads,
                                      std::optional<int64_t> window) {
  if (failed(verifyRank(op, "query", query, 3)))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(query);
  int64_t channels = shape[2];
  if (heads < 1 || (!ShapedType::isDynamic(channels) && channels % heads != 0))
    return op->emitOpError("heads ")
           << heads << " does not divide the last dimension of the query "
           << query.getType();
  if (kvHeads < 1 || heads % kvHeads != 0)
    return op->emitOpError("kv_heads ")
           << kvHeads << " does not divide heads " << heads;
  int64_t kvChannels = ShapedType::isDynamic(channels)
                           ? ShapedType::kDynamic
                           : channels / heads * kvHeads;
  int64_t expected[] = {shape[0], shape[1], kvChannels};
  if (failed(verifyShape(op, "key", key, expected)) ||
      failed(verifyShape(op, "value", value, expected)) ||
      failed(verifyElement(op, "key", key, elementOf(query))) ||
      failed(verifyElement(op, "value", value, elementOf(query))))
    return failure();
  if (window && *window < 1)
    return op->emitOpError("expected a positive window, found ") << *window;
  return success();
}

LogicalResult shapes::verifyRowStatistic(Operation *op, StringRef name,
                                         Value value, Value query,
                                         int64_t heads) {
  ArrayRef<int64_t> shape = shapeOf(query);
  if (failed(verifyShape(op, name, value, {shape[0], heads, shape[1]})))
    return failure();
  return verifyF32(op, name, value);
}

LogicalResult shapes::verifyRowSum(Operation *op, Value input, Value output,
                                   std::optional<int64_t> splits,
                                   std::optional<int64_t> headSize) {
  ArrayRef<int64_t> shape = shapeOf(input);
  if (shape.empty())
    return op->emitOpError("expected an input of at least rank 1, found ")
           << input.getType();
  int64_t columns = headSize.value_or(shape.back());
  if (!splits) {
    if (failed(verifyShape(op, "output", output, {columns})))
      return failure();
    return verifyElementOrF32(op, "output", output, elementOf(input));
  }
  int64_t rows = 1;
  for (int64_t extent : shape.drop_back())
    rows = ShapedType::isDynamic(extent) || ShapedType::isDynamic(rows)
               ? ShapedType::kDynamic
               : rows * extent;
  if (*splits < 1 || (!ShapedType::isDynamic(rows) && rows % *splits != 0))
    return op->emitOpError("splits ")
           << *splits << " does not divide the rows of the input "
           << input.getType();
  if (failed(verifyShape(op, "output", output, {*splits, columns})))
    return failure();
  return verifyElementOrF32(op, "output", output, elementOf(input));
}
