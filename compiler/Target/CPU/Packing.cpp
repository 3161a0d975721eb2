//===- Packing.cpp - the operands of a matrix product ---------------------===//

#include "compiler/Target/CPU/Dot.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::cpu;

OperandA DotEmitter::packA(tile::DotOp op) {
  Value tile = op.getA();
  auto type = cast<RankedTensorType>(tile.getType());
  Buffer rows;
  if (auto found = evaluator.buffers.find(tile);
      found != evaluator.buffers.end()) {
    rows = found->second;
  } else {
    rows = buffers.allocate(type);
    nest.emit(Root{Root::Materialise, tile, nullptr, rows});
  }
  if (!op.getTransposeA())
    return {rows.memref, false};

  int64_t depth = type.getDimSize(0), m = type.getDimSize(1);
  int64_t panelRows = machine.panelRows(), lanes = machine.lanes;
  int64_t panels = roundUp(m, panelRows) / panelRows;
  int64_t vectors = roundUp(panelRows, lanes) / lanes;
  // Whole vectors are copied; what they hold beyond the panel's rows is
  // overwritten by the next copy, so the order of the loops matters, and the
  // last one needs room.
  Value packed = buffers.allocateScratch(
      Buffers::PackedA, panels * depth * panelRows + vectors * lanes,
      type.getElementType());
  createLoop(
      evaluator, b, evaluator.index(0), evaluator.index(panels), 1, {},
      [&](Value panel, ValueRange) -> SmallVector<Value> {
        Value first =
            arith::MulIOp::create(b, panel, evaluator.index(panelRows));
        Value base =
            arith::MulIOp::create(b, panel, evaluator.index(depth * panelRows));
        createLoop(evaluator, b, evaluator.index(0), evaluator.index(depth), 1,
                   {}, [&](Value k, ValueRange) -> SmallVector<Value> {
                     Value target = evaluator.add(
                         base, arith::MulIOp::create(
                                   b, k, evaluator.index(panelRows)));
                     for (int64_t i = 0; i < vectors; ++i) {
                       Value vector = loadVector(
                           rows.memref, {k, evaluator.add(first, i * lanes)});
                       vector::StoreOp::create(
                           b, vector, packed, evaluator.add(target, i * lanes));
                     }
                     return {};
                   });
        return {};
      });
  return {packed, true};
}

Value DotEmitter::packB(tile::DotOp op) {
  Value tile = op.getB();
  auto type = cast<RankedTensorType>(tile.getType());
  bool transpose = op.getTransposeB();
  int64_t n = type.getDimSize(transpose ? 0 : 1);
  // A transposed square may reach beyond K.
  int64_t depth = type.getDimSize(transpose ? 1 : 0);
  if (transpose)
    depth = roundUp(depth, machine.lanes);
  Value packed = buffers.allocateScratch(
      Buffers::PackedB, roundUp(n, machine.panelColumns()) * depth,
      type.getElementType());
  SmallVector<AccessRange> ranges;
  nest.collectRanges(tile, ranges);
  nest.versioned(ranges, [&] {
    evaluator.pushScope();
    if (transpose)
      packColumnsOfB(tile, packed);
    else
      packRowsOfB(tile, packed);
    evaluator.popScope();
  });
  return packed;
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

void DotEmitter::storePacked(Value vector, Value packed, Value panel, Value k,
                             int64_t depth, int64_t offset) {
  int64_t width = machine.panelColumns();
  Value base = arith::MulIOp::create(b, panel, evaluator.index(depth * width));
  Value row = arith::MulIOp::create(b, k, evaluator.index(width));
  Value at = evaluator.add(evaluator.add(base, row), offset);
  vector::StoreOp::create(b, vector, packed, at);
}

void DotEmitter::packRowsOfB(Value tile, Value packed) {
  auto type = cast<RankedTensorType>(tile.getType());
  int64_t depth = type.getDimSize(0), n = type.getDimSize(1);
  int64_t width = machine.panelColumns(), lanes = machine.lanes;
  auto packPanel = [&](Value k, Value panel, int64_t columnsLeft) {
    Value column = arith::MulIOp::create(b, panel, evaluator.index(width));
    for (int64_t offset = 0; offset < width; offset += lanes) {
      Value vector = evaluatePadded(tile, k, evaluator.add(column, offset),
                                    std::max<int64_t>(columnsLeft - offset, 0));
      storePacked(vector, packed, panel, k, depth, offset);
    }
  };
  createLoop(evaluator, b, evaluator.index(0), evaluator.index(depth), 1, {},
             [&](Value k, ValueRange) -> SmallVector<Value> {
               evaluator.pushScope(k);
               createLoop(evaluator, b, evaluator.index(0),
                          evaluator.index(n / width), 1, {},
                          [&](Value panel, ValueRange) -> SmallVector<Value> {
                            evaluator.pushScope();
                            packPanel(k, panel, width);
                            evaluator.popScope();
                            return {};
                          });
               if (n % width != 0) {
                 evaluator.pushScope();
                 packPanel(k, evaluator.index(n / width), n % width);
                 evaluator.popScope();
               }
               evaluator.popScope();
               return {};
             });
}

void DotEmitter::packColumnsOfB(Value tile, Value packed) {
  auto type = cast<RankedTensorType>(tile.getType());
  int64_t n = type.getDimSize(0), depth = type.getDimSize(1);
  int64_t width = machine.panelColumns(), lanes = machine.lanes;
  int64_t paddedDepth = roundUp(depth, lanes);
  Type element = type.getElementType();

  // One square: `lanes` rows of the tile from `row`, at columns from `k`.
  auto packSquare = [&](Value panel, Value row, Value k, int64_t offset,
                        int64_t rowsLeft, int64_t columnsLeft) {
    evaluator.pushScope();
    SmallVector<Value> square;
    for (int64_t i = 0; i < lanes; ++i)
      square.push_back(
          i < rowsLeft
              ? evaluatePadded(tile, evaluator.add(row, i), k, columnsLeft)
              : arith::ConstantOp::create(
                    b, b.getZeroAttr(Evaluator::typeAt(element, lanes)))
                    .getResult());
    square = transposeSquare(b, square);
    for (int64_t i = 0; i < lanes; ++i)
      storePacked(square[i], packed, panel, evaluator.add(k, i), paddedDepth,
                  offset);
    evaluator.popScope();
  };
  auto packPanelPart = [&](Value panel, int64_t offset, int64_t rowsLeft) {
    Value row = evaluator.add(
        arith::MulIOp::create(b, panel, evaluator.index(width)), offset);
    int64_t wholeDepth = depth / lanes * lanes;
    if (wholeDepth > 0)
      createLoop(evaluator, b, evaluator.index(0), evaluator.index(wholeDepth),
                 lanes, {}, [&](Value k, ValueRange) -> SmallVector<Value> {
                   packSquare(panel, row, k, offset, rowsLeft, lanes);
                   return {};
                 });
    if (depth > wholeDepth)
      packSquare(panel, row, evaluator.index(wholeDepth), offset, rowsLeft,
                 depth - wholeDepth);
  };
  createLoop(evaluator, b, evaluator.index(0), evaluator.index(n / width), 1,
             {}, [&](Value panel, ValueRange) -> SmallVector<Value> {
               for (int64_t offset = 0; offset < width; offset += lanes)
                 packPanelPart(panel, offset, lanes);
               return {};
             });
  if (n % width != 0)
    for (int64_t offset = 0; offset < width; offset += lanes)
      packPanelPart(evaluator.index(n / width), offset,
                    std::max<int64_t>(n % width - offset, 0));
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
