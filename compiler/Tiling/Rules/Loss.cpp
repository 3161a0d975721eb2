//===- Loss.cpp - rules of the cross-entropy ------------------------------===//
//
// token_loss and its gradient compute the same row maximum and sum; CSE at the
// end of the pass leaves one of each where both are in a kernel.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/Rules/RuleTable.h"

#include "dialects/Model/Model.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

namespace {
struct Softmax {
  Value max;         // [rows]
  Value sum;         // [rows], of the exponentials
  Value exponential; // [rows, V], exp(logit - max)
  Value isTarget;    // [rows, V], i1
};
} // namespace

static Softmax softmax(RowBlock &block, Value logits, Value targets) {
  KernelBuilder &k = block.k;
  Value x = block.tile(logits);
  int64_t vocabulary = block.width(logits);
  Softmax s;
  s.max = k.reduceRows(x, tile::ReduceKind::Max);
  s.exponential = math::ExpOp::create(
      k.b, arith::SubFOp::create(k.b, x, k.perRow(s.max, vocabulary)));
  s.sum = k.reduceRows(s.exponential);
  Value target = k.perRow(block.integers(targets), vocabulary);
  Value column = k.iota(k.index(0), {block.rows, vocabulary}, 1);
  s.isTarget =
      arith::CmpIOp::create(k.b, arith::CmpIPredicate::eq, column, target);
  return s;
}

static Value tokenLoss(model::TokenLossOp op, RowBlock &block) {
  KernelBuilder &k = block.k;
  Softmax s = softmax(block, op.getLogits(), op.getTargets());
  Value x = block.tile(op.getLogits());
  Value zero = k.tile({block.rows, block.width(op.getLogits())}, 0);
  Value picked =
      k.reduceRows(arith::SelectOp::create(k.b, s.isTarget, x, zero));
  Value logSum =
      arith::AddFOp::create(k.b, s.max, math::LogOp::create(k.b, s.sum));
  return arith::SubFOp::create(k.b, logSum, picked);
}

static Value crossEntropyGrad(model::CrossEntropyGradOp op, RowBlock &block) {
  KernelBuilder &k = block.k;
  int64_t vocabulary = block.width(op.getLogits());
  SmallVector<int64_t> shape = {block.rows, vocabulary};
  Softmax s = softmax(block, op.getLogits(), op.getTargets());
  double perToken = 1.0 / op.getTokens().value_or(leadingElements(
                              cast<ShapedType>(op.getLogits().getType())));
  // softmax / tokens with one division for a row.
  Value factor =
      arith::DivFOp::create(k.b, k.tile({block.rows}, perToken), s.sum);
  Value probability =
      arith::MulFOp::create(k.b, s.exponential, k.perRow(factor, vocabulary));
  Value oneHot = arith::SelectOp::create(
      k.b, s.isTarget, k.tile(shape, perToken), k.tile(shape, 0));
  return arith::SubFOp::create(k.b, probability, oneHot);
}

void llmc::tiling::addLossRules(RuleTable &table) {
  table.addTile<model::TokenLossOp>(tokenLoss, RuleTable::Needs::WholeRows);
  table.addTile<model::CrossEntropyGradOp>(crossEntropyGrad,
                                           RuleTable::Needs::WholeRows);
}
