//===- ColumnSegment.cpp - wide tiles of straight-line code ---------------===//
//
// Before:  %x = load [R, W];  %s = reduce add (f %x) axis 1
//          store (g %x %s)
// After:   %a = scf.for c { %x = load [R, B] at c;  yield %a + f %x }
//          %s = reduce add %a axis 1
//          scf.for c { %x = load [R, B] at c;  store (g %x %s) }
//
// A level is a pass over the columns: what needs a reduction of level n is of
// level n + 1. Whatever a loop needs of the columns is loaded and computed in
// it again; only [R] values and the wide accumulators outlive one. All stores
// of columns are in the last loop, as a result may share storage with what
// the loops before it read.
//
// The last part reaches over the edge. Loads give 0 there and stores are
// dropped, and reductions take a neutral element instead of what was computed.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/ColumnSegment.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

/// Level of an op: how many passes over the columns come before it.
LogicalResult ColumnSegment::findLevels() {
  for (Operation *op : ops) {
    if (isWide(op) && failed(verify(op)))
      return failure();
    int64_t level = 0;
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      auto known = levels.find(producer);
      if (known == levels.end())
        continue;
      bool reduced =
          isa<tile::ReduceOp>(producer) && isWide(producer) && !isWide(operand);
      level = std::max(level, known->second + reduced);
    }
    levels[op] = level;
    if (!isWide(op))
      continue;
    for (Value value : llvm::concat<Value>(op->getOperands(), op->getResults()))
      if (isWide(value))
        width = std::max(width, tensorOf(value).getShape().back());
    if (auto reduce = dyn_cast<tile::ReduceOp>(op))
      if (!isWide(reduce.getResult()))
        numLevels = std::max(numLevels, level + 1);
  }
  return success();
}

/// Whether an op on wide tiles can be computed in parts.
LogicalResult ColumnSegment::verify(Operation *op) const {
  for (Value value : llvm::concat<Value>(op->getOperands(), op->getResults())) {
    RankedTensorType type = tensorOf(value);
    if (type && type.getRank() == 2 && type.getDimSize(0) > part)
      return op->emitOpError("has ")
             << type.getDimSize(0) << " rows, more than the " << part
             << " columns of a part: rows and columns cannot be told apart";
  }
  if (auto reduce = dyn_cast<tile::ReduceOp>(op);
      reduce && tensorOf(reduce.getInput()).getRank() == 1)
    return op->emitOpError("cannot be computed in parts of ")
           << part << " columns";
  int64_t group = 1;
  if (auto repeat = dyn_cast<tile::RepeatColumnsOp>(op))
    group = tensorOf(repeat.getInput()).getDimSize(1);
  if (auto swap = dyn_cast<tile::SwapHalvesOp>(op))
    group = swap.getGroup();
  if (part % group)
    return op->emitOpError("works on groups of ")
           << group << " columns, which parts of " << part
           << " columns would cut";
  bool known =
      isa<tile::LoadOp, tile::StoreOp, tile::GatherOp, tile::ReduceOp,
          tile::BroadcastOp, tile::SplatOp, tile::IotaOp, tile::RepeatColumnsOp,
          tile::SwapHalvesOp, arith::ConstantOp>(op) ||
      op->hasTrait<OpTrait::Elementwise>();
  if (!known)
    return op->emitOpError("cannot be computed in parts of ")
           << part << " columns";
  return success();
}

/// The view of which columns [column, column + width) are used, so that what
/// lies beyond them is the edge. `column` then counts from there.
FailureOr<Value> ColumnSegment::clipView(Value view, Value &column,
                                         int64_t width) {
  auto type = cast<MemRefType>(view.getType());
  std::optional<int64_t> first = getConstantIntValue(column);
  // Parts that end at the edge reach over none.
  if (width % part == 0 || (first && *first + width >= type.getShape().back()))
    return view;
  auto cast = view.getDefiningOp<memref::ReinterpretCastOp>();
  if (!first || !cast || !cast.getOffsets().empty() || type.getRank() != 2)
    return emitError(view.getLoc()) << "expected a view of " << width
                                    << " columns, found " << view.getType();
  auto [strides, offset] = type.getStridesAndOffset();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointAfter(cast);
  int64_t moved = offset + *first * strides.back();
  SmallVector<int64_t> sizes = {type.getDimSize(0), width};
  auto layout = StridedLayoutAttr::get(b.getContext(), moved, strides);
  Value clipped = memref::ReinterpretCastOp::create(
      b, MemRefType::get(sizes, type.getElementType(), layout),
      cast.getSource(), b.getIndexAttr(moved),
      getAsIndexOpFoldResult(b.getContext(), sizes),
      getAsIndexOpFoldResult(b.getContext(), strides));
  column = arith::ConstantIndexOp::create(b, 0);
  return clipped;
}

