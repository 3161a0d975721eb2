//===- Formula.cpp - weights and tokens that anyone can compute -----------===//

#include "Formula.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CRC.h"

using namespace mlir;
using namespace llmc::interpret;
namespace model = llmc::model;

/// The finaliser of MurmurHash3 over a multiplicative sequence.
static uint32_t hashOf(uint64_t element, llvm::StringRef name) {
  uint32_t h = static_cast<uint32_t>(element) * 2654435769u +
               llvm::crc32(llvm::arrayRefFromStringRef(name));
  h ^= h >> 16;
  h *= 0x85EBCA6Bu;
  h ^= h >> 13;
  h *= 0xC2B2AE35u;
  h ^= h >> 16;
  return h;
}

FailureOr<Tensor> llmc::interpret::formulaValues(model::ParameterOp parameter) {
  double center = 0.0, spread = 0.0;
  Attribute init = parameter.getInit();
  if (auto normal = llvm::dyn_cast<model::NormalAttr>(init)) {
    spread = 2.0 * normal.getDeviation().convertToDouble();
  } else if (llvm::isa<model::OnesAttr>(init)) {
    center = 1.0;
    spread = 0.125;
  } else if (llvm::isa<model::ZerosAttr>(init)) {
    spread = 0.03125;
  } else {
    return parameter.emitError("no formula for the initial values ") << init;
  }
  Tensor values(llvm::cast<RankedTensorType>(parameter.getType()).getShape());
  for (int64_t i = 0; i < values.size(); ++i) {
    double u = (hashOf(i, parameter.getName()) >> 8) / 8388608.0 - 1.0;
    values.data[i] = static_cast<float>(center + spread * u);
  }
  return values;
}

int64_t llmc::interpret::formulaToken(int64_t position, int64_t vocabulary) {
  return hashOf(position, "tokens") % vocabulary;
}
