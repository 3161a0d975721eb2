//===- GradientCheck.cpp - gradients against finite differences -----------===//

#include "GradientCheck.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;
using namespace llmc::interpret;
namespace model = llmc::model;

namespace {

// Below this, a gradient is compared absolutely: the rounding of the loss,
// some 1e-13 after division by the step, must not look like an error.
constexpr double smallestScale = 1e-6;

struct Mismatch {
  double error = 0.0;
  int64_t element = 0;
  double gradient = 0.0, difference = 0.0;
};

/// A thousandth of the parameter's root mean square: the truncation error is
/// its fourth power, the rounding error its inverse.
double stepOf(const Tensor &value) {
  double square = 0.0;
  for (double x : value.data)
    square += x * x / value.size();
  return 1e-3 * std::max(std::sqrt(square), 1e-2);
}

LogicalResult report(model::ParameterOp parameter, const Mismatch &worst,
                     double tolerance) {
  InFlightDiagnostic error = parameter.emitError();
  error << "gradient of parameter \"" << parameter.getName()
        << "\" differs from finite differences by "
        << llvm::formatv("{0:e2}", worst.error).str()
        << " of the largest gradient, more than "
        << llvm::formatv("{0:e0}", tolerance).str() << ": element "
        << worst.element << " is "
        << llvm::formatv("{0:e8}", worst.gradient).str() << ", the difference "
        << llvm::formatv("{0:e8}", worst.difference).str();
  for (OpOperand &use : parameter.getValue().getUses())
    error.attachNote(use.getOwner()->getLoc())
        << "operand #" << use.getOperandNumber() << " of '"
        << use.getOwner()->getName() << "'";
  return error;
}

} // namespace

LogicalResult llmc::interpret::checkGradients(
    Interpreter &interpreter, const Tensor &tokens, const Tensor &targets,
    std::vector<Tensor> values, llvm::ArrayRef<Tensor> gradients,
    const GradientCheckOptions &options, llvm::raw_ostream &os) {
  auto loss = [&]() -> FailureOr<double> {
    auto results = interpreter.run(tokens, targets, values, 1);
    if (failed(results))
      return failure();
    return (*results)[0].data[0];
  };

  bool good = true;
  for (auto [constParameter, value, gradient] :
       llvm::zip_equal(interpreter.parameters(), values, gradients)) {
    model::ParameterOp parameter = constParameter;
    const double step = stepOf(value);
    const int64_t count = options.samples > 0
                              ? std::min(options.samples, value.size())
                              : value.size();
    double scale = smallestScale;
    for (double g : gradient.data)
      scale = std::max(scale, std::abs(g));
    Mismatch worst;
    for (int64_t sample = 0; sample < count; ++sample) {
      const int64_t element = sample * value.size() / count;
      const double center = value.data[element];
      double difference = 0.0;
      for (auto [offset, weight] :
           {std::pair(-2, 1.0), {-1, -8.0}, {1, 8.0}, {2, -1.0}}) {
        value.data[element] = center + offset * step;
        FailureOr<double> at = loss();
        if (failed(at))
          return failure();
        difference += weight * *at / (12.0 * step);
      }
      value.data[element] = center;
      double error = std::abs(difference - gradient.data[element]) /
                     std::max(scale, std::abs(difference));
      if (!(error <= worst.error)) // A NaN is the worst of all.
        worst = {error, element, gradient.data[element], difference};
    }
    os << "gradient " << parameter.getName() << ": " << count << " of "
       << value.size() << " elements, largest " << llvm::format("%.3e", scale)
       << ", relative error " << llvm::format("%.1e", worst.error) << "\n";
    if (!(worst.error <= options.tolerance)) {
      (void)report(parameter, worst, options.tolerance);
      good = false;
    }
  }
  return success(good);
}
