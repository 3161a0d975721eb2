//===- Linear.cpp - matrix products ---------------------------------------===//

#include "../Interpreter.h"

using namespace mlir;
using namespace llmc::interpret;
namespace model = llmc::model;

namespace {

LogicalResult linear(model::LinearOp op, Operands operands, Results results) {
  const Tensor &input = *operands[0], &weight = *operands[1];
  const Tensor *bias = operands.size() > 2 ? operands[2] : nullptr;
  const bool transposed = op.getTransposed();
  Tensor &output = results[0];
  for (int64_t r = 0; r < output.rows(); ++r)
    for (int64_t o = 0; o < output.columns(); ++o) {
      double sum = bias ? bias->data[o] : 0.0;
      for (int64_t i = 0; i < input.columns(); ++i)
        sum += input.row(r)[i] *
               (transposed ? weight.row(i)[o] : weight.row(o)[i]);
      output.row(r)[o] = sum;
    }
  return success();
}

LogicalResult linearWeightGrad(model::LinearWeightGradOp op, Operands operands,
                               Results results) {
  const Tensor &input = *operands[0], &grad = *operands[1];
  const bool transposed = op.getTransposed();
  Tensor &output = results[0];
  for (int64_t r = 0; r < input.rows(); ++r)
    for (int64_t o = 0; o < grad.columns(); ++o)
      for (int64_t i = 0; i < input.columns(); ++i)
        (transposed ? output.row(i)[o] : output.row(o)[i]) +=
            grad.row(r)[o] * input.row(r)[i];
  return success();
}

} // namespace

void llmc::interpret::addLinearEvaluators(EvaluatorTable &table) {
  table.add<model::LinearOp>(linear);
  table.add<model::LinearWeightGradOp>(linearWeightGrad);
}
