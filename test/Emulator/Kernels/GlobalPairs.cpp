//===- GlobalPairs.cpp - Rules of global memory -------------------------===//

#include "Pairs.h"

template <bool Broken> void global_out_of_boundsBody(const float *x, float *y) {
  DECLARE(0);
  put(y, t, get(x, 960 + t + (Broken ? 1 : 0)));
}
PAIR(global_out_of_bounds)

template <bool Broken> void global_beforeBody(const float *x, float *y) {
  DECLARE(0);
  put(y, t - (Broken ? 1 : 0), get(x, t));
}
PAIR(global_before)

template <bool Broken> void global_misalignedBody(const float *x, float *y) {
  DECLARE(0);
  put(y, t, load_global<float, 2>(x + t * 2 + (Broken ? 1 : 0))[0]);
}
PAIR(global_misaligned)

template <bool Broken>
void global_store_misalignedBody(const float *x, float *y) {
  DECLARE(0);
  store_global(y + t * 2 + (Broken ? 1 : 0), Pack<float, 2>{{get(x, t), 0}});
}
PAIR(global_store_misaligned)

// The first byte is inside, the last is not.
template <bool Broken> void global_across_endBody(const float *x, float *y) {
  LLMC_ARGUMENT(x, Broken ? 1023 : 1024);
  LLMC_ARGUMENT(y, 1024);
  const int t = thread_id();
  put(y, t, load_global<float, 2>(x + 896 + t * 2)[0]);
}
PAIR(global_across_end)

template <bool Broken> void global_uninitializedBody(const float *x, float *y) {
  DECLARE(0);
  if (!Broken)
    put(y, t, 0);
  put(y, t, get(x, t) + get(y, t));
}
PAIR(global_uninitialized)

template <bool Broken> void const_argumentBody(const float *x, float *y) {
  DECLARE(0);
  put(Broken ? const_cast<float *>(x) : y, t, 1);
}
PAIR(const_argument)

template <bool Broken> void blocks_writeBody(const float *x, float *y) {
  DECLARE(0);
  put(y, Broken ? t : b * 64 + t, get(x, t));
}
PAIR(blocks_write)

template <bool Broken> void block_reads_otherBody(const float *x, float *y) {
  DECLARE(0);
  put(y, b * 64 + t, get(x, t));
  barrier();
  put(y, 256 + b * 64 + t, get(y, (Broken ? 1 - b : b) * 64 + 63 - t));
}
PAIR(block_reads_other)

template <bool Broken> void global_no_barrierBody(const float *x, float *y) {
  DECLARE(0);
  put(y, t, 0);
  barrier();
  put(y, t, get(x, t));
  if (!Broken)
    barrier();
  put(y, 64 + t, get(y, 63 - t));
}
PAIR(global_no_barrier)

template <bool Broken>
void global_read_then_writeBody(const float *x, float *y) {
  DECLARE(0);
  put(y, t, get(x, t));
  barrier();
  float v = get(y, 63 - t);
  if (!Broken)
    barrier();
  put(y, t, v);
}
PAIR(global_read_then_write)

template <bool Broken> void global_one_writerBody(const float *x, float *y) {
  DECLARE(0);
  put(y, t, 0);
  barrier();
  if (t == 0)
    put(y, 0, get(x, 0));
  if (!Broken)
    barrier();
  if (t == 63)
    put(y, t, get(y, 0));
}
PAIR(global_one_writer)

// One block reads what another writes.
template <bool Broken> void blocks_one_writerBody(const float *x, float *y) {
  DECLARE(0);
  if (b == 0)
    put(y, t, get(x, t));
  else if (t == 0)
    put(y, 1023, get(Broken ? y : x, t));
}
PAIR(blocks_one_writer)

// The same, y declared first: in place, x is no constant all the same.
LLMC_KERNEL(64, 1)
reads_other_block_first(const float *__restrict__ x, float *__restrict__ y) {
  LLMC_ARGUMENT(y, 1024);
  LLMC_ARGUMENT(x, 1024);
  const int t = thread_id(), b = block_id_x();
  put(y, b * 64 + t, get(x, (1 - b) * 64 + t));
}

// Reads past the intrinsics.
LLMC_KERNEL(64, 1)
crash(const float *__restrict__ x, float *__restrict__ y) {
  DECLARE(0);
  put(y, t, *x);
}

// Correct unless x and y are the same.
LLMC_KERNEL(64, 1)
reads_other_block(const float *__restrict__ x, float *__restrict__ y) {
  DECLARE(0);
  put(y, b * 64 + t, get(x, (1 - b) * 64 + t));
}
