//===- Pairs.h - Kernels that break one rule, each beside a correct twin --===//
//
// Every body is compiled twice: `name` keeps the rules, `name_broken` breaks
// exactly the one that it is named after. x and y have 1024 elements, blocks 64
// threads.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_TEST_EMULATOR_KERNELS_PAIRS_H
#define LLMC_TEST_EMULATOR_KERNELS_PAIRS_H

#include "llmc_device.h"

#define PAIR(name)                                                             \
  LLMC_KERNEL(64, 1)                                                           \
  name(const float *__restrict__ x, float *__restrict__ y) {                   \
    name##Body<false>(x, y);                                                   \
  }                                                                            \
  LLMC_KERNEL(64, 1)                                                           \
  name##_broken(const float *__restrict__ x, float *__restrict__ y) {          \
    name##Body<true>(x, y);                                                    \
  }

#define DECLARE(bytes)                                                         \
  LLMC_SHARED(bytes);                                                          \
  LLMC_ARGUMENT(x, 1024);                                                      \
  LLMC_ARGUMENT(y, 1024);                                                      \
  const int t = thread_id();                                                   \
  const int b = block_id_x();                                                  \
  (void)t, (void)b

using Float1 = Pack<float, 1>;

static inline void put(float *y, int i, float v) {
  store_global(y + i, Float1{{v}});
}
static inline float get(const float *x, int i) {
  return load_global<float, 1>(x + i)[0];
}

#endif // LLMC_TEST_EMULATOR_KERNELS_PAIRS_H
