//===- TileVerifiers.cpp - constraints of the tile dialect's ops ----------===//

#include "dialects/Tile/Tile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace llmc::tile;

static RankedTensorType tileType(Value value) {
  return cast<RankedTensorType>(value.getType());
}

static LogicalResult verifyStatic(Operation *op, RankedTensorType type) {
  if (type.hasStaticShape() && (type.getRank() == 1 || type.getRank() == 2))
    return success();
  return op->emitOpError("a tile has static extents and rank 1 or 2, found ")
         << type;
}

/// Checks what load and store share: the tile covers the trailing dimensions
/// of the view, with one index per dimension.
static LogicalResult verifyAccess(Operation *op, RankedTensorType tile,
                                  MemRefType view, size_t indices) {
  if (failed(verifyStatic(op, tile)))
    return failure();
  if (!view.hasStaticShape())
    return op->emitOpError("a view has static extents, found ") << view;
  if (indices != static_cast<size_t>(view.getRank()))
    return op->emitOpError("has ")
           << indices << " indices, the view has rank " << view.getRank();
  if (tile.getRank() > view.getRank())
    return op->emitOpError("tile rank ")
           << tile.getRank() << " exceeds the view's rank " << view.getRank();
  if (tile.getElementType() != view.getElementType())
    return op->emitOpError("tile elements are ")
           << tile.getElementType() << ", the view's are "
           << view.getElementType();
  return success();
}

LogicalResult TicketOp::verify() {
  if (isa<FuncOp>((*this)->getParentOp()))
    return success();
  return emitOpError("lies in '") << (*this)->getParentOp()->getName()
                                  << "', expected a kernel's own block";
}

LogicalResult InTurnOp::verify() {
  auto turns = static_cast<int64_t>(getTurns());
  auto places = static_cast<int64_t>(getPlaces());
  if (turns < 2 || places < 1)
    return emitOpError("expected at least 2 turns at 1 place, found ")
           << turns << " at " << places;
  auto func = (*this)->getParentOfType<FuncOp>();
  if (!func || func.getBody().getOps<TicketOp>().empty())
    return emitOpError("waits for other blocks in a kernel that takes no "
                       "tile.ticket, so that they may begin later");
  return success();
}

LogicalResult LoadOp::verify() {
  return verifyAccess(*this, tileType(getResult()), getView().getType(),
                      getIndices().size());
}

LogicalResult StoreOp::verify() {
  return verifyAccess(*this, tileType(getValue()), getView().getType(),
                      getIndices().size());
}

LogicalResult GatherOp::verify() {
  RankedTensorType result = tileType(getResult());
  MemRefType view = getView().getType();
  if (result.getRank() != 2 || view.getRank() != 2)
    return emitOpError("gathers rank-2 tiles from a rank-2 view");
  if (result.getDimSize(0) != tileType(getRows()).getDimSize(0))
    return emitOpError("has ")
           << tileType(getRows()).getDimSize(0) << " row numbers for "
           << result.getDimSize(0) << " rows";
  if (result.getElementType() != view.getElementType())
    return emitOpError("tile elements are ")
           << result.getElementType() << ", the view's are "
           << view.getElementType();
  return success();
}

LogicalResult DotOp::verify() {
  RankedTensorType a = tileType(getA()), b = tileType(getB()),
                   acc = tileType(getAcc());
  for (RankedTensorType type : {a, b, acc})
    if (failed(verifyStatic(*this, type)))
      return failure();
  int64_t m = a.getDimSize(getTransposeA() ? 1 : 0);
  int64_t ka = a.getDimSize(getTransposeA() ? 0 : 1);
  int64_t kb = b.getDimSize(getTransposeB() ? 1 : 0);
  int64_t n = b.getDimSize(getTransposeB() ? 0 : 1);
  if (ka != kb)
    return emitOpError("contracts ") << ka << " columns with " << kb << " rows";
  if (acc.getDimSize(0) != m || acc.getDimSize(1) != n)
    return emitOpError("accumulates ")
           << m << "x" << n << " products into " << acc;
  if (a.getElementType() != b.getElementType())
    return emitOpError("operand elements differ: ")
           << a.getElementType() << " and " << b.getElementType();
  return success();
}

LogicalResult ReduceOp::verify() {
  RankedTensorType input = tileType(getInput()), result = tileType(getResult());
  if (failed(verifyStatic(*this, input)))
    return failure();
  int64_t axis = getAxis();
  if (axis < 0 || axis >= input.getRank())
    return emitOpError("axis ")
           << axis << " is outside of rank " << input.getRank();
  int64_t expected = input.getRank() == 1 ? 1 : input.getDimSize(1 - axis);
  if (result.getRank() != 1 || result.getDimSize(0) != expected ||
      result.getElementType() != input.getElementType())
    return emitOpError("reducing ")
           << input << " along axis " << axis << " gives " << expected
           << " elements, found " << result;
  return success();
}

LogicalResult ItemOp::verify() {
  RankedTensorType input = tileType(getInput());
  if (input.getShape() != ArrayRef<int64_t>(1) ||
      input.getElementType() != getResult().getType())
    return emitOpError("of ")
           << input << " cannot give " << getResult().getType();
  return success();
}

LogicalResult BroadcastOp::verify() {
  RankedTensorType input = tileType(getInput()), result = tileType(getResult());
  int64_t axis = getAxis();
  if (axis != 0 && axis != 1)
    return emitOpError("axis ") << axis << " is not 0 or 1";
  if (result.getRank() != 2 || failed(verifyStatic(*this, result)))
    return emitOpError("gives a rank-2 tile, found ") << result;
  if (result.getDimSize(1 - axis) != input.getDimSize(0) ||
      result.getElementType() != input.getElementType())
    return emitOpError("repeating ")
           << input << " along new axis " << axis << " cannot give " << result;
  return success();
}

LogicalResult IotaOp::verify() {
  RankedTensorType result = tileType(getResult());
  if (failed(verifyStatic(*this, result)))
    return failure();
  if (static_cast<int32_t>(getAxis()) < 0 || getAxis() >= result.getRank())
    return emitOpError("axis ")
           << getAxis() << " is outside of rank " << result.getRank();
  if (!result.getElementType().isInteger(32))
    return emitOpError("counts in i32, found ") << result.getElementType();
  return success();
}

LogicalResult RepeatColumnsOp::verify() {
  RankedTensorType input = tileType(getInput()), result = tileType(getResult());
  if (result.getRank() != 2 || result.getDimSize(0) != input.getDimSize(0) ||
      result.getElementType() != input.getElementType() ||
      result.getDimSize(1) % input.getDimSize(1) != 0)
    return emitOpError("cannot repeat the columns of ")
           << input << " to " << result;
  return success();
}

LogicalResult SwapHalvesOp::verify() {
  int64_t group = getGroup(), columns = tileType(getInput()).getDimSize(1);
  if (group <= 0 || group % 2 != 0 || columns % group != 0)
    return emitOpError("group ") << group << " is not even or does not divide "
                                 << columns << " columns";
  return success();
}
