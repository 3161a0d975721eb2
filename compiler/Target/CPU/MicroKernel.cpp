//===- MicroKernel.cpp - the register-blocked inner product ---------------===//
//
// For each panel of A, beside a panel of B that stays in the first caches:
// MR x NR accumulators in registers, one rank-1 update per k. The additions
// along K come one after the other, whatever the panels and blocks are. Rows of
// B are packed beside the first panel of A, where there are loads and stores to
// spare: the multiply-adds wait for each other, not for memory.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CPU/Dot.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::cpu;

/// Steps of K per turn of the loop.
static constexpr int64_t kUnroll = 4;

Value DotEmitter::multiplyAdd(Value lhs, Value rhs, Value acc) {
  if (machine.fma)
    return vector::FMAOp::create(b, lhs, rhs, acc);
  return arith::AddFOp::create(b, arith::MulFOp::create(b, lhs, rhs), acc);
}

Value DotEmitter::loadVector(Value memref, ValueRange indices) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  return vector::LoadOp::create(b, VectorType::get({machine.lanes}, element),
                                memref, indices);
}

void DotEmitter::multiplyRowPanel(const PanelProduct &product, Value rowPanel,
                                  int64_t depth,
                                  function_ref<void(Value k)> pack) {
  const OperandA &a = product.a;
  int64_t lanes = machine.lanes, rows = machine.panelRows();
  int64_t width = product.width, vectors = width / lanes;
  if (product.upcoming.view)
    prefetch(product.upcoming, rowPanel);
  Value firstRow = scaled(rowPanel, rows);
  prefetchTouched(firstRow, product.column, width);
  Value rowOfA = a.panelStride ? scaled(rowPanel, a.panelStride)
                               : evaluator.add(a.row, firstRow);
  SmallVector<Value> sums;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t v = 0; v < vectors; ++v)
      sums.push_back(loadVector(product.acc.memref,
                                {evaluator.add(firstRow, i),
                                 evaluator.add(product.column, v * lanes)}));
  auto update = [&](Value k, MutableArrayRef<Value> values) {
    if (pack)
      pack(k);
    SmallVector<Value> rowOfB;
    Value atB = scaled(k, width);
    for (int64_t v = 0; v < vectors; ++v)
      rowOfB.push_back(
          loadVector(product.packedB, evaluator.add(atB, v * lanes)));
    Value atA = a.panelStride ? evaluator.add(rowOfA, scaled(k, rows))
                              : evaluator.add(a.column, k);
    for (int64_t i = 0; i < rows; ++i) {
      SmallVector<Value> at;
      if (a.panelStride)
        at = {evaluator.add(atA, i)};
      else
        at = {evaluator.add(rowOfA, i), atA};
      Value element =
          evaluator.splat(memref::LoadOp::create(b, a.memref, at), lanes);
      for (int64_t v = 0; v < vectors; ++v) {
        Value &sum = values[i * vectors + v];
        sum = multiplyAdd(element, rowOfB[v], sum);
      }
    }
  };
  auto loop = [&](int64_t from, int64_t to, int64_t step) {
    if (from == to)
      return;
    sums = createLoop(evaluator, b, evaluator.index(from), evaluator.index(to),
                      step, sums, [&](Value k, ValueRange carried) {
                        SmallVector<Value> values(carried);
                        for (int64_t i = 0; i < step; ++i)
                          update(evaluator.add(k, i), values);
                        return values;
                      });
  };
  int64_t unrolled = depth / kUnroll * kUnroll;
  loop(0, unrolled, kUnroll);
  loop(unrolled, depth, 1);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t v = 0; v < vectors; ++v)
      vector::StoreOp::create(b, sums[i * vectors + v], product.acc.memref,
                              {evaluator.add(firstRow, i),
                               evaluator.add(product.column, v * lanes)});
}

void DotEmitter::multiplyPanel(tile::DotOp op, const PanelProduct &product,
                               Value panel, int64_t depth, Value rowPanels) {
  Value tile = op.getB(), zero = evaluator.index(0);
  Value column = scaled(panel, product.width);
  int64_t firstUnpacked = 0;
  withPanelOfB(op, panel, product.width, [&](int64_t columnsLeft) {
    evaluator.pushScope();
    if (op.getTransposeB()) {
      // Transposing squares needs the registers that hold the sums.
      packColumnsOfB(tile, product.packedB, column, product.width, columnsLeft);
    } else {
      firstUnpacked = 1;
      multiplyRowPanel(product, zero, depth, [&](Value k) {
        packRowOfB(tile, product.packedB, column, k, product.width,
                   columnsLeft);
      });
    }
    evaluator.popScope();
  });
  createLoop(evaluator, b, evaluator.index(firstUnpacked), rowPanels, 1, {},
             [&](Value rowPanel, ValueRange) -> SmallVector<Value> {
               multiplyRowPanel(product, rowPanel, depth, nullptr);
               return {};
             });
}
