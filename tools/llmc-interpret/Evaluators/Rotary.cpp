//===- Rotary.cpp - rotary position embedding, directly and by tables -----===//
//
// Su et al., "RoFormer", equation 34, in the half-split pairing of Hugging
// Face's Llama: channel c pairs with channel c + D/2 of the same head.
//
//===----------------------------------------------------------------------===//

#include "../Interpreter.h"

#include <cmath>

using namespace mlir;
using namespace llmc::interpret;
namespace model = llmc::model;

namespace {

/// By wavelengths, as transformers does it for Llama 3.
double scaled(double frequency, model::Llama3ScalingAttr scaling) {
  const double positions = scaling.getPositions();
  const double factor = scaling.getFactor().convertToDouble();
  const double low = scaling.getLow().convertToDouble();
  const double high = scaling.getHigh().convertToDouble();
  const double wavelength = 2 * M_PI / frequency;
  if (wavelength > positions / low)
    return frequency / factor;
  if (wavelength < positions / high)
    return frequency;
  double smooth = (positions / wavelength - low) / (high - low);
  return (1 - smooth) * frequency / factor + smooth * frequency;
}

double angle(int64_t position, int64_t channel, int64_t headSize, double theta,
             model::Llama3ScalingAttr scaling) {
  int64_t pair = channel % (headSize / 2);
  double frequency = std::pow(theta, -2.0 * pair / headSize);
  return position * (scaling ? scaled(frequency, scaling) : frequency);
}

LogicalResult rope(model::RopeOp op, Operands operands, Results results) {
  const Tensor &input = *operands[0];
  const int64_t size = op.getHeadSize(), half = size / 2;
  const int64_t sequence = input.shape[input.shape.size() - 2];
  const double theta = op.getTheta().convertToFloat();
  for (int64_t r = 0; r < input.rows(); ++r)
    for (int64_t head = 0; head < input.columns(); head += size)
      for (int64_t c = 0; c < half; ++c) {
        double a = angle(r % sequence, c, size, theta, op.getScalingAttr());
        double first = input.row(r)[head + c];
        double second = input.row(r)[head + c + half];
        results[0].row(r)[head + c] =
            first * std::cos(a) - second * std::sin(a);
        results[0].row(r)[head + c + half] =
            second * std::cos(a) + first * std::sin(a);
      }
  return success();
}

LogicalResult rotate(model::RotateOp op, Operands operands, Results results) {
  const Tensor &input = *operands[0], &cos = *operands[1], &sin = *operands[2];
  const int64_t size = op.getHeadSize(), half = size / 2;
  const int64_t sequence = input.shape[input.shape.size() - 2];
  const double sign = op.getInverse() ? -1.0 : 1.0;
  for (int64_t r = 0; r < input.rows(); ++r)
    for (int64_t c = 0; c < input.columns(); ++c) {
      int64_t inHead = c % size;
      int64_t swapped = c - inHead + (inHead + half) % size;
      results[0].row(r)[c] =
          input.row(r)[c] * cos.row(r % sequence)[inHead] +
          sign * input.row(r)[swapped] * sin.row(r % sequence)[inHead];
    }
  return success();
}

LogicalResult constant(model::ConstantOp op, Operands, Results results) {
  Tensor &table = results[0];
  auto cosines = llvm::dyn_cast<model::RopeCosAttr>(op.getInit());
  auto sines = llvm::dyn_cast<model::RopeSinAttr>(op.getInit());
  if (!cosines && !sines)
    return op.emitError("cannot interpret the initial values ") << op.getInit();
  double theta =
      (cosines ? cosines.getTheta() : sines.getTheta()).convertToDouble();
  model::Llama3ScalingAttr scaling =
      cosines ? cosines.getScaling() : sines.getScaling();
  const int64_t size = table.columns();
  for (int64_t t = 0; t < table.rows(); ++t)
    for (int64_t c = 0; c < size; ++c) {
      double a = angle(t, c, size, theta, scaling);
      table.row(t)[c] = cosines        ? std::cos(a)
                        : c < size / 2 ? -std::sin(a)
                                       : std::sin(a);
    }
  return success();
}

} // namespace

void llmc::interpret::addRotaryEvaluators(EvaluatorTable &table) {
  table.add<model::ConstantOp>(constant);
  table.add<model::RopeOp>(rope);
  table.add<model::RotateOp>(rotate);
}
