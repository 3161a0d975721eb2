//===- Memory.cpp - the evaluator's loads and stores ----------------------===//

#include "compiler/Target/CPU/Evaluator.h"

#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::cpu;

static bool hasUnitStride(Value view) {
  auto type = cast<MemRefType>(view.getType());
  auto [strides, offset] = type.getStridesAndOffset();
  return strides.back() == 1;
}

static SmallVector<Value> bufferIndices(const Buffer &buffer,
                                        const Place &place) {
  SmallVector<Value> indices;
  if (cast<MemRefType>(buffer.memref.getType()).getRank() == 2)
    indices.push_back(place.row);
  indices.push_back(place.column);
  return indices;
}

Value Evaluator::loadFromBuffer(const Buffer &buffer, Type element,
                                const Place &place) {
  SmallVector<Value> indices = bufferIndices(buffer, place);
  if (place.lanes == 1)
    return memref::LoadOp::create(b, buffer.memref, indices);
  return vector::LoadOp::create(b,
                                cast<VectorType>(typeAt(element, place.lanes)),
                                buffer.memref, indices);
}

void Evaluator::storeToBuffer(const Buffer &buffer, Value value,
                              const Place &place) {
  SmallVector<Value> indices = bufferIndices(buffer, place);
  if (place.lanes == 1)
    memref::StoreOp::create(b, value, buffer.memref, indices);
  else
    vector::StoreOp::create(b, value, buffer.memref, indices);
}

Value Evaluator::insideCondition(ArrayRef<AccessRange> ranges) {
  Value all;
  for (const AccessRange &range : ranges) {
    if (range.reach != Reach::Either)
      continue;
    // Ranges that start at zero have been decided already, so the same test is
    // rarely made twice; CSE removes those that are.
    Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::sle,
                                         mapping.lookupOrDefault(range.index),
                                         index(range.size - range.extent));
    all = all ? arith::AndIOp::create(b, all, inside).getResult() : inside;
  }
  return all;
}

/// The lanes that lie inside of the view: i1, or a vector of i1.
Value Evaluator::mask(ArrayRef<Value> indices, ArrayRef<AccessRange> ranges,
                      int64_t lanes) {
  Value rows; // whether the leading indices are inside; null: yes
  Value columns;
  for (auto [at, range] : llvm::zip(indices, ranges)) {
    bool last = &range == &ranges.back();
    if (range.reach == Reach::Inside)
      continue;
    if (last && lanes > 1) {
      // Masks are computed in 32 bits; a view may be larger.
      columns = arith::MinSIOp::create(
          b, arith::SubIOp::create(b, index(range.size), at), index(lanes));
      continue;
    }
    Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, at,
                                         index(range.size));
    rows = rows ? arith::AndIOp::create(b, rows, inside).getResult() : inside;
  }
  if (lanes == 1)
    return rows;
  if (!columns && !rows)
    return {};
  if (!columns)
    columns = index(lanes);
  if (rows)
    columns = arith::SelectOp::create(b, rows, columns, index(0));
  return vector::CreateMaskOp::create(
      b, cast<VectorType>(typeAt(b.getI1Type(), lanes)), columns);
}

Value Evaluator::read(Value view, SmallVector<Value> indices,
                      ArrayRef<AccessRange> ranges, int64_t lanes) {
  Type element = cast<MemRefType>(view.getType()).getElementType();
  if (lanes > 1 && !hasUnitStride(view)) {
    SmallVector<Value> elements;
    Value column = indices.back();
    for (int64_t lane = 0; lane < lanes; ++lane) {
      indices.back() = add(column, lane);
      elements.push_back(read(view, indices, ranges, 1));
    }
    return vector::FromElementsOp::create(b, typeAt(element, lanes), elements);
  }
  Value valid = checked ? mask(indices, ranges, lanes) : Value();
  if (lanes > 1) {
    auto type = cast<VectorType>(typeAt(element, lanes));
    if (!valid)
      return vector::LoadOp::create(b, type, view, indices);
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
    return vector::MaskedLoadOp::create(b, type, view, indices, valid, zero);
  }
  if (!valid)
    return memref::LoadOp::create(b, view, indices);
  // Reading the nearest element inside and dropping it needs no branch.
  for (auto [at, range] : llvm::zip(indices, ranges))
    if (range.reach != Reach::Inside)
      at = arith::MinSIOp::create(b, at, index(range.size - 1));
  Value loaded = memref::LoadOp::create(b, view, indices);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(element));
  return arith::SelectOp::create(b, valid, loaded, zero);
}

SmallVector<Value> Evaluator::placeIn(Operation *op, const Place &place) {
  auto load = dyn_cast<tile::LoadOp>(op);
  ValueRange indices = load ? ValueRange(load.getIndices())
                            : ValueRange(cast<tile::StoreOp>(op).getIndices());
  SmallVector<Value> result;
  for (Value at : indices)
    result.push_back(mapping.lookupOrDefault(at));
  result.back() = add(result.back(), place.column);
  if (place.row) {
    Value &row = result[result.size() - 2];
    row = add(row, place.row);
  }
  return result;
}

Value Evaluator::emitLoad(Operation *op, const Place &place) {
  auto load = cast<tile::LoadOp>(op);
  return read(mapping.lookupOrDefault(load.getView()), placeIn(op, place),
              accessRanges(op), place.lanes);
}

Value Evaluator::emitGather(Operation *op, const Place &place) {
  auto gather = cast<tile::GatherOp>(op);
  Value row = arith::IndexCastOp::create(
      b, b.getIndexType(), evaluateAtRow(gather.getRows(), place.row));
  Value column = add(mapping.lookupOrDefault(gather.getColumn()), place.column);
  SmallVector<AccessRange, 2> ranges = accessRanges(op);
  AccessRange rows{row, 1, gather.getView().getType().getDimSize(0),
                   Reach::Inside};
  return read(mapping.lookupOrDefault(gather.getView()), {row, column},
              {rows, ranges.front()}, place.lanes);
}

void Evaluator::store(Operation *op, Value value, const Place &place) {
  Value view = mapping.lookupOrDefault(cast<tile::StoreOp>(op).getView());
  SmallVector<Value> indices = placeIn(op, place);
  SmallVector<AccessRange, 2> ranges = accessRanges(op);
  auto storeScalar = [&](Value element, ArrayRef<Value> at) {
    Value valid = checked ? mask(at, ranges, 1) : Value();
    if (!valid) {
      memref::StoreOp::create(b, element, view, at);
      return;
    }
    auto branch = scf::IfOp::create(b, valid, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    memref::StoreOp::create(b, element, view, at);
  };
  if (place.lanes == 1)
    return storeScalar(value, indices);
  if (!hasUnitStride(view)) {
    Value column = indices.back();
    for (int64_t lane = 0; lane < place.lanes; ++lane) {
      indices.back() = add(column, lane);
      storeScalar(vector::ExtractOp::create(b, value, lane), indices);
    }
    return;
  }
  Value valid = checked ? mask(indices, ranges, place.lanes) : Value();
  if (valid)
    vector::MaskedStoreOp::create(b, view, indices, valid, value);
  else
    vector::StoreOp::create(b, value, view, indices);
}
