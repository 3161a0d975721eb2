//===- MicroKernel.cpp - the register-blocked inner product ---------------===//
//
// For each panel of B (which stays in the first-level cache) and each panel of
// A: MR x NR accumulators in registers, one rank-1 update per k. The order of
// the additions along K does not depend on anything but the shapes.
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

void DotEmitter::microKernel(const OperandA &a, Value packedB,
                             const Buffer &acc, int64_t depth,
                             int64_t packedDepth, Value rowPanels,
                             Value columnPanels) {
  int64_t lanes = machine.lanes, rows = machine.panelRows();
  int64_t width = machine.panelColumns(), vectors = width / lanes;
  auto scaled = [&](Value value, int64_t factor) -> Value {
    return arith::MulIOp::create(b, value, evaluator.index(factor));
  };
  auto block = [&](Value columnPanel, Value rowPanel) {
    Value firstRow = scaled(rowPanel, rows);
    Value firstColumn = scaled(columnPanel, width);
    Value baseB = scaled(columnPanel, packedDepth * width);
    Value baseA = a.panels ? scaled(rowPanel, depth * rows) : Value();
    SmallVector<Value> sums;
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t v = 0; v < vectors; ++v)
        sums.push_back(
            loadVector(acc.memref, {evaluator.add(firstRow, i),
                                    evaluator.add(firstColumn, v * lanes)}));
    auto update = [&](Value k, MutableArrayRef<Value> values) {
      SmallVector<Value> rowOfB;
      Value atB = evaluator.add(baseB, scaled(k, width));
      for (int64_t v = 0; v < vectors; ++v)
        rowOfB.push_back(loadVector(packedB, evaluator.add(atB, v * lanes)));
      Value atA = a.panels ? evaluator.add(baseA, scaled(k, rows)) : Value();
      for (int64_t i = 0; i < rows; ++i) {
        SmallVector<Value> at;
        if (a.panels)
          at = {evaluator.add(atA, i)};
        else
          at = {evaluator.add(firstRow, i), k};
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
        vector::StoreOp::create(b, sums[i * vectors + v], acc.memref,
                                {evaluator.add(firstRow, i),
                                 evaluator.add(firstColumn, v * lanes)});
  };
  createLoop(evaluator, b, evaluator.index(0), columnPanels, 1, {},
             [&](Value columnPanel, ValueRange) -> SmallVector<Value> {
               createLoop(
                   evaluator, b, evaluator.index(0), rowPanels, 1, {},
                   [&](Value rowPanel, ValueRange) -> SmallVector<Value> {
                     block(columnPanel, rowPanel);
                     return {};
                   });
               return {};
             });
}
