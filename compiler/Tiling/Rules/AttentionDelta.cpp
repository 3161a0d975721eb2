//===- AttentionDelta.cpp - rule of attention's row sums ------------------===//
//
// delta[b, h, t] lies in another order than the rows [b, t]: one head after
// another, each for as many rows as stay within one sequence.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/Rules/RuleTable.h"

#include "dialects/Model/Model.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <numeric>

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

static LogicalResult attentionDelta(model::AttentionDeltaOp op,
                                    RowBlock &block) {
  KernelBuilder &k = block.k;
  ImplicitLocOpBuilder &b = k.b;
  Value result = k.resultOf(op.getDelta());
  FailureOr<RowSource> output = k.rowSource(op.getOutput());
  FailureOr<RowSource> grad = k.rowSource(op.getGrad());
  if (!result || failed(output) || failed(grad))
    return op.emitOpError("takes arguments of the kernel and gives its result");

  int64_t heads = op.getHeads();
  int64_t head = output->columns / heads;
  int64_t positions =
      cast<RankedTensorType>(op.getDelta().getType()).getDimSize(2);
  int64_t rows = std::gcd(block.rows, positions);
  Value end = k.add(block.row, k.index(block.rows));
  auto rowLoop = scf::ForOp::create(b, block.row, end, k.index(rows));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(rowLoop.getBody());
  Value row = rowLoop.getInductionVar();
  Value sequence = k.div(row, positions);
  Value position = k.rem(row, positions);

  auto headLoop = scf::ForOp::create(b, k.index(0), k.index(heads), k.index(1));
  b.setInsertionPointToStart(headLoop.getBody());
  Value column = k.mul(headLoop.getInductionVar(), head);
  auto load = [&](const RowSource &source) {
    return k.load(k.view(source), {row, column}, {rows, head});
  };
  Value product = arith::MulFOp::create(b, load(*output), load(*grad));
  // delta[sequence, head, position]: a row of [batch * heads, positions].
  Value deltaRow = k.add(k.mul(sequence, heads), headLoop.getInductionVar());
  Value deltaView = k.view(result, {positions}, {1},
                           OpFoldResult(k.mul(deltaRow, positions)));
  k.store(k.reduceRows(product), deltaView, position);
  block.setStored(op.getDelta());
  return success();
}

void llmc::tiling::addAttentionDeltaRules(RuleTable &table) {
  table.add<model::AttentionDeltaOp>(attentionDelta,
                                     RuleTable::Needs::WholeRows);
}
