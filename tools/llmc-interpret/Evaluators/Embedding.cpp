//===- Embedding.cpp - token and position embeddings ----------------------===//

#include "../Interpreter.h"

using namespace mlir;
using namespace llmc::interpret;
namespace model = llmc::model;

namespace {

/// The row of `weight` for a token; fails when there is none.
FailureOr<int64_t> rowOf(Operation *op, double token, int64_t rows) {
  if (token < 0 || token >= rows)
    return op->emitError("token ")
           << static_cast<int64_t>(token) << " is not below the " << rows
           << " rows of the weight";
  return static_cast<int64_t>(token);
}

/// The rows of `weight`, its leading extents taken as one, that tokens name.
LogicalResult lookUp(Operation *op, Operands operands, Results results) {
  const Tensor &tokens = *operands[0], &weight = *operands[1];
  Tensor &output = results[0];
  for (int64_t r = 0; r < tokens.size(); ++r) {
    FailureOr<int64_t> row = rowOf(op, tokens.data[r], weight.rows());
    if (failed(row))
      return failure();
    std::copy_n(weight.row(*row), weight.columns(), output.row(r));
  }
  return success();
}

LogicalResult embedding(model::EmbeddingOp op, Operands operands,
                        Results results) {
  return lookUp(op, operands, results);
}

LogicalResult takeTokens(model::TakeTokensOp op, Operands operands,
                         Results results) {
  return lookUp(op, operands, results);
}

LogicalResult embeddingGrad(model::EmbeddingGradOp op, Operands operands,
                            Results results) {
  const Tensor &tokens = *operands[0], &grad = *operands[1];
  Tensor &output = results[0];
  for (int64_t r = 0; r < tokens.size(); ++r) {
    FailureOr<int64_t> row = rowOf(op, tokens.data[r], output.shape[0]);
    if (failed(row))
      return failure();
    for (int64_t c = 0; c < grad.columns(); ++c)
      output.row(*row)[c] += grad.row(r)[c];
  }
  return success();
}

LogicalResult positionEmbedding(model::PositionEmbeddingOp, Operands operands,
                                Results results) {
  const Tensor &weight = *operands[1];
  Tensor &output = results[0];
  for (int64_t r = 0; r < output.rows(); ++r)
    std::copy_n(weight.row(r % output.shape[1]), weight.columns(),
                output.row(r));
  return success();
}

LogicalResult positionEmbeddingGrad(model::PositionEmbeddingGradOp,
                                    Operands operands, Results results) {
  const Tensor &grad = *operands[0];
  for (int64_t r = 0; r < grad.rows(); ++r)
    for (int64_t c = 0; c < grad.columns(); ++c)
      results[0].row(r % grad.shape[1])[c] += grad.row(r)[c];
  return success();
}

} // namespace

void llmc::interpret::addEmbeddingEvaluators(EvaluatorTable &table) {
  table.add<model::EmbeddingOp>(embedding);
  table.add<model::TakeTokensOp>(takeTokens);
  table.add<model::EmbeddingGradOp>(embeddingGrad);
  table.add<model::PositionEmbeddingOp>(positionEmbedding);
  table.add<model::PositionEmbeddingGradOp>(positionEmbeddingGrad);
}
