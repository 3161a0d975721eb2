//===- CopyPairs.cpp - Rules of asynchronous copies ---------------------===//

#include "Pairs.h"

/// A float for each thread, which waits for its own.
static inline void copyAndWait(const float *x) {
  cp_async<4>(thread_id() * 4, x + thread_id());
  cp_async_commit();
  cp_async_wait<0>();
}

template <bool Broken> void wait_too_lateBody(const float *x, float *y) {
  DECLARE(1024);
  cp_async<4>(t * 4, x + t);
  cp_async_commit();
  cp_async<4>(256 + t * 4, x + 64 + t);
  cp_async_commit();
  cp_async_wait<Broken ? 2 : 1>();
  put(y, t, load_shared<float, 1>(t * 4)[0]);
}
PAIR(wait_too_late)

template <bool Broken> void forgotten_commitBody(const float *x, float *y) {
  DECLARE(1024);
  cp_async<4>(t * 4, x + t);
  if (!Broken)
    cp_async_commit();
  cp_async_wait<0>();
  put(y, t, load_shared<float, 1>(t * 4)[0]);
}
PAIR(forgotten_commit)

template <bool Broken> void wait_is_no_barrierBody(const float *x, float *y) {
  DECLARE(1024);
  copyAndWait(x);
  barrier();
  copyAndWait(x + 64);
  if (!Broken)
    barrier();
  put(y, t, load_shared<float, 1>((63 - t) * 4)[0]);
}
PAIR(wait_is_no_barrier)

// The other lane's wait is over when the warp has met; that orders nothing.
template <bool Broken> void waited_by_otherBody(const float *x, float *y) {
  DECLARE(1024);
  copyAndWait(x);
  barrier();
  copyAndWait(x + 64);
  float v = shuffle_xor(float(t), 1);
  if (!Broken)
    barrier();
  put(y, t, v + load_shared<float, 1>((t ^ 1) * 4)[0]);
}
PAIR(waited_by_other)

template <bool Broken> void copy_misalignedBody(const float *x, float *) {
  LLMC_SHARED(1024);
  LLMC_ARGUMENT(x, 1024);
  cp_async<8>(thread_id() * 8, x + thread_id() * 2 + (Broken ? 1 : 0));
}
PAIR(copy_misaligned)

template <bool Broken> void copy_source_bytesBody(const float *x, float *) {
  LLMC_SHARED(1024);
  LLMC_ARGUMENT(x, 1024);
  cp_async<4>(thread_id() * 4, x + thread_id() * 2, Broken ? 8 : 4);
}
PAIR(copy_source_bytes)

template <bool Broken> void copy_negativeBody(const float *x, float *) {
  LLMC_SHARED(1024);
  LLMC_ARGUMENT(x, 1024);
  cp_async<4>(thread_id() * 4, x + thread_id() * 2, Broken ? -4 : 0);
}
PAIR(copy_negative)

template <bool Broken> void overwrites_flightBody(const float *x, float *y) {
  DECLARE(1024);
  cp_async<4>(t * 4, x + t);
  cp_async_commit();
  if (!Broken)
    cp_async_wait<0>();
  store_shared<float, 1>(t * 4, Float1{{2}});
  cp_async_wait<0>();
  put(y, t, load_shared<float, 1>(t * 4)[0]);
}
PAIR(overwrites_flight)

template <bool Broken> void copy_over_readersBody(const float *x, float *y) {
  DECLARE(1024);
  store_shared<float, 1>(t * 4, Float1{{get(x, t)}});
  barrier();
  put(y, t, load_shared<float, 1>((63 - t) * 4)[0]);
  if (!Broken)
    barrier();
  copyAndWait(x);
}
PAIR(copy_over_readers)

// The first 12 bytes of each 16, the last 4 of which were never written.
template <bool Broken> void copy_in_partBody(const float *, float *y) {
  LLMC_SHARED(1024);
  LLMC_ARGUMENT(y, 1024);
  cp_async<16>(thread_id() * 16, y + thread_id() * 4, Broken ? 12 : 8);
}
PAIR(copy_in_part)

// More copies than a thread keeps note of at once: the later ones still come.
template <bool Broken> void many_copiesBody(const float *x, float *y) {
  DECLARE(300 * 256);
  for (int i = 0; i < 300; ++i) {
    cp_async<4>((i * 64 + t) * 4, x + i);
    cp_async_commit();
  }
  cp_async_wait<2>();
  cp_async_wait<Broken ? 1 : 0>();
  put(y, t, load_shared<float, 1>((299 * 64 + t) * 4)[0]);
}
PAIR(many_copies)

// The first block ends with copies under way, which are not the second's.
LLMC_KERNEL(64, 1)
leaves_copies(const float *__restrict__ x, float *__restrict__ y) {
  DECLARE(1024);
  if (b == 0) {
    cp_async<4>(t * 4, x + t);
    return;
  }
  store_shared<float, 1>(t * 4, Float1{{7}});
  cp_async_commit();
  cp_async_wait<0>();
  put(y, t, load_shared<float, 1>(t * 4)[0]);
}
