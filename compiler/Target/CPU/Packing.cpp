//===- Packing.cpp - the operands of a matrix product ---------------------===//

#include "compiler/Target/CPU/Dot.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::cpu;

/// Cache lines fetched ahead beside one row panel.
static constexpr int64_t kMostPrefetches = 64;

OperandA DotEmitter::materialiseA(Value tile) {
  Buffer rows;
  if (auto found = evaluator.buffers.find(tile);
      found != evaluator.buffers.end()) {
    rows = found->second;
  } else {
    rows = buffers.allocate(cast<RankedTensorType>(tile.getType()));
    nest.emit(Root{Root::Materialise, tile, nullptr, rows});
  }
  return {rows.memref, evaluator.index(0), evaluator.index(0)};
}

OperandA DotEmitter::packA(Value tile) {
  auto type = cast<RankedTensorType>(tile.getType());
  int64_t depth = type.getDimSize(0), m = type.getDimSize(1);
  int64_t rows = machine.panelRows(), lanes = machine.lanes;
  // Panels are written side by side, k by k; the cache line between them keeps
  // them off the same sets.
  int64_t stride = depth * rows + lanes;
  Value packed = buffers.allocateScratch(Buffers::PackedA,
                                         roundUp(m, lanes) / rows * stride,
                                         type.getElementType());
  // One vector of a row of the tile holds several panels' elements.
  auto packVector = [&](Value k, Value column, int64_t columnsLeft) {
    evaluator.pushScope();
    Value vector = evaluatePadded(tile, k, column, columnsLeft);
    Value panel = arith::DivUIOp::create(b, column, evaluator.index(rows));
    Value at = evaluator.add(scaled(panel, stride), scaled(k, rows));
    for (int64_t part = 0; part < lanes / rows; ++part)
      vector::StoreOp::create(b,
                              vector::ExtractStridedSliceOp::create(
                                  b, vector, ArrayRef<int64_t>{part * rows},
                                  ArrayRef<int64_t>{rows},
                                  ArrayRef<int64_t>{1}),
                              packed, evaluator.add(at, part * stride));
    evaluator.popScope();
  };
  SmallVector<AccessRange> ranges;
  nest.collectRanges(tile, ranges);
  nest.versioned(ranges, [&] {
    createLoop(evaluator, b, evaluator.index(0), evaluator.index(depth), 1, {},
               [&](Value k, ValueRange) -> SmallVector<Value> {
                 evaluator.pushScope(k);
                 int64_t whole = m / lanes * lanes;
                 if (whole > 0)
                   createLoop(
                       evaluator, b, evaluator.index(0), evaluator.index(whole),
                       lanes, {},
                       [&](Value column, ValueRange) -> SmallVector<Value> {
                         packVector(k, column, lanes);
                         return {};
                       });
                 if (m > whole)
                   packVector(k, evaluator.index(whole), m - whole);
                 evaluator.popScope();
                 return {};
               });
  });
  return {packed, Value(), Value(), stride};
}

void DotEmitter::withPanelOfB(tile::DotOp op, Value panel, int64_t width,
                              function_ref<void(int64_t)> body) {
  Value tile = op.getB();
  int64_t n = cast<RankedTensorType>(tile.getType())
                  .getDimSize(op.getTransposeB() ? 0 : 1);
  auto version = [&](int64_t left) {
    SmallVector<AccessRange> ranges;
    nest.collectRanges(tile, ranges);
    nest.versioned(ranges, [&] { body(left); });
  };
  if (n < width || n % width == 0)
    return version(std::min(n, width));
  Value isWhole = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, panel,
                                        evaluator.index(n / width));
  auto branch = scf::IfOp::create(b, isWhole, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  version(width);
  b.setInsertionPointToStart(branch.elseBlock());
  version(n % width);
}

UpcomingB DotEmitter::findUpcoming(tile::DotOp op, Value panel,
                                   Value columnPanels, int64_t width) {
  Value tile = op.getB();
  auto load = tile.getDefiningOp<tile::LoadOp>();
  if (!load || evaluator.buffers.contains(tile) ||
      load.getView().getType().getRank() != 2)
    return {};
  auto type = cast<RankedTensorType>(tile.getType());
  bool transpose = op.getTransposeB();
  int64_t depth = type.getDimSize(transpose ? 1 : 0);
  int64_t rows = cast<RankedTensorType>(op.getA().getType())
                     .getDimSize(op.getTransposeA() ? 1 : 0);
  int64_t rowPanels = roundUp(rows, machine.panelRows()) / machine.panelRows();
  UpcomingB upcoming;
  upcoming.rowsEach = roundUp(transpose ? width : depth, rowPanels) / rowPanels;
  upcoming.vectors =
      roundUp(transpose ? depth : width, machine.lanes) / machine.lanes;
  // Beside few rows of A there is no time for it.
  if (upcoming.rowsEach * upcoming.vectors > kMostPrefetches)
    return {};
  Value next = evaluator.add(panel, 1);
  Value isLast =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, next, columnPanels);
  Value zero = evaluator.index(0);
  Value across = arith::SelectOp::create(b, isLast, zero, scaled(next, width));
  Value along =
      arith::SelectOp::create(b, isLast, evaluator.index(depth), zero);
  upcoming.view = evaluator.mapping.lookupOrDefault(load.getView());
  upcoming.row =
      evaluator.add(evaluator.mapping.lookupOrDefault(load.getIndices()[0]),
                    transpose ? across : along);
  upcoming.column =
      evaluator.add(evaluator.mapping.lookupOrDefault(load.getIndices()[1]),
                    transpose ? along : across);
  return upcoming;
}

