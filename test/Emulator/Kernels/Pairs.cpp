//===- Pairs.cpp - Kernels that break one rule, each beside a correct twin ===//
//
// Every body is compiled twice: `name` keeps the rules, `name_broken` breaks
// exactly the one that it is named after. x and y have 1024 elements, blocks 64
// threads.
//
//===----------------------------------------------------------------------===//

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

static void put(float *y, int i, float v) { store_global(y + i, Float1{{v}}); }
static float get(const float *x, int i) {
  return load_global<float, 1>(x + i)[0];
}

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

template <bool Broken> void dropped_barrierBody(const float *x, float *y) {
  DECLARE(1024);
  store_shared<float, 1>(t * 4, Float1{{0}});
  barrier();
  store_shared<float, 1>(t * 4, Float1{{get(x, t)}});
  if (!Broken)
    barrier();
  put(y, t, load_shared<float, 1>((63 - t) * 4)[0]);
}
PAIR(dropped_barrier)

// In some orders the write comes first, in some the read.
template <bool Broken> void one_writerBody(const float *x, float *y) {
  DECLARE(1024);
  store_shared<float, 1>(t * 4, Float1{{0}});
  barrier();
  if (t == 0)
    store_shared<float, 1>(0, Float1{{get(x, t)}});
  if (!Broken)
    barrier();
  if (t == 63)
    put(y, t, load_shared<float, 1>(0)[0]);
}
PAIR(one_writer)

// Even the lane that wrote the row: the others get its elements too.
template <bool Broken> void matrix_rowsBody(const float *x, float *y) {
  DECLARE(1024);
  store_shared<float, 4>(t * 16, Pack<float, 4>{{get(x, t), 0, 0, 0}});
  if (!Broken)
    barrier();
  unsigned r[4];
  ldmatrix(r, t * 16);
  put(y, t, float(r[0] + r[1] + r[2] + r[3]));
}
PAIR(matrix_rows)

template <bool Broken> void read_then_writeBody(const float *x, float *y) {
  DECLARE(1024);
  store_shared<float, 1>(t * 4, Float1{{get(x, t)}});
  barrier();
  put(y, t, load_shared<float, 1>((63 - t) * 4)[0]);
  if (!Broken)
    barrier();
  store_shared<float, 1>(t * 4, Float1{{1}});
}
PAIR(read_then_write)

template <bool Broken> void both_writeBody(const float *x, float *y) {
  DECLARE(1024);
  store_shared<float, 1>(Broken ? t / 2 * 4 : t * 4, Float1{{get(x, t)}});
  put(y, t, 0);
}
PAIR(both_write)

template <bool Broken> void uninitialized_sharedBody(const float *x, float *y) {
  DECLARE(1024);
  if (!Broken)
    store_shared<float, 2>(t * 8, Pack<float, 2>{{get(x, t), 0}});
  else
    store_shared<float, 1>(t * 8, Float1{{get(x, t)}});
  put(y, t, load_shared<float, 2>(t * 8)[0]);
}
PAIR(uninitialized_shared)

template <bool Broken> void out_of_boundsBody(const float *, float *) {
  LLMC_SHARED(256);
  store_shared<float, 1>(thread_id() * 4 + (Broken ? 4 : 0), Float1{{0}});
}
PAIR(out_of_bounds)

template <bool Broken> void misalignedBody(const float *, float *) {
  LLMC_SHARED(1024);
  store_shared<float, 2>(thread_id() * 8 + (Broken ? 4 : 0),
                         Pack<float, 2>{{0, 0}});
}
PAIR(misaligned)

template <bool Broken> void shared_beforeBody(const float *, float *) {
  LLMC_SHARED(256);
  store_shared<float, 1>(thread_id() * 4 - (Broken ? 4 : 0), Float1{{0}});
}
PAIR(shared_before)

// The even lanes have read first, so that theirs are the readers remembered.
template <bool Broken> void first_reader_writesBody(const float *x, float *y) {
  DECLARE(1024);
  const int at = t / 2 * 4;
  if (t % 2)
    store_shared<float, 1>(at, Float1{{get(x, t)}});
  barrier();
  float v = 0;
  if (t % 2 == 0)
    v = load_shared<float, 1>(at)[0];
  v = shuffle_xor(v, 2);
  if (t % 2)
    v = load_shared<float, 1>(at)[0];
  v = shuffle_xor(v, 2);
  if (!Broken)
    barrier();
  if (t % 2 == 0)
    store_shared<float, 1>(at, Float1{{v}});
}
PAIR(first_reader_writes)

