//===- Elementwise.cpp - activations, sums and products -------------------===//

#include "../Interpreter.h"

#include <cmath>

using namespace mlir;
using namespace llmc::interpret;
namespace model = llmc::model;

namespace {

// sqrt(2 / pi) and the cubic term of the tanh form of GELU (Hendrycks and
// Gimpel, "Gaussian Error Linear Units", section 2).
const double geluScale = std::sqrt(2.0 / std::acos(-1.0));
constexpr double geluCubic = 0.044715;

double gelu(double x) {
  return 0.5 * x * (1.0 + std::tanh(geluScale * (x + geluCubic * x * x * x)));
}

double geluDerivative(double x) {
  double t = std::tanh(geluScale * (x + geluCubic * x * x * x));
  double inner = geluScale * (1.0 + 3.0 * geluCubic * x * x);
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inner;
}

double silu(double x) { return x / (1.0 + std::exp(-x)); }

double siluDerivative(double x) {
  double s = 1.0 / (1.0 + std::exp(-x));
  return s * (1.0 + x * (1.0 - s));
}

double sum(double a, double b) { return a + b; }
double product(double a, double b) { return a * b; }
double geluGrad(double x, double grad) { return grad * geluDerivative(x); }
double siluGrad(double x, double grad) { return grad * siluDerivative(x); }

template <typename OpT, double (*function)(double)>
LogicalResult unary(OpT, Operands operands, Results results) {
  for (int64_t i = 0; i < results[0].size(); ++i)
    results[0].data[i] = function(operands[0]->data[i]);
  return success();
}

template <typename OpT, double (*function)(double, double)>
LogicalResult binary(OpT, Operands operands, Results results) {
  for (int64_t i = 0; i < results[0].size(); ++i)
    results[0].data[i] = function(operands[0]->data[i], operands[1]->data[i]);
  return success();
}

} // namespace

void llmc::interpret::addElementwiseEvaluators(EvaluatorTable &table) {
  table.add<model::AddOp>(binary<model::AddOp, sum>);
  table.add<model::MulOp>(binary<model::MulOp, product>);
  table.add<model::GeluOp>(unary<model::GeluOp, gelu>);
  table.add<model::GeluGradOp>(binary<model::GeluGradOp, geluGrad>);
  table.add<model::SiluOp>(unary<model::SiluOp, silu>);
  table.add<model::SiluGradOp>(binary<model::SiluGradOp, siluGrad>);
}
