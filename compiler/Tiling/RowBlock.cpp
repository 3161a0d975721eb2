//===- RowBlock.cpp - the tiles of one block of rows ----------------------===//

#include "compiler/Tiling/RowBlock.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

RowBlock::RowBlock(KernelBuilder &k, Value row, int64_t rows, Value column,
                   std::optional<int64_t> columns)
    : k(k), row(row), column(column ? column : k.index(0)), rows(rows),
      columns(columns) {}

int64_t RowBlock::width(Value tensor) const {
  return columns ? *columns : lastExtent(cast<ShapedType>(tensor.getType()));
}

bool RowBlock::isAvailable(Value tensor) {
  return tiles.contains(tensor) || k.argument(tensor);
}

Value RowBlock::tile(Value tensor) {
  if (Value known = tiles.lookup(tensor))
    return known;
  FailureOr<RowSource> source = k.rowSource(tensor);
  assert(succeeded(source) && "the driver checks that operands are available");
  Value loaded = k.load(k.view(*source), {row, column}, {rows, width(tensor)});
  tiles[tensor] = loaded;
  return loaded;
}

Value RowBlock::vectorPerColumn(Value weight) {
  Value &known = vectors[weight];
  if (known)
    return known;
  // One that is as long as the block is wide is the same for each head.
  auto type = cast<ShapedType>(weight.getType());
  Value first = width(weight) == lastExtent(type) ? k.index(0) : column;
  known = k.perColumn(
      k.load(k.flatView(k.argument(weight)), first, {width(weight)}), rows);
  return known;
}

Value RowBlock::integers(Value tensor) {
  return k.loadAsStored(k.flatView(k.argument(tensor)), row, {rows});
}

Value RowBlock::periodicRows(Value weight, int64_t period) {
  Value memref = k.argument(weight);
  RowSource source =
      KernelBuilder::rowSource(memref, cast<MemRefType>(memref.getType()));
  Value view = k.view(source);
  if (period % rows == 0)
    return k.load(view, {k.rem(row, period), k.index(0)},
                  {rows, source.columns});
  // The block reaches over the end of a period: row numbers one by one.
  ImplicitLocOpBuilder &b = k.b;
  auto type = RankedTensorType::get({rows}, b.getI32Type());
  Value periods = arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, static_cast<int32_t>(period)));
  Value numbers = arith::RemSIOp::create(b, k.iota(row, {rows}, 0), periods);
  return k.gather(view, numbers, k.index(0), source.columns);
}

void RowBlock::storePart(Value tensor, Value tile, int64_t columnOffset) {
  if (Value memref = k.resultOf(tensor))
    parts.push_back({tile, memref, columnOffset});
  setStored(tensor);
}

Value RowBlock::storeView(Value memref, Value tile) {
  if (cast<RankedTensorType>(tile.getType()).getRank() == 1)
    return k.flatView(memref);
  return k.view(
      KernelBuilder::rowSource(memref, cast<MemRefType>(memref.getType())));
}

SmallVector<Value> RowBlock::place(Value tile) {
  if (cast<RankedTensorType>(tile.getType()).getRank() == 1)
    return {row};
  return {row, column};
}

void RowBlock::accumulate(train::AccumulateOp op) {
  // Loaded now, if it is an argument: before anything is stored.
  tile(op.getValue());
  accumulations.push_back(op);
}

LogicalResult RowBlock::finishAccumulation(train::AccumulateOp op) {
  k.b.setLoc(op.getLoc());
  Value added = tile(op.getValue());
  Value view = storeView(k.argument(op.getStorage()), added);
  if (turn)
    return addInTurn(op, added, view);
  Value stored = k.accumulate(added, view, place(added), op.getFirst());
  if (block)
    return storeSquares(k, op, stored, *block, row);
  if (op.getSquares())
    return op.emitOpError("sums squares in a kernel whose blocks do not hold "
                          "what they store");
  return success();
}

/// The first turn of a sum's first term begins it; the last one has all of it,
/// and sums its squares.
LogicalResult RowBlock::addInTurn(train::AccumulateOp op, Value added,
                                  Value view) {
  auto isTurn = [&](int64_t number) -> Value {
    return arith::CmpIOp::create(k.b, arith::CmpIPredicate::eq, turn->number,
                                 k.index(number));
  };
  OpBuilder::InsertionGuard guard(k.b);
  if (op.getFirst()) {
    auto branch = scf::IfOp::create(k.b, isTurn(0), /*withElse=*/true);
    k.b.setInsertionPointToStart(branch.thenBlock());
    k.store(added, view, place(added));
    k.b.setInsertionPointToStart(branch.elseBlock());
  }
  Value stored = k.accumulate(added, view, place(added), /*first=*/false);
  if (!op.getSquares())
    return success();
  auto last = scf::IfOp::create(k.b, isTurn(turn->count - 1),
                                /*withElse=*/false);
  k.b.setInsertionPointToStart(last.thenBlock());
  return storeSquares(k, op, stored, *block, row);
}

LogicalResult RowBlock::finish(ArrayRef<Value> except) {
  for (auto [index, value] : llvm::enumerate(k.returned())) {
    if (llvm::is_contained(except, value) || stored.contains(value))
      continue;
    if (!isAvailable(value))
      return emitError(value.getLoc())
             << "result " << index << " of kernel '" << k.func.getSymName()
             << "' is not computed by rows";
    k.b.setLoc(value.getLoc());
    Value computed = tile(value);
    k.store(computed, storeView(k.result(index), computed), place(computed));
  }
  for (const Part &part : parts)
    k.store(part.tile, storeView(part.memref, part.tile),
            {row, k.index(part.columnOffset)});
  for (train::AccumulateOp op : accumulations)
    if (failed(finishAccumulation(op)))
      return failure();
  return success();
}
