//===- MicroKernel.cpp - the register-blocked inner product ---------------===//
//
// For each panel of A, beside a panel of B that stays in the first caches:
// MR x NR accumulators in registers, one rank-1 update per k. The additions
// along K come one after the other, whatever the panels and blocks are.
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

void DotEmitter::multiplyPanel(const OperandA &a, Value packedB,
                               const Buffer &acc, Value column, int64_t width,
                               int64_t depth, Value rowPanels,
                               const UpcomingB &upcoming) {
  int64_t lanes = machine.lanes, rows = machine.panelRows();
  int64_t vectors = width / lanes;
  auto block = [&](Value rowPanel) {
    if (upcoming.view)
      prefetch(upcoming, rowPanel);
    Value firstRow = scaled(rowPanel, rows);
    prefetchTouched(firstRow, column, width);
    Value rowOfA = a.panelStride ? scaled(rowPanel, a.panelStride)
                                 : evaluator.add(a.row, firstRow);
    SmallVector<Value> sums;
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t v = 0; v < vectors; ++v)
        sums.push_back(
            loadVector(acc.memref, {evaluator.add(firstRow, i),
                                    evaluator.add(column, v * lanes)}));
    auto update = [&](Value k, MutableArrayRef<Value> values) {
      SmallVector<Value> rowOfB;
      Value atB = scaled(k, width);
      for (int64_t v = 0; v < vectors; ++v)
        rowOfB.push_back(loadVector(packedB, evaluator.add(atB, v * lanes)));
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
      sums =
          createLoop(evaluator, b, evaluator.index(from), evaluator.index(to),
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
        vector::StoreOp::create(
            b, sums[i * vectors + v], acc.memref,
            {evaluator.add(firstRow, i), evaluator.add(column, v * lanes)});
  };
  createLoop(evaluator, b, evaluator.index(0), rowPanels, 1, {},
             [&](Value rowPanel, ValueRange) -> SmallVector<Value> {
               block(rowPanel);
               return {};
             });
}
