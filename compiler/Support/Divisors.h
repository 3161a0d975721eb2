//===- Divisors.h - cutting extents into equal parts ----------------------===//

#ifndef LLMC_COMPILER_SUPPORT_DIVISORS_H
#define LLMC_COMPILER_SUPPORT_DIVISORS_H

#include <algorithm>
#include <cstdint>

namespace llmc {

/// The largest divisor of `value` up to `limit`; 1 for a limit below that.
inline int64_t getLargestDivisor(int64_t value, int64_t limit) {
  for (int64_t divisor = std::min(value, limit); divisor > 1; --divisor)
    if (value % divisor == 0)
      return divisor;
  return 1;
}

} // namespace llmc

#endif
