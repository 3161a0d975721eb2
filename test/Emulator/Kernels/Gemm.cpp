//===- Gemm.cpp - A pipelined product on tensor cores ---------------------===//
//
// y[M, N] = x[M, K] w[N, K]^T in bf16: tiles of 64 x 64 x 32, 4 warps of
// 32 x 32, 3 stages, swizzled. The variants each have one defect.
//
//===----------------------------------------------------------------------===//

#include "llmc_device.h"

enum Variant {
  Correct,
  NoBarrier,
  LateWait,
  NoSwizzle,
  DroppedSwizzle, // by the reader
  OtherSwizzle,   // of the reader
  SwappedChunks   // by the reader
};

template <int variant> static int rowChunk(int row, int chunk) {
  int swizzle = variant == NoSwizzle ? 0 : (row >> 1) & 3;
  return row * 64 + (chunk ^ swizzle) * 16;
}

template <int variant, int M, int N, int K>
static void gemm(const bf16 *x, const bf16 *w, bf16 *y) {
  LLMC_SHARED(24576);
  LLMC_ARGUMENT(x, M * K);
  LLMC_ARGUMENT(w, N * K);
  LLMC_ARGUMENT(y, M * N);
  const int t = thread_id(), lane = t & 31;
  const int warpRow = (t >> 6) * 32, warpColumn = ((t >> 5) & 1) * 32;
  const int row0 = block_id_y() * 64, column0 = block_id_x() * 64;
  constexpr int tiles = K / 32;

  auto fetch = [&](int tile) {
    const int base = tile % 3 * 8192;
    for (int i = 0; i < 2; ++i) {
      const int row = i * 32 + (t >> 2), chunk = t & 3;
      const int at = rowChunk<variant>(row, chunk);
      const int k = tile * 32 + chunk * 8;
      cp_async<16>(base + at, x + (row0 + row) * K + k);
      cp_async<16>(base + 4096 + at, w + (column0 + row) * K + k);
    }
  };

  float c[2][4][4] = {};
  for (int tile = 0; tile < 2; ++tile) {
    fetch(tile);
    cp_async_commit();
  }
  for (int tile = 0; tile < tiles; ++tile) {
    cp_async_wait<variant == LateWait ? 2 : 1>();
    if (variant != NoBarrier)
      barrier();
    if (tile + 2 < tiles)
      fetch(tile + 2);
    cp_async_commit();
    const int base = tile % 3 * 8192;
    for (int kk = 0; kk < 2; ++kk) {
      unsigned a[2][4], b[2][4];
      for (int i = 0; i < 2; ++i) {
        int row = warpRow + i * 16 + (lane & 15), chunk = 2 * kk + (lane >> 4);
        if (variant == DroppedSwizzle)
          chunk ^= (row >> 1) & 3;
        if (variant == OtherSwizzle)
          chunk ^= ((row >> 1) ^ row) & 3;
        if (variant == SwappedChunks)
          chunk ^= 1;
        ldmatrix(a[i], base + rowChunk<variant>(row, chunk));
      }
      for (int j = 0; j < 2; ++j) {
        int row = warpColumn + j * 16 + (lane & 7) + 8 * (lane >> 4);
        int chunk = 2 * kk + ((lane >> 3) & 1);
        ldmatrix(b[j], base + 4096 + rowChunk<variant>(row, chunk));
      }
      for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 4; ++j)
          mma(c[i][j], a[i], b[j >> 1] + 2 * (j & 1));
    }
  }

  // Through shared memory, rows of 128 bytes, to stores of 16 bytes.
  cp_async_wait<0>();
  barrier();
  const int g = lane >> 2, q = lane & 3;
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 4; ++j)
      for (int h = 0; h < 2; ++h) {
        const int row = warpRow + i * 16 + h * 8 + g;
        const int chunk = (warpColumn + j * 8) >> 3;
        store_shared(
            row * 128 + (chunk ^ (row & 7)) * 16 + q * 4,
            Pack<unsigned, 1>{{pack_bf16(c[i][j][2 * h], c[i][j][2 * h + 1])}});
      }
  barrier();
  for (int i = 0; i < 4; ++i) {
    const int row = i * 16 + (t >> 3), chunk = t & 7;
    store_global(y + (row0 + row) * N + column0 + chunk * 8,
                 load_shared<bf16, 8>(row * 128 + (chunk ^ (row & 7)) * 16));
  }
}

#define GEMM(name, variant, M, N, K)                                           \
  LLMC_KERNEL(128, 2)                                                          \
  name(const bf16 *__restrict__ x, const bf16 *__restrict__ w,                 \
       bf16 *__restrict__ y) {                                                 \
    gemm<variant, M, N, K>(x, w, y);                                           \
  }

GEMM(gemm_correct, Correct, 128, 128, 160)
GEMM(gemm_no_barrier, NoBarrier, 128, 128, 160)
GEMM(gemm_late_wait, LateWait, 128, 128, 160)
GEMM(gemm_no_swizzle, NoSwizzle, 128, 128, 160)
GEMM(gemm_dropped_swizzle, DroppedSwizzle, 128, 128, 160)
GEMM(gemm_other_swizzle, OtherSwizzle, 128, 128, 160)
GEMM(gemm_swapped_chunks, SwappedChunks, 128, 128, 160)
GEMM(gemm_large, Correct, 512, 512, 512)
