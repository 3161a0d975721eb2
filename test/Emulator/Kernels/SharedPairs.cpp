//===- SharedPairs.cpp - Rules of shared memory -------------------------===//

#include "Pairs.h"

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

template <bool Broken> void matrix_outsideBody(const float *x, float *y) {
  DECLARE(1024);
  store_shared<float, 4>(t * 16, Pack<float, 4>{{get(x, t), 0, 0, 0}});
  barrier();
  unsigned r[4];
  ldmatrix(r, (t + (Broken ? 1 : 0)) * 16);
}
PAIR(matrix_outside)

template <bool Broken> void matrix_misalignedBody(const float *x, float *y) {
  DECLARE(1024);
  store_shared<float, 4>(t * 16, Pack<float, 4>{{get(x, t), 0, 0, 0}});
  barrier();
  unsigned r[4];
  ldmatrix(r, t / 2 * 16 + (Broken ? 8 : 0));
}
PAIR(matrix_misaligned)

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
  LLMC_SHARED(Broken ? 1028 : 1024);
}
PAIR(shared_size)

// Declares no shared memory, however much an earlier block did.
template <bool Broken> void undeclaredBody(const float *x, float *y) {
  LLMC_ARGUMENT(y, 1024);
  if (Broken)
    store_shared<float, 1>(0, Float1{{0}});
  put(y, thread_id(), 1);
}
PAIR(undeclared)
