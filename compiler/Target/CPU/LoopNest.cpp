//===- LoopNest.cpp - loops over the elements of tiles --------------------===//

#include "compiler/Target/CPU/LoopNest.h"

#include "compiler/Target/CPU/Demand.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::cpu;

/// Independent accumulators of a row reduction: enough to hide the latency of
/// an addition, few enough to keep the loop short.
static constexpr int64_t kAccumulators = 4;
/// With longer expressions than this (in ops) the latency is hidden anyway.
static constexpr int64_t kShortExpression = 12;

SmallVector<Value> llmc::cpu::createLoop(
    Evaluator &evaluator, ImplicitLocOpBuilder &b, Value lower, Value upper,
    int64_t step, ValueRange carried,
    function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop =
      scf::ForOp::create(b, lower, upper, evaluator.index(step), carried);
  evaluator.setRowAnchor(loop);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next =
      body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!carried.empty())
    scf::YieldOp::create(b, next);
  return SmallVector<Value>(loop.getResults());
}

Value llmc::cpu::combine(ImplicitLocOpBuilder &b, tile::ReduceKind kind,
                         Value lhs, Value rhs) {
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(lhs.getType()));
  if (kind == tile::ReduceKind::Add)
    return isFloat ? arith::AddFOp::create(b, lhs, rhs).getResult()
                   : arith::AddIOp::create(b, lhs, rhs).getResult();
  // maxnum is one instruction where maximum, which orders zeros and keeps
  // NaNs, is five.
  return isFloat ? arith::MaxNumFOp::create(b, lhs, rhs).getResult()
                 : arith::MaxSIOp::create(b, lhs, rhs).getResult();
}

TypedAttr llmc::cpu::identityOf(OpBuilder &b, tile::ReduceKind kind,
                                Type type) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr scalar = b.getZeroAttr(element);
  if (kind == tile::ReduceKind::Max) {
    if (auto floatType = dyn_cast<FloatType>(element))
      scalar = b.getFloatAttr(
          element, APFloat::getInf(floatType.getFloatSemantics(), true));
    else
      scalar = b.getIntegerAttr(
          element, APInt::getSignedMinValue(element.getIntOrFloatBitWidth()));
  }
  if (auto vectorType = dyn_cast<VectorType>(type))
    return SplatElementsAttr::get(vectorType, scalar);
  return scalar;
}

void LoopNest::collectRanges(Value value,
                             SmallVectorImpl<AccessRange> &ranges) {
  forEachDemanded(
      value, [&](Value tile) { return evaluator.buffers.contains(tile); },
      [&](Operation *op) {
        if (isa<tile::LoadOp, tile::GatherOp>(op))
          llvm::append_range(ranges, accessRanges(op));
      });
}

