//===- Warp.cpp - What a warp does together, and access patterns ----------===//

#include "llmc_device.h"

// c[16, 8] = a[16, 16] b[8, 16]^T + c, fragments loaded element by element.
LLMC_KERNEL(32, 1)
mma_product(const bf16 *__restrict__ a, const bf16 *__restrict__ b,
            float *__restrict__ c) {
  LLMC_ARGUMENT(a, 256);
  LLMC_ARGUMENT(b, 128);
  LLMC_ARGUMENT(c, 128);
  const int g = thread_id() / 4, t = thread_id() % 4;
  auto pair = [](const bf16 *p) {
    Pack<bf16, 2> v = load_global<bf16, 2>(p);
    return unsigned(v[0].bits) | unsigned(v[1].bits) << 16;
  };
  unsigned fa[4] = {pair(a + g * 16 + 2 * t), pair(a + (g + 8) * 16 + 2 * t),
                    pair(a + g * 16 + 2 * t + 8),
                    pair(a + (g + 8) * 16 + 2 * t + 8)};
  unsigned fb[2] = {pair(b + g * 16 + 2 * t), pair(b + g * 16 + 2 * t + 8)};
  Pack<float, 2> low = load_global<float, 2>(c + g * 8 + 2 * t);
  Pack<float, 2> high = load_global<float, 2>(c + (g + 8) * 8 + 2 * t);
  float fc[4] = {low[0], low[1], high[0], high[1]};
  mma(fc, fa, fb);
  store_global(c + g * 8 + 2 * t, Pack<float, 2>{{fc[0], fc[1]}});
  store_global(c + (g + 8) * 8 + 2 * t, Pack<float, 2>{{fc[2], fc[3]}});
}

// c[16, 8] = a[16, 8] b[8, 8]^T + c in f32, as it is or rounded to TF32 before.
template <typename Round>
static void tf32Product(const float *a, const float *b, float *c, Round round) {
  const int g = thread_id() / 4, t = thread_id() % 4;
  auto word = [&](const float *p) {
    return round(load_global<float, 1>(p)[0]);
  };
  unsigned fa[4] = {word(a + g * 8 + t), word(a + (g + 8) * 8 + t),
                    word(a + g * 8 + t + 4), word(a + (g + 8) * 8 + t + 4)};
  unsigned fb[2] = {word(b + g * 8 + t), word(b + g * 8 + t + 4)};
  Pack<float, 2> low = load_global<float, 2>(c + g * 8 + 2 * t);
  Pack<float, 2> high = load_global<float, 2>(c + (g + 8) * 8 + 2 * t);
  float fc[4] = {low[0], low[1], high[0], high[1]};
  mma_tf32(fc, fa, fb);
  store_global(c + g * 8 + 2 * t, Pack<float, 2>{{fc[0], fc[1]}});
  store_global(c + (g + 8) * 8 + 2 * t, Pack<float, 2>{{fc[2], fc[3]}});
}

LLMC_KERNEL(32, 1)
mma_tf32_rounded(const float *__restrict__ a, const float *__restrict__ b,
                 float *__restrict__ c) {
  LLMC_ARGUMENT(a, 128);
  LLMC_ARGUMENT(b, 64);
  LLMC_ARGUMENT(c, 128);
  tf32Product(a, b, c, [](float x) { return to_tf32(x); });
}

LLMC_KERNEL(32, 1)
mma_tf32_exact(const float *__restrict__ a, const float *__restrict__ b,
               float *__restrict__ c) {
  LLMC_ARGUMENT(a, 128);
  LLMC_ARGUMENT(b, 64);
  LLMC_ARGUMENT(c, 128);
  tf32Product(a, b, c, [](float x) { return __builtin_bit_cast(unsigned, x); });
}

// Four 8 x 8 matrices, row by row in x, to 4 registers a lane, plain and
// transposed: y[2, 32, 4].
LLMC_KERNEL(32, 1)
matrices(const unsigned *__restrict__ x, unsigned *__restrict__ y) {
  LLMC_SHARED(512);
  LLMC_ARGUMENT(x, 128);
  LLMC_ARGUMENT(y, 256);
  const int t = thread_id();
  store_shared(t * 16, load_global<unsigned, 4>(x + t * 4));
  barrier();
  Pack<unsigned, 4> plain, transposed;
  ldmatrix(plain.v, t * 16);
  ldmatrix_trans(transposed.v, t * 16);
  store_global(y + t * 4, plain);
  store_global(y + 128 + t * 4, transposed);
}

// y[mask, thread] for the masks 1, 2, 4, 8, 16, 31.
LLMC_KERNEL(64, 1)
shuffles(const float *__restrict__ x, float *__restrict__ y) {
  LLMC_ARGUMENT(x, 64);
  LLMC_ARGUMENT(y, 384);
  const int t = thread_id();
  float v = load_global<float, 1>(x + t)[0];
  const int masks[6] = {1, 2, 4, 8, 16, 31};
  for (int i = 0; i < 6; ++i)
    store_global(y + i * 64 + t,
                 Pack<float, 1>{{shuffle_xor(v, masks[i]) +
                                 float(shuffle_xor(t, masks[i]))}});
}

