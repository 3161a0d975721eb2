//===- Evaluator.cpp - one vector of a tile value, on demand --------------===//

#include "compiler/Target/CPU/Evaluator.h"

#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::cpu;

static Type elementOf(Value tile) {
  return cast<RankedTensorType>(tile.getType()).getElementType();
}

Type Evaluator::typeAt(Type element, int64_t lanes) {
  return lanes == 1 ? element : Type(VectorType::get({lanes}, element));
}

Value Evaluator::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

Value Evaluator::add(Value lhs, Value rhs) {
  return b.createOrFold<arith::AddIOp>(lhs, rhs);
}

Value Evaluator::splat(Value scalar, int64_t lanes) {
  if (lanes == 1)
    return scalar;
  return vector::BroadcastOp::create(b, typeAt(scalar.getType(), lanes),
                                     scalar);
}

void Evaluator::pushScope(Value row) {
  scopes.emplace_back();
  scopes.back().row = row;
}

void Evaluator::setRowAnchor(Operation *loop) {
  if (!scopes.empty() && scopes.back().row && !scopes.back().anchor)
    scopes.back().anchor = loop;
}

Value Evaluator::evaluate(Value tile, const Place &place) {
  Key key(tile.getAsOpaquePointer(), place.row.getAsOpaquePointer(),
          place.column.getAsOpaquePointer(), place.lanes);
  for (Scope &scope : llvm::reverse(scopes))
    if (auto found = scope.memory.find(key); found != scope.memory.end())
      return found->second;
  Value result;
  if (auto buffer = buffers.find(tile); buffer != buffers.end())
    result = loadFromBuffer(buffer->second, elementOf(tile), place);
  else
    result = emit(tile.getDefiningOp(), place);
  if (!scopes.empty())
    scopes.back().memory[key] = result;
  return result;
}

Value Evaluator::evaluateAtRow(Value tile, Value row) {
  Place place{Value(), row, 1};
  for (size_t depth = scopes.size(); depth-- > 0;) {
    if (scopes[depth].row != row || !scopes[depth].anchor)
      continue;
    // Emitted before the column loops, and remembered for the whole row: what
    // is known only inside of a column loop must not be used there.
    SmallVector<Scope> inner(
        std::make_move_iterator(scopes.begin() + depth + 1),
        std::make_move_iterator(scopes.end()));
    scopes.truncate(depth + 1);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(scopes[depth].anchor);
    Value result = evaluate(tile, place);
    for (Scope &scope : inner)
      scopes.push_back(std::move(scope));
    return result;
  }
  return evaluate(tile, place);
}

Value Evaluator::emit(Operation *op, const Place &place) {
  return TypeSwitch<Operation *, Value>(op)
      .Case<tile::LoadOp>([&](auto) { return emitLoad(op, place); })
      .Case<tile::GatherOp>([&](auto) { return emitGather(op, place); })
      .Case<tile::SplatOp>([&](tile::SplatOp splatOp) {
        return splat(mapping.lookupOrDefault(splatOp.getInput()), place.lanes);
      })
      .Case<tile::BroadcastOp>([&](tile::BroadcastOp broadcast) {
        if (broadcast.getAxis() == 0)
          return evaluate(broadcast.getInput(),
                          {Value(), place.column, place.lanes});
        return splat(evaluateAtRow(broadcast.getInput(), place.row),
                     place.lanes);
      })
      .Case<tile::IotaOp>([&](auto) { return emitIota(op, place); })
      .Case<tile::SwapHalvesOp>([&](auto) { return emitSwapHalves(op, place); })
      .Case<tile::RepeatColumnsOp>(
          [&](auto) { return emitRepeatColumns(op, place); })
      .Case<arith::ConstantOp>([&](auto) { return emitConstant(op, place); })
      .Default([&](Operation *) { return emitElementwise(op, place); });
}

Value Evaluator::emitConstant(Operation *op, const Place &place) {
  auto attr = cast<SplatElementsAttr>(cast<arith::ConstantOp>(op).getValue());
  auto scalar = attr.getSplatValue<TypedAttr>();
  if (place.lanes == 1)
    return arith::ConstantOp::create(b, scalar);
  auto type = VectorType::get({place.lanes}, scalar.getType());
  return arith::ConstantOp::create(b, SplatElementsAttr::get(type, scalar));
}

Value Evaluator::emitElementwise(Operation *op, const Place &place) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(isa<RankedTensorType>(operand.getType())
                           ? evaluate(operand, place)
                           : mapping.lookupOrDefault(operand));
  Operation *copy =
      Operation::create(op->getLoc(), op->getName(),
                        typeAt(elementOf(op->getResult(0)), place.lanes),
                        operands, op->getDiscardableAttrDictionary(),
                        op->getPropertiesStorage(), BlockRange(), 0);
  return b.insert(copy)->getResult(0);
}

Value Evaluator::emitIota(Operation *op, const Place &place) {
  auto iota = cast<tile::IotaOp>(op);
  int64_t rank = cast<RankedTensorType>(iota.getType()).getRank();
  bool alongColumns = iota.getAxis() == rank - 1;
  Value first = add(mapping.lookupOrDefault(iota.getOffset()),
                    alongColumns ? place.column : place.row);
  Value start =
      splat(arith::IndexCastOp::create(b, b.getI32Type(), first), place.lanes);
  if (!alongColumns || place.lanes == 1)
    return start;
  SmallVector<int32_t> steps;
  for (int64_t lane = 0; lane < place.lanes; ++lane)
    steps.push_back(lane);
  auto type = cast<VectorType>(typeAt(b.getI32Type(), place.lanes));
  Value offsets = arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, ArrayRef<int32_t>(steps)));
  return arith::AddIOp::create(b, start, offsets);
}

Value Evaluator::laneByLane(Value tile, const Place &place,
                            function_ref<Value(Value)> partner) {
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < place.lanes; ++lane)
    elements.push_back(
        evaluate(tile, {place.row, partner(add(place.column, lane)), 1}));
  return vector::FromElementsOp::create(b, typeAt(elementOf(tile), place.lanes),
                                        elements);
}

Value Evaluator::emitSwapHalves(Operation *op, const Place &place) {
  auto swap = cast<tile::SwapHalvesOp>(op);
  int64_t group = swap.getGroup(), half = group / 2, lanes = place.lanes;
  auto partner = [&](Value column) -> Value {
    Value within = arith::RemUIOp::create(b, column, index(group));
    Value first = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, within,
                                        index(half));
    return arith::SelectOp::create(b, first, add(column, half),
                                   add(column, -half));
  };
  // A vector starts at a multiple of its lanes, so it lies in one half.
  if (half % lanes == 0)
    return evaluate(swap.getInput(), {place.row, partner(place.column), lanes});
  if (lanes % group == 0) {
    Value input = evaluate(swap.getInput(), place);
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < lanes; ++lane)
      order.push_back(lane % group < half ? lane + half : lane - half);
    return vector::ShuffleOp::create(b, input, input, order);
  }
  return laneByLane(swap.getInput(), place, partner);
}

Value Evaluator::emitRepeatColumns(Operation *op, const Place &place) {
  Value input = cast<tile::RepeatColumnsOp>(op).getInput();
  int64_t columns = cast<RankedTensorType>(input.getType()).getDimSize(1);
  auto source = [&](Value column) -> Value {
    return arith::RemUIOp::create(b, column, index(columns));
  };
  if (columns % place.lanes == 0)
    return evaluate(input, {place.row, source(place.column), place.lanes});
  return laneByLane(input, place, source);
}