void LoopNest::versioned(ArrayRef<AccessRange> ranges,
                         function_ref<void()> body) {
  bool inside = isInside(ranges);
  bool beyond = llvm::any_of(ranges, [](const AccessRange &range) {
    return range.reach == Reach::Beyond;
  });
  llvm::SaveAndRestore restore(evaluator.checked, !inside);
  if (inside || beyond)
    return body();
  Value condition = evaluator.insideCondition(ranges);
  auto branch = scf::IfOp::create(b, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  evaluator.checked = false;
  b.setInsertionPointToStart(branch.thenBlock());
  body();
  evaluator.checked = true;
  b.setInsertionPointToStart(branch.elseBlock());
  body();
}

void LoopNest::emit(ArrayRef<Root> roots) {
  SmallVector<AccessRange> ranges;
  for (const Root &root : roots) {
    collectRanges(root.value, ranges);
    if (root.kind == Root::Store)
      llvm::append_range(ranges, accessRanges(root.op));
  }
  versioned(ranges, [&] {
    evaluator.pushScope();
    emitRows(roots);
    evaluator.popScope();
  });
}

Value LoopNest::storeBound(ArrayRef<Root> roots, int64_t dimension) {
  RankedTensorType type = roots.front().type();
  int64_t extent = type.getDimSize(dimension);
  Value full = evaluator.index(extent);
  Value bound;
  for (const Root &root : roots) {
    if (root.kind != Root::Store || !evaluator.checked)
      return full;
    SmallVector<AccessRange, 2> ranges = accessRanges(root.op);
    const AccessRange &range =
        ranges[ranges.size() - type.getRank() + dimension];
    if (range.reach == Reach::Inside)
      return full;
    Value left =
        arith::SubIOp::create(b, evaluator.index(range.size),
                              evaluator.mapping.lookupOrDefault(range.index));
    bound = bound ? arith::MaxSIOp::create(b, bound, left).getResult() : left;
  }
  bound = arith::MinSIOp::create(b, bound, full);
  return arith::MaxSIOp::create(b, bound, evaluator.index(0));
}

void LoopNest::emitRows(ArrayRef<Root> roots) {
  RankedTensorType type = roots.front().type();
  if (type.getRank() == 1)
    return emitRow(roots, Value());
  // Column sums start from the identity in memory.
  for (const Root &root : roots) {
    if (root.kind != Root::ReduceColumn)
      continue;
    auto kind = cast<tile::ReduceOp>(root.op).getKind();
    int64_t lanes = machine.lanes;
    Type vectorType = Evaluator::typeAt(type.getElementType(), lanes);
    Value identity =
        arith::ConstantOp::create(b, identityOf(b, kind, vectorType));
    createLoop(evaluator, b, evaluator.index(0),
               evaluator.index(roundUp(type.getDimSize(1), lanes)), lanes, {},
               [&](Value column, ValueRange) -> SmallVector<Value> {
                 evaluator.storeToBuffer(root.buffer, identity,
                                         {Value(), column, lanes});
                 return {};
               });
  }
  createLoop(evaluator, b, evaluator.index(0), storeBound(roots, 0), 1, {},
             [&](Value row, ValueRange) -> SmallVector<Value> {
               evaluator.pushScope(row);
               emitRow(roots, row);
               evaluator.popScope();
               return {};
             });
}

void LoopNest::emitPlace(ArrayRef<Root> roots, const Place &place,
                         MutableArrayRef<Value> accumulators) {
  SmallVector<Value> values;
  for (const Root &root : roots)
    values.push_back(evaluator.evaluate(root.value, place));
  size_t next = 0;
  for (auto [root, value] : llvm::zip(roots, values)) {
    switch (root.kind) {
    case Root::Store:
      evaluator.store(root.op, value, place);
      break;
    case Root::Materialise:
      evaluator.storeToBuffer(root.buffer, value, place);
      break;
    case Root::ReduceRow: {
      auto kind = cast<tile::ReduceOp>(root.op).getKind();
      accumulators[next] = combine(b, kind, accumulators[next], value);
      ++next;
      break;
    }
    case Root::ReduceColumn: {
      auto kind = cast<tile::ReduceOp>(root.op).getKind();
      Place column{Value(), place.column, place.lanes};
      Value sofar = evaluator.loadFromBuffer(
          root.buffer, root.type().getElementType(), column);
      evaluator.storeToBuffer(root.buffer, combine(b, kind, sofar, value),
                              column);
      break;
    }
    }
  }
}

Value LoopNest::horizontal(tile::ReduceKind kind, Value vector) {
  // A tree of halves: fixed order, log2(lanes) steps.
  for (int64_t width = machine.lanes; width > 1; width /= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < width / 2; ++lane) {
      low.push_back(lane);
      high.push_back(lane + width / 2);
    }
    Value lower = vector::ShuffleOp::create(b, vector, vector, low);
    Value upper = vector::ShuffleOp::create(b, vector, vector, high);
    vector = combine(b, kind, lower, upper);
  }
  return vector::ExtractOp::create(b, vector, 0);
}