void DotEmitter::prefetch(const UpcomingB &upcoming, Value rowPanel) {
  // What lies beyond the operand does no harm: nothing is read.
  Value first =
      evaluator.add(upcoming.row, scaled(rowPanel, upcoming.rowsEach));
  for (int64_t i = 0; i < upcoming.rowsEach; ++i)
    for (int64_t v = 0; v < upcoming.vectors; ++v)
      memref::PrefetchOp::create(
          b, upcoming.view,
          ValueRange{evaluator.add(first, i),
                     evaluator.add(upcoming.column, v * machine.lanes)},
          /*isWrite=*/false, /*localityHint=*/3, /*isDataCache=*/true);
}

void DotEmitter::prefetchTouched(Value row, Value column, int64_t width) {
  if (touched.empty())
    return;
  auto branch = scf::IfOp::create(b, isLastTurn, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  for (const Touched &place : touched) {
    Value firstRow = evaluator.add(place.row, row);
    Value firstColumn = evaluator.add(place.column, column);
    for (int64_t i = 0; i < machine.panelRows(); ++i)
      for (int64_t offset = 0; offset < width; offset += machine.lanes)
        memref::PrefetchOp::create(
            b, place.view,
            ValueRange{evaluator.add(firstRow, i),
                       evaluator.add(firstColumn, offset)},
            /*isWrite=*/true, /*localityHint=*/3, /*isDataCache=*/true);
  }
}

Value DotEmitter::evaluatePadded(Value tile, Value row, Value column,
                                 int64_t columnsLeft) {
  int64_t lanes = machine.lanes;
  if (columnsLeft >= lanes)
    return evaluator.evaluate(tile, {row, column, lanes});
  Type element = cast<RankedTensorType>(tile.getType()).getElementType();
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(element));
  SmallVector<Value> elements(lanes, zero);
  for (int64_t lane = 0; lane < columnsLeft; ++lane)
    elements[lane] =
        evaluator.evaluate(tile, {row, evaluator.add(column, lane), 1});
  return vector::FromElementsOp::create(b, Evaluator::typeAt(element, lanes),
                                        elements);
}

void DotEmitter::packRowOfB(Value tile, Value packed, Value column, Value k,
                            int64_t width, int64_t columnsLeft) {
  evaluator.pushScope(k);
  for (int64_t offset = 0; offset < width; offset += machine.lanes) {
    Value vector = evaluatePadded(tile, k, evaluator.add(column, offset),
                                  std::max<int64_t>(columnsLeft - offset, 0));
    vector::StoreOp::create(b, vector, packed,
                            evaluator.add(scaled(k, width), offset));
  }
  evaluator.popScope();
}

void DotEmitter::packColumnsOfB(Value tile, Value packed, Value row,
                                int64_t width, int64_t rowsLeft) {
  auto type = cast<RankedTensorType>(tile.getType());
  int64_t depth = type.getDimSize(1), lanes = machine.lanes;
  Type vectorType = Evaluator::typeAt(type.getElementType(), lanes);
  // One square: `lanes` rows of the tile, at columns from `k`.
  auto packSquare = [&](int64_t offset, Value k, int64_t columnsLeft) {
    evaluator.pushScope();
    SmallVector<Value> square;
    for (int64_t i = offset; i < offset + lanes; ++i)
      square.push_back(
          i < rowsLeft
              ? evaluatePadded(tile, evaluator.add(row, i), k, columnsLeft)
              : arith::ConstantOp::create(b, b.getZeroAttr(vectorType))
                    .getResult());
    square = transposeSquare(b, square);
    for (int64_t i = 0; i < lanes; ++i)
      vector::StoreOp::create(
          b, square[i], packed,
          evaluator.add(scaled(evaluator.add(k, i), width), offset));
    evaluator.popScope();
  };
  int64_t wholeDepth = depth / lanes * lanes;
  for (int64_t offset = 0; offset < width; offset += lanes) {
    if (wholeDepth > 0)
      createLoop(evaluator, b, evaluator.index(0), evaluator.index(wholeDepth),
                 lanes, {}, [&](Value k, ValueRange) -> SmallVector<Value> {
                   packSquare(offset, k, lanes);
                   return {};
                 });
    if (depth > wholeDepth)
      packSquare(offset, evaluator.index(wholeDepth), depth - wholeDepth);
  }
}

SmallVector<Value> llmc::cpu::transposeSquare(ImplicitLocOpBuilder &b,
                                              ArrayRef<Value> rows) {
  int64_t lanes = rows.size();
  SmallVector<Value> current(rows);
  // Each step swaps the off-diagonal blocks of `distance` lanes in squares of
  // twice that; the code generator knows the instructions for such shuffles.
  for (int64_t distance = 1; distance < lanes; distance *= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      bool upper = lane & distance;
      low.push_back(upper ? lanes + lane - distance : lane);
      high.push_back(upper ? lanes + lane : lane + distance);
    }
    for (int64_t i = 0; i < lanes; ++i) {
      if (i & distance)
        continue;
      Value first = current[i], second = current[i | distance];
      current[i] = vector::ShuffleOp::create(b, first, second, low);
      current[i | distance] = vector::ShuffleOp::create(b, first, second, high);
    }
  }
  return current;
}