/// The part of an op's work that belongs to the current columns.
FailureOr<Operation *> ColumnSegment::cloneInPart(Operation *op) {
  b.setLoc(op->getLoc());
  auto moveColumn = [&](Value &view, Value &start,
                        int64_t width) -> LogicalResult {
    FailureOr<Value> clipped = clipView(view, start, width);
    if (failed(clipped))
      return failure();
    view = *clipped;
    start = b.createOrFold<arith::AddIOp>(start, column);
    return success();
  };
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto splat = dyn_cast<SplatElementsAttr>(constant.getValue());
    if (!splat)
      return op->emitOpError("is no constant of one value");
    return arith::ConstantOp::create(
               b, splat.resizeSplat(typeInPart(constant.getType())))
        .getOperation();
  }
  for (Value operand : op->getOperands())
    if (failed(inPart(operand)))
      return failure();
  b.setLoc(op->getLoc());
  if (auto load = dyn_cast<tile::LoadOp>(op)) {
    SmallVector<Value> indices(load.getIndices());
    Value view = load.getView();
    if (failed(moveColumn(view, indices.back(),
                          tensorOf(load.getResult()).getShape().back())))
      return failure();
    return tile::LoadOp::create(b, typeInPart(load.getType()), view, indices)
        .getOperation();
  }
  if (auto store = dyn_cast<tile::StoreOp>(op)) {
    SmallVector<Value> indices(store.getIndices());
    Value view = store.getView();
    if (failed(moveColumn(view, indices.back(),
                          tensorOf(store.getValue()).getShape().back())))
      return failure();
    return tile::StoreOp::create(b, mapping.lookup(store.getValue()), view,
                                 indices)
        .getOperation();
  }
  if (auto gather = dyn_cast<tile::GatherOp>(op)) {
    Value view = gather.getView(), start = gather.getColumn();
    if (failed(moveColumn(view, start, tensorOf(gather).getDimSize(1))))
      return failure();
    return tile::GatherOp::create(b, typeInPart(gather.getType()), view,
                                  gather.getRows(), start)
        .getOperation();
  }
  Operation *copy = b.clone(*op, mapping);
  for (OpResult result : copy->getResults())
    result.setType(typeInPart(result.getType()));
  if (auto iota = dyn_cast<tile::IotaOp>(copy))
    if (tensorOf(iota).getRank() == 1 || iota.getAxis() == 1) {
      b.setInsertionPoint(copy);
      iota.getOffsetMutable().assign(
          b.createOrFold<arith::AddIOp>(iota.getOffset(), column));
      b.setInsertionPointAfter(copy);
    }
  return copy;
}

/// A value as the current loop sees it: wide tiles by their part.
FailureOr<Value> ColumnSegment::inPart(Value value) {
  if (!isWide(value))
    return value;
  if (Value known = mapping.lookupOrNull(value))
    return known;
  Operation *producer = value.getDefiningOp();
  // Of what lies outside of the segment, only constants can be had again.
  if (!producer || (!levels.contains(producer) &&
                    !producer->hasTrait<OpTrait::ConstantLike>()))
    return emitError(value.getLoc())
           << "a tile of type " << value.getType()
           << " is carried into a loop, which parts of " << part
           << " columns cannot be";
  FailureOr<Operation *> copy = cloneInPart(producer);
  if (failed(copy))
    return failure();
  mapping.map(producer->getResults(), (*copy)->getResults());
  return mapping.lookup(value);
}

Value ColumnSegment::neutralTile(tile::ReduceKind kind, RankedTensorType type) {
  auto element = dyn_cast<FloatType>(type.getElementType());
  bool max = kind == tile::ReduceKind::Max;
  if (element) {
    const llvm::fltSemantics &semantics = element.getFloatSemantics();
    APFloat value = max ? APFloat::getInf(semantics, /*Negative=*/true)
                        : APFloat::getZero(semantics);
    return arith::ConstantOp::create(b, DenseElementsAttr::get(type, value));
  }
  unsigned bits = type.getElementTypeBitWidth();
  APInt value = max ? APInt::getSignedMinValue(bits) : APInt::getZero(bits);
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, value));
}