// 16-byte copies of which 0, 4, 8, 12 bytes come from x and the rest is zero.
LLMC_KERNEL(32, 1)
zero_fill(const unsigned *__restrict__ x, unsigned *__restrict__ y) {
  LLMC_SHARED(512);
  LLMC_ARGUMENT(x, 128);
  LLMC_ARGUMENT(y, 128);
  const int t = thread_id();
  const int bytes = t % 4 * 4;
  // Nothing is read where 0 bytes are asked for, so the address may be wild.
  cp_async<16>(t * 16, bytes ? x + t * 4 : x + 4000 * t, bytes);
  cp_async_commit();
  cp_async_wait<0>();
  store_global(y + t * 4, load_shared<unsigned, 4>(t * 16));
}

// Reads rows of 128 bytes by ldmatrix without a swizzle: 8 rows in one bank.
LLMC_KERNEL(32, 1)
conflicts(const unsigned *__restrict__ x, unsigned *__restrict__ y) {
  LLMC_SHARED(4096);
  LLMC_ARGUMENT(x, 1024);
  LLMC_ARGUMENT(y, 1024);
  const int t = thread_id();
  for (int i = 0; i < 8; ++i) {
    Pack<unsigned, 4> v = load_global<unsigned, 4>(x + i * 128 + t * 4);
    store_shared(i * 512 + t * 16, v);
  }
  barrier();
  unsigned r[4];
  ldmatrix(r, t * 128);
  unsigned sum = r[0] + r[1] + r[2] + r[3];
  sum += load_shared<unsigned, 1>(t * 128)[0];       // 32 rows: 31 extra
  sum += load_shared<unsigned, 1>(t * 8)[0];         // every other: 1 extra
  sum += load_shared<unsigned, 2>(t * 16)[0];        // per half warp: 2 x 1
  sum += load_shared<unsigned, 4>((t % 8) * 128)[0]; // per quarter: 4 x 7
  sum += load_shared<unsigned, 1>(0)[0];             // all the same: none
  store_global(y + t, Pack<unsigned, 1>{{sum}});
}

// What is stored and copied conflicts as what is loaded: 32 rows of one bank,
// and in quarters of a warp.
LLMC_KERNEL(32, 1)
store_conflicts(const unsigned *__restrict__ x, unsigned *) {
  LLMC_SHARED(4096);
  LLMC_ARGUMENT(x, 1024);
  const int t = thread_id();
  store_shared(t * 128 + 16, Pack<unsigned, 1>{{0}}); // 31 extra
  cp_async<16>(t * 128, x + t * 4);                   // 4 x 7
}

// Lanes that go round a loop more often than others; two sectors by turns.
LLMC_KERNEL(32, 1)
uneven_loads(const unsigned *__restrict__ x, unsigned *) {
  LLMC_ARGUMENT(x, 1024);
  const int t = thread_id();
  for (int i = 0; i < (t < 16 ? 3 : 1); ++i)
    load_global<unsigned, 1>(x + i * 32 + t);
  load_global<unsigned, 1>(x + t % 2 * 512 + t / 2 % 2);
}

// A strided read of 4 bytes every 32, a broadcast, and a dense one.
LLMC_KERNEL(32, 1)
sectors(const unsigned *__restrict__ x, unsigned *__restrict__ y) {
  LLMC_ARGUMENT(x, 1024);
  LLMC_ARGUMENT(y, 1024);
  const int t = thread_id();
  unsigned sum = load_global<unsigned, 1>(x + t * 8)[0];
  sum += load_global<unsigned, 1>(x)[0];
  sum += load_global<unsigned, 4>(x + t * 4)[0];
  if (t < 16)
    sum += load_global<unsigned, 1>(x + t * 2)[0];
  store_global(y + t * 2, Pack<unsigned, 1>{{sum}});
}

// Many accesses, for the clock.
LLMC_KERNEL(128, 1)
speed(const float *__restrict__ x, float *__restrict__ y) {
  LLMC_SHARED(2048);
  LLMC_ARGUMENT(x, 65536);
  LLMC_ARGUMENT(y, 65536);
  const int t = thread_id();
  Pack<float, 4> sum = {{0, 0, 0, 0}};
  for (int i = 0; i < 128; ++i) {
    store_shared(t * 16, load_global<float, 4>(x + (i * 128 + t) * 4));
    barrier();
    Pack<float, 4> v = load_shared<float, 4>((t ^ 1) * 16);
    for (int j = 0; j < 4; ++j)
      sum[j] += v[j];
    barrier();
  }
  store_global(y + (block_id_x() * 128 + t) * 4, sum);
}

// All threads add one to a number, each of which another may have read before:
// what is lost tells in which order threads ran.
LLMC_KERNEL(64, 1)
lost_updates(const float *__restrict__ x, float *__restrict__ y) {
  LLMC_SHARED(4);
  LLMC_ARGUMENT(x, 64);
  LLMC_ARGUMENT(y, 64);
  if (thread_id() == 0)
    store_shared(0, Pack<float, 1>{{0}});
  barrier();
  float v = load_shared<float, 1>(0)[0];
  store_shared(0, Pack<float, 1>{{v + 1}});
  barrier();
  if (thread_id() == 0)
    store_global(y + block_id_x(), load_shared<float, 1>(0));
}

// A byte beside one that nobody wrote.
LLMC_KERNEL(32, 1)
poisoned(const float *__restrict__ x, float *__restrict__ y) {
  LLMC_SHARED(64);
  LLMC_ARGUMENT(x, 32);
  LLMC_ARGUMENT(y, 32);
  const int t = thread_id();
  store_shared(t * 2, Pack<signed char, 1>{{1}});
  float v = float(load_shared<unsigned short, 1>(t * 2)[0]);
  store_global(y + t, Pack<float, 1>{{v}});
}