// What ldmatrix reads, all lanes have read.
template <bool Broken> void matrix_then_writeBody(const float *x, float *y) {
  DECLARE(1024);
  store_shared<float, 4>(t * 16, Pack<float, 4>{{get(x, t), 0, 0, 0}});
  barrier();
  unsigned r[4];
  ldmatrix(r, t * 16);
  if (!Broken)
    barrier();
  store_shared<float, 4>(t * 16, Pack<float, 4>{{1, 0, 0, 0}});
}
PAIR(matrix_then_write)

template <bool Broken> void matrix_uninitializedBody(const float *x, float *y) {
  DECLARE(1024);
  if (!Broken || t % 32 != 7)
    store_shared<float, 4>(t * 16, Pack<float, 4>{{get(x, t), 0, 0, 0}});
  barrier();
  unsigned r[4];
  ldmatrix(r, t * 16);
}
PAIR(matrix_uninitialized)

// Row 5 of each matrix comes from elsewhere.
template <bool Broken> void matrix_spacingBody(const float *x, float *y) {
  DECLARE(1024);
  const int row = Broken && t % 8 == 5 ? t ^ 2 : t;
  cp_async<16>(t * 16, x + row * 8);
  cp_async_commit();
  cp_async_wait<0>();
  barrier();
  unsigned r[4];
  ldmatrix(r, t * 16);
}
PAIR(matrix_spacing)

// Zeros beyond an edge, rows that a thread has stored and copies of fewer bytes
// have no place in global memory, even where a copy was before.
template <bool Broken> void matrix_edgeBody(const float *x, float *y) {
  DECLARE(1024);
  cp_async<16>(t * 16, x + (t ^ 1) * 4);
  cp_async_commit();
  cp_async_wait<0>();
  barrier();
  if (t % 8 == 0 || t % 8 == 1)
    cp_async<16>(t * 16, x, 0);
  else if (t % 8 == 2)
    store_shared<float, 1>(t * 16, Float1{{0}});
  else if (t % 8 < (Broken ? 5 : 6))
    for (int i = 0; i < 4; ++i)
      cp_async<4>(t * 16 + i * 4, x + i);
  cp_async_commit();
  cp_async_wait<0>();
  barrier();
  unsigned r[4];
  ldmatrix(r, t * 16);
}
PAIR(matrix_edge)

// Bytes of two threads side by side are no race; one never written is found.
template <bool Broken> void single_bytesBody(const float *x, float *y) {
  DECLARE(1024);
  using Byte = Pack<signed char, 1>;
  store_shared<signed char, 1>(t, Byte{{(signed char)t}});
  barrier();
  put(y, t, float(load_shared<signed char, 1>(63 - t + (Broken ? 1 : 0))[0]));
}
PAIR(single_bytes)

template <bool Broken> void shared_sizeBody(const float *, float *) {
  LLMC_SHARED(Broken ? 2048 : 1024);
}
PAIR(shared_size)

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

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
  cp_async<4>(t * 4, x + t);
  cp_async_commit();
  cp_async_wait<0>();
  barrier();
  cp_async<4>(t * 4, x + 64 + t);
  cp_async_commit();
  cp_async_wait<0>();
  if (!Broken)
    barrier();
  put(y, t, load_shared<float, 1>((63 - t) * 4)[0]);
}
PAIR(wait_is_no_barrier)

// The other lane's wait is over when the warp has met; that orders nothing.
template <bool Broken> void waited_by_otherBody(const float *x, float *y) {
  DECLARE(1024);
  cp_async<4>(t * 4, x + t);
  cp_async_commit();
  cp_async_wait<0>();
  barrier();
  cp_async<4>(t * 4, x + 64 + t);
  cp_async_commit();
  cp_async_wait<0>();
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
  cp_async<4>(t * 4, x + t);
  cp_async_commit();
  cp_async_wait<0>();
}
PAIR(copy_over_readers)

//===----------------------------------------------------------------------===//
// Divergence
//===----------------------------------------------------------------------===//

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

//===----------------------------------------------------------------------===//
// Global memory
//===----------------------------------------------------------------------===//

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
