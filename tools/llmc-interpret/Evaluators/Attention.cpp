//===- Attention.cpp - causal grouped-query attention ---------------------===//
//
// Scores are written out row by row, as the definition reads; Dao,
// "FlashAttention-2", section 2.2 and algorithm 2, gives the gradients in
// terms of lse and delta.
//
//===----------------------------------------------------------------------===//

#include "../Interpreter.h"

#include <cmath>

using namespace mlir;
using namespace llmc::interpret;
namespace model = llmc::model;

namespace {

/// The shape of one attention, with access to a head's rows.
struct Heads {
  int64_t batch, sequence, heads, kvHeads, size, window;

  template <typename OpT> static Heads of(OpT op, const Tensor &query) {
    return {query.shape[0],
            query.shape[1],
            static_cast<int64_t>(op.getHeads()),
            static_cast<int64_t>(op.getKvHeads()),
            query.shape[2] / static_cast<int64_t>(op.getHeads()),
            static_cast<int64_t>(op.getWindow().value_or(query.shape[1]))};
  }
  /// The head's channels at one position; works for queries and keys.
  template <typename TensorT>
  auto *at(TensorT &tensor, int64_t b, int64_t t, int64_t head) const {
    return tensor.row(b * sequence + t) + head * size;
  }
  int64_t kvHead(int64_t head) const { return head / (heads / kvHeads); }
  /// A query at `t` sees itself and the `window` - 1 positions before.
  int64_t firstKey(int64_t t) const {
    return std::max<int64_t>(0, t - window + 1);
  }
  double dot(const double *a, const double *b) const {
    double sum = 0.0;
    for (int64_t c = 0; c < size; ++c)
      sum += a[c] * b[c];
    return sum;
  }
  double scale() const { return 1.0 / std::sqrt(static_cast<double>(size)); }
};

LogicalResult attention(model::AttentionOp op, Operands operands,
                        Results results) {
  const Tensor &query = *operands[0], &key = *operands[1];
  const Tensor &value = *operands[2];
  Heads shape = Heads::of(op, query);
  for (int64_t b = 0; b < shape.batch; ++b)
    for (int64_t h = 0; h < shape.heads; ++h)
      for (int64_t t = 0; t < shape.sequence; ++t) {
        const double *q = shape.at(query, b, t, h);
        std::vector<double> scores;
        for (int64_t s = shape.firstKey(t); s <= t; ++s)
          scores.push_back(shape.scale() *
                           shape.dot(q, shape.at(key, b, s, shape.kvHead(h))));
        double largest = *std::max_element(scores.begin(), scores.end());
        double sum = 0.0;
        for (double score : scores)
          sum += std::exp(score - largest);
        double lse = largest + std::log(sum);
        double *output = shape.at(results[0], b, t, h);
        for (int64_t s = shape.firstKey(t); s <= t; ++s) {
          double p = std::exp(scores[s - shape.firstKey(t)] - lse);
          const double *v = shape.at(value, b, s, shape.kvHead(h));
          for (int64_t c = 0; c < shape.size; ++c)
            output[c] += p * v[c];
        }
        if (results.size() > 1)
          results[1].row(b * shape.heads + h)[t] = lse;
      }
  return success();
}

/// delta[b,h,t] = sum over the head's channels of output * grad.
void attentionDelta(const Tensor &output, const Tensor &grad, int64_t heads,
                    Tensor &delta) {
  const int64_t sequence = output.shape[1];
  const int64_t size = output.columns() / heads;
  for (int64_t r = 0; r < output.rows(); ++r)
    for (int64_t c = 0; c < output.columns(); ++c)
      delta.row(r / sequence * heads + c / size)[r % sequence] +=
          output.row(r)[c] * grad.row(r)[c];
}

/// Adds the gradients to those of queryGrad, keyGrad, valueGrad that are
/// wanted. `grad` is that of the attention's output; lse and delta are
/// [B, H, T].
void attentionBackward(const Heads &shape, const Tensor &query,
                       const Tensor &key, const Tensor &value,
                       const Tensor &grad, const Tensor &lse,
                       const Tensor &delta, Tensor *queryGrad, Tensor *keyGrad,
                       Tensor *valueGrad) {
  for (int64_t b = 0; b < shape.batch; ++b)
    for (int64_t h = 0; h < shape.heads; ++h)
      for (int64_t t = 0; t < shape.sequence; ++t)
        for (int64_t s = shape.firstKey(t); s <= t; ++s) {
          const int64_t kv = shape.kvHead(h);
          const double *q = shape.at(query, b, t, h);
          const double *k = shape.at(key, b, s, kv);
          const double *dy = shape.at(grad, b, t, h);
          const int64_t row = b * shape.heads + h;
          double p =
              std::exp(shape.scale() * shape.dot(q, k) - lse.row(row)[t]);
          double ds =
              p * shape.scale() *
              (shape.dot(dy, shape.at(value, b, s, kv)) - delta.row(row)[t]);
          for (int64_t c = 0; c < shape.size; ++c) {
            if (queryGrad)
              shape.at(*queryGrad, b, t, h)[c] += ds * k[c];
            if (keyGrad)
              shape.at(*keyGrad, b, s, kv)[c] += ds * q[c];
            if (valueGrad)
              shape.at(*valueGrad, b, s, kv)[c] += p * dy[c];
          }
        }
}

LogicalResult attentionGrad(model::AttentionGradOp op, Operands operands,
                            Results results) {
  const Tensor &query = *operands[0], &output = *operands[3];
  const Tensor &lse = *operands[4], &grad = *operands[5];
  Tensor delta(lse.shape);
  attentionDelta(output, grad, op.getHeads(), delta);
  attentionBackward(Heads::of(op, query), query, *operands[1], *operands[2],
                    grad, lse, delta, &results[0], &results[1], &results[2]);
  return success();
}

LogicalResult delta(model::AttentionDeltaOp op, Operands operands,
                    Results results) {
  attentionDelta(*operands[0], *operands[1], op.getHeads(), results[0]);
  return success();
}

LogicalResult queryGrad(model::AttentionQueryGradOp op, Operands operands,
                        Results results) {
  const Tensor &query = *operands[0];
  attentionBackward(Heads::of(op, query), query, *operands[1], *operands[2],
                    *operands[3], *operands[4], *operands[5], &results[0],
                    nullptr, nullptr);
  return success();
}

LogicalResult keyValueGrad(model::AttentionKeyValueGradOp op, Operands operands,
                           Results results) {
  const Tensor &query = *operands[0];
  attentionBackward(Heads::of(op, query), query, *operands[1], *operands[2],
                    *operands[3], *operands[4], *operands[5], nullptr,
                    &results[0], &results[1]);
  return success();
}

} // namespace

void llmc::interpret::addAttentionEvaluators(EvaluatorTable &table) {
  table.add<model::AttentionOp>(attention);
  table.add<model::AttentionDeltaOp>(delta);
  table.add<model::AttentionGradOp>(attentionGrad);
  table.add<model::AttentionKeyValueGradOp>(keyValueGrad);
  table.add<model::AttentionQueryGradOp>(queryGrad);
}
