//===- Ceilings.cpp - what the processors can do at most, measured --------===//

#include "device/cpu/Ceilings.h"

#include "core/Clock.h"
#include "core/Console.h"
#include "device/Arena.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace llmc::runtime {
namespace {

constexpr int rounds = 5;
constexpr double secondsOfARound = 4e-3;

//===----------------------------------------------------------------------===//
// Rounds
//===----------------------------------------------------------------------===//

/// Runs work(thread) once on every thread of the pool, all at the same time; it
/// returns a rate. The median of the rounds' sums; the first round is for
/// clocks and pages.
template <typename Work>
double medianOfRounds(ThreadPool &pool, const Work &work) {
  const auto threads = static_cast<int64_t>(pool.size());
  std::vector<double> sums;
  for (int round = 0; round <= rounds; ++round) {
    std::vector<double> rates(pool.size());
    std::atomic<int64_t> waiting{threads};
    pool.forRanges(threads, [&](int64_t first, int64_t last, unsigned thread) {
      // No thread may take two of the jobs, so each waits until all are there.
      waiting -= last - first;
      while (waiting > 0)
        std::this_thread::yield();
      rates[thread] = work(thread);
    });
    double sum = 0;
    for (double rate : rates)
      sum += rate;
    if (round > 0)
      sums.push_back(sum);
  }
  std::nth_element(sums.begin(), sums.begin() + rounds / 2, sums.end());
  return sums[rounds / 2];
}

//===----------------------------------------------------------------------===//
// Multiply-adds
//===----------------------------------------------------------------------===//

// More chains than latency times units of any processor so far, and with the
// two factors no more registers than the smallest set has.
constexpr int chains = 12;

/// `turns` multiply-adds in each chain.
template <typename Vector>
[[gnu::always_inline]] inline void multiplyAdd(int64_t turns) {
  // What the compiler does not know it cannot compute in advance.
  volatile float factor = 0.5f, summand = 0.25f;
  const Vector times = Vector{} + factor, plus = Vector{} + summand;
  Vector sums[chains];
  for (int i = 0; i < chains; ++i)
    sums[i] = plus * static_cast<float>(i);
  for (int64_t turn = 0; turn < turns; ++turn)
    for (Vector &sum : sums)
      sum = sum * times + plus;
  Vector total = sums[0];
  for (int i = 1; i < chains; ++i)
    total += sums[i];
  volatile float result = total[0];
  (void)result;
}

using Vector4 = float __attribute__((vector_size(16)));

void multiplyAddBaseline(int64_t turns) { multiplyAdd<Vector4>(turns); }

#if defined(__x86_64__)
using Vector8 = float __attribute__((vector_size(32)));
using Vector16 = float __attribute__((vector_size(64)));

[[gnu::target("avx2,fma")]] void multiplyAddAvx2(int64_t turns) {
  multiplyAdd<Vector8>(turns);
}
[[gnu::target("avx512f,fma")]] void multiplyAddAvx512(int64_t turns) {
  multiplyAdd<Vector16>(turns);
}
#endif

struct VectorUnit {
  const char *name;
  int lanes;
  void (*multiplyAdd)(int64_t turns);
};

VectorUnit widestUnit() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f"))
    return {"AVX-512", 16, multiplyAddAvx512};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return {"AVX2", 8, multiplyAddAvx2};
  return {"SSE2", 4, multiplyAddBaseline};
#else
  return {"16-byte vectors", 4, multiplyAddBaseline};
#endif
}

std::string countThreads(const ThreadPool &pool) {
  return fmt::format("{} thread{}", pool.size(), pool.size() == 1 ? "" : "s");
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// a[i] = b[i] + s * c[i], all of whole cache lines.
void triad(float *a, const float *b, const float *c, int64_t count) {
#if defined(__x86_64__)
  const __m128 s = _mm_set1_ps(0.5f);
  for (int64_t i = 0; i < count; i += 16)
    for (int64_t j = i; j < i + 16; j += 4)
      _mm_stream_ps(a + j, _mm_add_ps(_mm_load_ps(b + j),
                                      _mm_mul_ps(s, _mm_load_ps(c + j))));
  _mm_sfence();
#else
  for (int64_t i = 0; i < count; ++i)
    a[i] = b[i] + 0.5f * c[i];
#endif
}

/// Of each array: beyond the last cache that a core fills, which is less than
/// all of it on machines whose cores share it in groups.
constexpr int64_t arrayBytes = int64_t(128) << 20;

} // namespace

Peak measurePeak(ThreadPool &pool) {
  const VectorUnit unit = widestUnit();
  constexpr int64_t turns = 4096;
  double flops = medianOfRounds(pool, [&](unsigned) {
    Clock::time_point start = Clock::now();
    int64_t done = 0;
    double seconds = 0;
    do {
      unit.multiplyAdd(turns);
      done += turns;
      seconds = secondsSince(start);
    } while (seconds < secondsOfARound);
    return static_cast<double>(done * chains * unit.lanes * 2) / seconds;
  });
  return {flops, fmt::format("f32 multiply-adds in {} registers, {}, measured "
                             "at start",
                             unit.name, countThreads(pool))};
}

Bandwidth measureBandwidth(ThreadPool &pool) {
  const auto threads = static_cast<int64_t>(pool.size());
  constexpr int64_t lines = arrayBytes / 64;
  // Like a program's arena, in huge pages.
  const Bandwidth none{0, fmt::format("not measured: that takes {} of memory",
                                      formatBytes(3 * arrayBytes))};
  if (int64_t left = availableMemory(); left >= 0 && left < 3 * arrayBytes)
    return none;
  Result<Arena> memory = Arena::allocate("bandwidth", 3 * arrayBytes, 64);
  if (!memory.isOk())
    return none;
  auto *a = reinterpret_cast<float *>(memory->data());
  const float *b = a + arrayBytes / 4, *c = b + arrayBytes / 4;
  double rate = medianOfRounds(pool, [&](unsigned thread) {
    const int64_t first = lines * thread / threads * 16;
    const int64_t last = lines * (thread + 1) / threads * 16;
    Clock::time_point start = Clock::now();
    triad(a + first, b + first, c + first, last - first);
    return static_cast<double>(12 * (last - first)) / secondsSince(start);
  });
  return {rate, fmt::format("a = b + s c over {} each, {}, measured at start",
                            formatBytes(arrayBytes), countThreads(pool))};
}

} // namespace llmc::runtime
