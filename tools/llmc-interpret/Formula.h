//===- Formula.h - weights and tokens that anyone can compute -------------===//
//
// The same integer arithmetic stands in test/Execution/formula.py, so that
// this interpreter, the compiled program and PyTorch start from the same bits.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_TOOLS_LLMCINTERPRET_FORMULA_H
#define LLMC_TOOLS_LLMCINTERPRET_FORMULA_H

#include "Tensor.h"

#include "dialects/Model/Model.h"

namespace llmc::interpret {

/// Values of a parameter which depend on its name, shape and initialiser only:
///   h = mix(element * 2654435769 + crc32(name)), all in 32 bits,
///   u = (h >> 8) / 2^23 - 1, in [-1, 1), exact in f32,
///   normal<d>: 2 d u    ones: 1 + 0.125 u    zeros: 0.03125 u
/// rounded to f32. Biases are not 0, so that they are not invisible.
/// Fails with a diagnostic on any other initialiser.
mlir::FailureOr<Tensor> formulaValues(model::ParameterOp parameter);

/// Token `position` of an endless text over `vocabulary` tokens: the same hash
/// of the position, with crc32("tokens"), modulo the vocabulary.
int64_t formulaToken(int64_t position, int64_t vocabulary);

} // namespace llmc::interpret

#endif // LLMC_TOOLS_LLMCINTERPRET_FORMULA_H
