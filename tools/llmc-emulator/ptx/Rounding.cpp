//===- Rounding.cpp - Rounding other than to nearest ----------------------===//
//
// Compiled with -frounding-math: the mode counts.
//
//===----------------------------------------------------------------------===//

#include "Rounding.h"

#include <cfenv>
#include <cmath>

namespace llmc::emulator::ptx {

void roundDown(const float *a, const float *b, const float *c,
               float (&result)[32]) {
  int before = std::fegetround();
  std::fesetround(FE_DOWNWARD);
  for (int lane = 0; lane < 32; ++lane)
    result[lane] = std::fma(a[lane], b[lane], c[lane]);
  std::fesetround(before);
}

} // namespace llmc::emulator::ptx