Value ColumnSegment::combine(tile::ReduceKind kind, Value lhs, Value rhs) {
  bool floats = isa<FloatType>(tensorOf(lhs).getElementType());
  if (kind == tile::ReduceKind::Max)
    return floats ? arith::MaximumFOp::create(b, lhs, rhs).getResult()
                  : arith::MaxSIOp::create(b, lhs, rhs).getResult();
  return floats ? arith::AddFOp::create(b, lhs, rhs).getResult()
                : arith::AddIOp::create(b, lhs, rhs).getResult();
}

/// `tile` with `neutral` in the columns from `width` on.
Value ColumnSegment::maskBeyond(Value tile, int64_t width, Value neutral) {
  if (width % part == 0)
    return tile;
  auto type = RankedTensorType::get(tensorOf(tile).getShape(), b.getI32Type());
  Value number = tile::IotaOp::create(b, type, column, 1);
  Value limit = arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, static_cast<int32_t>(width)));
  Value inside =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, number, limit);
  return arith::SelectOp::create(b, inside, tile, neutral);
}

/// One pass over the columns: the reductions of `level`; all stores if it is
/// the last.
LogicalResult ColumnSegment::emitLoop(int64_t level, bool last) {
  SmallVector<tile::ReduceOp> reductions;
  SmallVector<Operation *> stores;
  for (Operation *op : ops) {
    if (!isWide(op))
      continue;
    auto reduce = dyn_cast<tile::ReduceOp>(op);
    if (reduce && !isWide(reduce.getResult()) && levels[op] == level)
      reductions.push_back(reduce);
    if (last && isStore(op))
      stores.push_back(op);
  }

  b.setInsertionPoint(end);
  SmallVector<Value> initial;
  for (tile::ReduceOp reduce : reductions) {
    b.setLoc(reduce.getLoc());
    initial.push_back(
        neutralTile(reduce.getKind(), typeInPart(reduce.getInput().getType())));
  }
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, value);
  };
  Value lower = index(0), upper = index(width), step = index(part);
  auto loop = scf::ForOp::create(b, lower, upper, step, initial);
  column = loop.getInductionVar();
  mapping.clear();
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next;
  for (auto [reduce, before, neutral] :
       llvm::zip_equal(reductions, loop.getRegionIterArgs(), initial)) {
    FailureOr<Value> input = inPart(reduce.getInput());
    if (failed(input))
      return failure();
    b.setLoc(reduce.getLoc());
    int64_t columns = tensorOf(reduce.getInput()).getDimSize(1);
    Value valid = maskBeyond(*input, columns, neutral);
    next.push_back(combine(reduce.getKind(), before, valid));
  }
  // All of a part is loaded before any of it is stored.
  for (Operation *store : stores)
    if (failed(inPart(store->getOperand(0))))
      return failure();
  for (Operation *store : stores)
    if (failed(cloneInPart(store)))
      return failure();
  if (!next.empty())
    scf::YieldOp::create(b, next);

  b.setInsertionPoint(end);
  for (auto [reduce, sum] : llvm::zip_equal(reductions, loop.getResults())) {
    b.setLoc(reduce.getLoc());
    Value result = tile::ReduceOp::create(b, reduce.getType(), reduce.getKind(),
                                          sum, reduce.getAxis());
    // Levels are looked up by the defining op.
    levels[result.getDefiningOp()] = level;
    reduce.getResult().replaceAllUsesWith(result);
  }
  return success();
}

LogicalResult ColumnSegment::run() {
  if (failed(findLevels()))
    return failure();
  if (!width)
    return success();
  int64_t lastLevel = numLevels - 1;
  for (Operation *op : ops)
    if (isWide(op) && isStore(op))
      lastLevel = std::max(lastLevel, levels[op]);
  // Narrow ops move to where their operands are; what writes comes last.
  auto moveNarrow = [&](auto condition) {
    for (Operation *op : ops)
      if (!isWide(op) && condition(op))
        op->moveBefore(end);
  };
  for (int64_t level = 0; level <= lastLevel; ++level) {
    moveNarrow(
        [&](Operation *op) { return levels[op] == level && !isStore(op); });
    if (failed(emitLoop(level, level == lastLevel)))
      return failure();
  }
  moveNarrow(
      [&](Operation *op) { return levels[op] > lastLevel || isStore(op); });
  for (Operation *op : llvm::reverse(ops))
    if (isWide(op) && (isStore(op) || op->use_empty()))
      op->erase();
  return success();
}
