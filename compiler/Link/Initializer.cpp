//===- Initializer.cpp - first values as a program keeps them -------------===//

#include "compiler/Link/Initializer.h"

#include "dialects/Model/Model.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace llmc;

namespace {

double number(const llvm::APFloat &value) { return value.convertToDouble(); }

/// The part of its speed that a pair of channels keeps which turns `turns`
/// times in the scaling's positions (Grattafiori et al., 2024).
double speedKept(double turns, model::Llama3ScalingAttr scaling) {
  double low = number(scaling.getLow()), high = number(scaling.getHigh());
  double slow = 1 / number(scaling.getFactor());
  if (turns < low)
    return slow;
  if (turns > high)
    return 1;
  double share = (turns - low) / (high - low);
  return (1 - share) * slow + share;
}

/// Radians per position of each pair of channels of a head (Su et al., 2021).
std::vector<double> frequenciesOf(double theta,
                                  model::Llama3ScalingAttr scaling,
                                  int64_t headSize) {
  std::vector<double> frequencies;
  for (int64_t pair = 0; pair < headSize / 2; ++pair) {
    double exponent =
        -2.0 * static_cast<double>(pair) / static_cast<double>(headSize);
    double frequency = std::pow(theta, exponent);
    if (scaling)
      frequency *= speedKept(static_cast<double>(scaling.getPositions()) *
                                 frequency / (2 * M_PI),
                             scaling);
    frequencies.push_back(frequency);
  }
  return frequencies;
}

} // namespace

std::optional<Initializer> llmc::initializerOf(Attribute attribute,
                                               RankedTensorType type) {
  auto ropeTable = [&](LlmcInitKind kind, auto table) {
    return Initializer{kind, frequenciesOf(number(table.getTheta()),
                                           table.getScaling(),
                                           type.getShape().back())};
  };
  return llvm::TypeSwitch<Attribute, std::optional<Initializer>>(attribute)
      .Case([](model::ZerosAttr) { return Initializer{LlmcInitZeros, {}}; })
      .Case([](model::OnesAttr) { return Initializer{LlmcInitOnes, {}}; })
      .Case([](model::NormalAttr normal) {
        return Initializer{LlmcInitNormal, {number(normal.getDeviation())}};
      })
      .Case([&](model::RopeCosAttr table) {
        return ropeTable(LlmcInitRopeCos, table);
      })
      .Case([&](model::RopeSinAttr table) {
        return ropeTable(LlmcInitRopeSin, table);
      })
      .Default([](Attribute) { return std::nullopt; });
}
