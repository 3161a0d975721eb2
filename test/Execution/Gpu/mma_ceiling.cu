// What mma.sync reaches on this GPU: products of registers, nothing else. The
// ceiling of all products and of attention; a library may be faster on GPUs that
// have other instructions for it, such as Hopper's wgmma.
#include "llmc_device.h"

LLMC_KERNEL(256, 2) mma_ceiling(float *__restrict__ y) {
  LLMC_ARGUMENT(y, 270336);

  // Small numbers of either sign: what their bits are costs power.
  unsigned a[2][4], b[4][2];
  for (int i = 0; i < 8; ++i)
    a[i / 4][i % 4] = b[i / 2][i % 2] =
        0x3c003c00u ^ unsigned(thread_id() + i) * 0x80010081u;

  float c[2][4][4] = {};
  for (int round = 0; round < 2048; ++round)
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 4; ++j)
        mma(c[i][j], a[i], b[j]);

  float sum = 0;
  for (int i = 0; i < 32; ++i)
    sum += c[i / 16][i / 4 % 4][i % 4];
  store_global(y + block_id_x() * 256 + thread_id(), Pack<float, 1>{{sum}});
}

//===----------------------------------------------------------------------===//
// How kernels.py launches it. 1056 blocks of 8 warps, each of 2048 times 8
// products of 16 x 8 x 16.
//
//   const dim3 grid(1056, 1, 1);
//   const int threads = 256, sharedBytes = 0, launches = 1;
//   const double flops = 566935683072, bytes = 1081344;
