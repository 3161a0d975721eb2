//===- DivergencePairs.cpp - Threads that part ways ---------------------===//

#include "Pairs.h"

template <bool Broken> void ended_threadBody(const float *x, float *y) {
  DECLARE(0);
  if (Broken && t == 63)
    return;
  barrier();
  put(y, t, get(x, t));
}
PAIR(ended_thread)

template <bool Broken> void two_barriersBody(const float *x, float *y) {
  DECLARE(0);
  if (Broken && t >= 32)
    barrier();
  else
    barrier();
  put(y, t, get(x, t));
}
PAIR(two_barriers)

template <bool Broken> void parted_shuffleBody(const float *x, float *y) {
  DECLARE(0);
  float v = get(x, t);
  if (Broken && t == 5)
    v = shuffle_xor(v, 1);
  else
    v = shuffle_xor(v, 1);
  put(y, t, v);
}
PAIR(parted_shuffle)

// clang-format off: both on one line
template <bool Broken> void two_kindsBody(const float *x, float *y) {
  DECLARE(0);
  float v = get(x, t), sum[4] = {};
  const unsigned left[4] = {}, right[2] = {};
  if (Broken && t % 2) mma(sum, left, right); else v = shuffle_xor(v, 2);
  put(y, t, v + sum[0]);
}
// clang-format on
PAIR(two_kinds)

template <bool Broken> void half_a_warpBody(const float *x, float *y) {
  DECLARE(0);
  float v = get(x, t);
  if (!Broken || t < 16)
    v = shuffle_xor(v, 1);
  put(y, t, v);
}
PAIR(half_a_warp)

template <bool Broken> void wide_maskBody(const float *x, float *y) {
  DECLARE(0);
  put(y, t, shuffle_xor(get(x, t), Broken ? 32 : 16));
}
PAIR(wide_mask)