void LoopNest::emitRow(ArrayRef<Root> roots, Value row) {
  RankedTensorType type = roots.front().type();
  int64_t columns = type.getShape().back(), lanes = machine.lanes;
  SmallVector<tile::ReduceKind> kinds;
  SmallVector<Type> elements;
  for (const Root &root : roots)
    if (root.kind == Root::ReduceRow) {
      kinds.push_back(cast<tile::ReduceOp>(root.op).getKind());
      elements.push_back(root.type().getElementType());
    }
  int64_t length = 0;
  for (const Root &root : roots)
    forEachDemanded(
        root.value,
        [&](Value tile) { return evaluator.buffers.contains(tile); },
        [&](Operation *) { ++length; });
  int64_t unroll = kinds.empty() || columns < kAccumulators * lanes ? 1
                   : length > kShortExpression ? 2
                                               : kAccumulators;

  // A bound known at run time cuts off what no store would write.
  Value end = storeBound(roots, type.getRank() - 1);
  APInt constantEnd;
  bool fixed = matchPattern(end, m_ConstantInt(&constantEnd));
  int64_t mainStep = lanes * unroll;
  int64_t mainEnd = columns / mainStep * mainStep;
  int64_t vectorEnd = columns / lanes * lanes;
  Value mainStop = evaluator.index(mainEnd);
  Value vectorStop = evaluator.index(vectorEnd);
  if (!fixed) {
    Value rest = arith::RemUIOp::create(b, end, evaluator.index(lanes));
    mainStop = vectorStop = arith::SubIOp::create(b, end, rest);
  }

  auto identities = [&](int64_t width) {
    SmallVector<Value> values;
    for (auto [kind, kindElement] : llvm::zip(kinds, elements))
      values.push_back(arith::ConstantOp::create(
          b, identityOf(b, kind, Evaluator::typeAt(kindElement, width))));
    return values;
  };
  auto columnLoop = [&](Value lower, Value upper, int64_t step, int64_t width,
                        ArrayRef<Value> carried) {
    return createLoop(evaluator, b, lower, upper, step, carried,
                      [&](Value column, ValueRange arguments) {
                        SmallVector<Value> next(arguments);
                        for (int64_t part = 0; part < step / width; ++part) {
                          Place place{row, evaluator.add(column, part * width),
                                      width};
                          evaluator.pushScope();
                          emitPlace(roots, place,
                                    MutableArrayRef<Value>(next).slice(
                                        kinds.empty() ? 0 : part * kinds.size(),
                                        kinds.size()));
                          evaluator.popScope();
                        }
                        return next;
                      });
  };

  size_t count = kinds.size();
  SmallVector<Value> partial; // [unroll][count]
  for (int64_t part = 0; part < unroll; ++part)
    llvm::append_range(partial, identities(lanes));
  if (!fixed || mainEnd > 0)
    partial =
        columnLoop(evaluator.index(0), mainStop, mainStep, lanes, partial);
  if (fixed && vectorEnd > mainEnd) {
    ArrayRef<Value> all(partial);
    SmallVector<Value> first =
        columnLoop(mainStop, vectorStop, lanes, lanes, all.take_front(count));
    llvm::copy(first, partial.begin());
  }
  SmallVector<Value> scalars = identities(1);
  if (vectorEnd > 0) {
    for (size_t i = 0; i < count; ++i) {
      // Pairs first, so that the order is that of a tree.
      for (int64_t width = unroll; width > 1; width /= 2)
        for (int64_t part = 0; part < width / 2; ++part)
          partial[part * count + i] =
              combine(b, kinds[i], partial[part * count + i],
                      partial[(part + width / 2) * count + i]);
      scalars[i] = horizontal(kinds[i], partial[i]);
    }
  }
  if (!fixed || columns > vectorEnd)
    scalars = columnLoop(vectorStop, end, 1, 1, scalars);

  size_t next = 0;
  for (const Root &root : roots)
    if (root.kind == Root::ReduceRow)
      evaluator.storeToBuffer(root.buffer, scalars[next++],
                              {Value(), row ? row : evaluator.index(0), 1});
}
