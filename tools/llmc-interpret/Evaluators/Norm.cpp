//===- Norm.cpp - LayerNorm and RMSNorm -----------------------------------===//

#include "../Interpreter.h"

#include <cmath>

using namespace mlir;
using namespace llmc::interpret;
namespace model = llmc::model;

namespace {

/// (x - mean) / sqrt(variance + eps) of one row (Ba, Kiros and Hinton, "Layer
/// Normalization", equation 3); the factor 1 / sqrt(..) goes to `scale`.
std::vector<double> layerNormalized(const double *x, int64_t n, double eps,
                                    double &scale) {
  double mean = 0.0, variance = 0.0;
  for (int64_t c = 0; c < n; ++c)
    mean += x[c] / n;
  for (int64_t c = 0; c < n; ++c)
    variance += (x[c] - mean) * (x[c] - mean) / n;
  scale = 1.0 / std::sqrt(variance + eps);
  std::vector<double> normalized(n);
  for (int64_t c = 0; c < n; ++c)
    normalized[c] = (x[c] - mean) * scale;
  return normalized;
}

/// x / sqrt(mean(x^2) + eps) of one row, or of one head (Zhang and Sennrich,
/// "Root Mean Square Layer Normalization", equation 4).
std::vector<double> rmsNormalized(const double *x, int64_t n, double eps,
                                  double &scale) {
  double square = 0.0;
  for (int64_t c = 0; c < n; ++c)
    square += x[c] * x[c] / n;
  scale = 1.0 / std::sqrt(square + eps);
  std::vector<double> normalized(n);
  for (int64_t c = 0; c < n; ++c)
    normalized[c] = x[c] * scale;
  return normalized;
}

LogicalResult layerNorm(model::LayerNormOp op, Operands operands,
                        Results results) {
  const Tensor &input = *operands[0];
  double eps = op.getEps().convertToFloat(), scale;
  for (int64_t r = 0; r < input.rows(); ++r) {
    std::vector<double> normalized =
        layerNormalized(input.row(r), input.columns(), eps, scale);
    for (int64_t c = 0; c < input.columns(); ++c)
      results[0].row(r)[c] =
          normalized[c] * operands[1]->data[c] + operands[2]->data[c];
  }
  return success();
}

/// What is normed together is as long as the weight: a row, or a head of one.
LogicalResult rmsNorm(model::RMSNormOp op, Operands operands, Results results) {
  const Tensor &input = *operands[0], &weight = *operands[1];
  const int64_t n = weight.size();
  double eps = op.getEps().convertToFloat(), scale;
  for (int64_t begin = 0; begin < input.size(); begin += n) {
    std::vector<double> normalized =
        rmsNormalized(&input.data[begin], n, eps, scale);
    for (int64_t c = 0; c < n; ++c)
      results[0].data[begin + c] = normalized[c] * weight.data[c];
  }
  return success();
}

/// With n the normalized row and g = dy * weight:
///   dx = scale * (g - mean(g) - n * mean(g * n)),
/// where RMSNorm, which subtracts no mean, lacks the term mean(g).
template <typename OpT, auto normalize, bool subtractsMean>
LogicalResult inputGrad(OpT op, Operands operands, Results results) {
  const Tensor &input = *operands[0], &weight = *operands[1];
  const Tensor &grad = *operands[2];
  const int64_t n = weight.size();
  double eps = op.getEps().convertToFloat(), scale;
  for (int64_t begin = 0; begin < input.size(); begin += n) {
    std::vector<double> normalized =
        normalize(&input.data[begin], n, eps, scale);
    const double *dy = &grad.data[begin];
    double mean = 0.0, projection = 0.0;
    for (int64_t c = 0; c < n; ++c) {
      double g = dy[c] * weight.data[c];
      mean += subtractsMean ? g / n : 0.0;
      projection += g * normalized[c] / n;
    }
    for (int64_t c = 0; c < n; ++c)
      results[0].data[begin + c] =
          scale * (dy[c] * weight.data[c] - mean - normalized[c] * projection);
  }
  return success();
}

/// The result is [n], n as above, or with `splits` [S, n]: one row for each
/// range.
template <typename OpT, auto normalize>
LogicalResult weightGrad(OpT op, Operands operands, Results results) {
  const Tensor &input = *operands[0], &grad = *operands[1];
  const int64_t n = results[0].columns();
  const int64_t rangeElements = input.size() / results[0].rows();
  double eps = op.getEps().convertToFloat(), scale;
  for (int64_t begin = 0; begin < input.size(); begin += n) {
    std::vector<double> normalized =
        normalize(&input.data[begin], n, eps, scale);
    double *sums = results[0].row(begin / rangeElements);
    for (int64_t c = 0; c < n; ++c)
      sums[c] += grad.data[begin + c] * normalized[c];
  }
  return success();
}

} // namespace

void llmc::interpret::addNormEvaluators(EvaluatorTable &table) {
  table.add<model::LayerNormOp>(layerNorm);
  table.add<model::LayerNormGradOp>(
      inputGrad<model::LayerNormGradOp, layerNormalized, true>);
  table.add<model::LayerNormWeightGradOp>(
      weightGrad<model::LayerNormWeightGradOp, layerNormalized>);
  table.add<model::RMSNormOp>(rmsNorm);
  table.add<model::RMSNormGradOp>(
      inputGrad<model::RMSNormGradOp, rmsNormalized, false>);
  table.add<model::RMSNormWeightGradOp>(
      weightGrad<model::RMSNormWeightGradOp, rmsNormalized>);
}
