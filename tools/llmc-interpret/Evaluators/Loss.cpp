//===- Loss.cpp - cross-entropy and its gradient --------------------------===//

#include "../Interpreter.h"

#include <cmath>

using namespace mlir;
using namespace llmc::interpret;
namespace model = llmc::model;

namespace {

double logSumExp(const double *x, int64_t n) {
  double largest = *std::max_element(x, x + n), sum = 0.0;
  for (int64_t c = 0; c < n; ++c)
    sum += std::exp(x[c] - largest);
  return largest + std::log(sum);
}

LogicalResult checkTargets(Operation *op, const Tensor &logits,
                           const Tensor &targets) {
  for (double target : targets.data)
    if (target < 0 || target >= logits.columns())
      return op->emitError("target ")
             << static_cast<int64_t>(target) << " is not below the "
             << logits.columns() << " columns of the logits";
  return success();
}

/// The loss of one token, row `r` of the logits.
double lossOf(const Tensor &logits, const Tensor &targets, int64_t r) {
  return logSumExp(logits.row(r), logits.columns()) -
         logits.row(r)[static_cast<int64_t>(targets.data[r])];
}

LogicalResult crossEntropy(model::CrossEntropyOp op, Operands operands,
                           Results results) {
  const Tensor &logits = *operands[0], &targets = *operands[1];
  if (failed(checkTargets(op, logits, targets)))
    return failure();
  for (int64_t r = 0; r < targets.size(); ++r)
    results[0].data[0] += lossOf(logits, targets, r) / targets.size();
  return success();
}

LogicalResult tokenLoss(model::TokenLossOp op, Operands operands,
                        Results results) {
  const Tensor &logits = *operands[0], &targets = *operands[1];
  if (failed(checkTargets(op, logits, targets)))
    return failure();
  for (int64_t r = 0; r < targets.size(); ++r)
    results[0].data[r] = lossOf(logits, targets, r);
  return success();
}

LogicalResult crossEntropyGrad(model::CrossEntropyGradOp op, Operands operands,
                               Results results) {
  const Tensor &logits = *operands[0], &targets = *operands[1];
  if (failed(checkTargets(op, logits, targets)))
    return failure();
  int64_t tokens = op.getTokens().value_or(targets.size());
  for (int64_t r = 0; r < targets.size(); ++r) {
    double lse = logSumExp(logits.row(r), logits.columns());
    for (int64_t c = 0; c < logits.columns(); ++c)
      results[0].row(r)[c] =
          (std::exp(logits.row(r)[c] - lse) - (c == targets.data[r])) / tokens;
  }
  return success();
}

LogicalResult mean(model::MeanOp, Operands operands, Results results) {
  for (double value : operands[0]->data)
    results[0].data[0] += value / operands[0]->size();
  return success();
}

} // namespace

void llmc::interpret::addLossEvaluators(EvaluatorTable &table) {
  table.add<model::CrossEntropyOp>(crossEntropy);
  table.add<model::CrossEntropyGradOp>(crossEntropyGrad);
  table.add<model::MeanOp>(mean);
  table.add<model::TokenLossOp>(tokenLoss);
}
