//===- Rounding.h - Bits of numbers, and how they are rounded ---*- C++ -*-===//

#ifndef LLMC_EMULATOR_PTX_ROUNDING_H
#define LLMC_EMULATOR_PTX_ROUNDING_H

#include <cstdint>
#include <cstring>

namespace llmc::emulator::ptx {

inline uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bits;
}
inline float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

/// result = a b + c, rounded once, towards minus infinity.
void roundDown(const float *a, const float *b, const float *c,
               float (&result)[32]);

} // namespace llmc::emulator::ptx

#endif // LLMC_EMULATOR_PTX_ROUNDING_H
