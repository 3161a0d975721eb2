//===- GemmTests.cpp - A pipelined product, and its defects ---------------===//

#include "Fixture.h"

#include <cstdio>
#include <ctime>

using namespace llmc::emulator;

namespace {

uint16_t roundToBf16(float f) {
  uint32_t bits;
  std::memcpy(&bits, &f, 4);
  return uint16_t((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

/// x[m, k] w[n, k]^T, each sum in the order of k.
std::vector<uint16_t> product(const std::vector<uint16_t> &x,
                              const std::vector<uint16_t> &w, size_t m,
                              size_t n, size_t k) {
  std::vector<uint16_t> y(m * n);
  for (size_t i = 0; i < m; ++i)
    for (size_t j = 0; j < n; ++j) {
      float sum = 0;
      for (size_t l = 0; l < k; ++l)
        sum += bf16ToFloat(x[i * k + l]) * bf16ToFloat(w[j * k + l]);
      y[i * n + j] = roundToBf16(sum);
    }
  return y;
}

struct Gemm {
  explicit Gemm(Options options, size_t m = 128, size_t n = 128, size_t k = 160)
      : device(std::move(options)), m(m), n(n), k(k), x(randomBf16(m * k, 1)),
        w(randomBf16(n * k, 2)) {
    px = device.upload(x);
    pw = device.upload(w);
    y = device.allocate<uint16_t>(m * n);
  }
  std::string run(const char *name) {
    Engine::Shape shape = Device::shape(unsigned(n / 64), 128, 24576);
    shape.grid[1] = unsigned(m / 64);
    return device.run(name, shape, {px, pw, y});
  }
  bool isRight() const {
    return std::equal(y, y + m * n, product(x, w, m, n, k).begin());
  }
  Device device;
  size_t m, n, k;
  std::vector<uint16_t> x, w;
  uint16_t *px, *pw, *y;
};

Options counting(uint64_t seed) {
  Options options;
  options.counters = true;
  options.seed = seed;
  options.threads = 2;
  return options;
}

} // namespace

TEST(GemmTest, IsRightAndFreeOfConflicts) {
  for (uint64_t seed = 0; seed < 6; ++seed) {
    Gemm gemm(counting(seed));
    ASSERT_EQ(gemm.run("gemm_correct"), "");
    EXPECT_TRUE(gemm.isRight());
    const Counters &c = gemm.device.engine.counters["gemm_correct"];
    EXPECT_EQ(c.conflicts(), 0) << toJson(gemm.device.engine.counters);
    EXPECT_EQ(c.redundantSectors(), 0) << toJson(gemm.device.engine.counters);
    EXPECT_EQ(c.blocks, 4);
    EXPECT_EQ(c.mma, 4 * 4 * 5 * 2 * 8); // blocks, warps, tiles, k16, 32 x 32
    EXPECT_EQ(c.ldmatrix, 4 * 4 * 5 * 2 * 4);
    EXPECT_EQ(c.barriers, 4 * (5 + 2));
    EXPECT_EQ(c.copyAsyncBytes, 4 * 5 * 8192);
  }
}

// Every order of threads shows the defect, not only an unlucky one.
TEST(GemmTest, DroppedBarrier) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Gemm gemm(counting(seed));
    std::string report = gemm.run("gemm_no_barrier");
    // What is seen first depends on the order.
    EXPECT_TRUE(report.find("no barrier between") != std::string::npos ||
                report.find("no cp_async_wait covered") != std::string::npos ||
                report.find("was never written") != std::string::npos)
        << report;
  }
}

TEST(GemmTest, WaitOneStageTooLate) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Gemm gemm(counting(seed));
    std::string report = gemm.run("gemm_late_wait");
    EXPECT_NE(report.find("no cp_async_wait covered it yet"), std::string::npos)
        << report;
  }
}

TEST(GemmTest, WithoutSwizzleBanksConflict) {
  Gemm gemm(counting(0));
  ASSERT_EQ(gemm.run("gemm_no_swizzle"), "");
  EXPECT_TRUE(gemm.isRight());
  // 8 rows of 64 bytes: 4 share each bank, in ldmatrix as in no copy.
  const Counters &c = gemm.device.engine.counters["gemm_no_swizzle"];
  EXPECT_EQ(c.conflicts(), c.ldmatrix * 4 * 3);
}

TEST(GemmTest, WrongSwizzle) {
  for (const char *kernel : {"gemm_dropped_swizzle", "gemm_other_swizzle"}) {
    std::string report = Gemm(counting(0)).run(kernel);
    EXPECT_NE(report.find("ldmatrix: rows 0 and 1 of a matrix were copied from "
                          "addresses"),
              std::string::npos)
        << report;
    EXPECT_NE(report.find("not evenly spaced"), std::string::npos) << report;
    // Every access is allowed: without that check the numbers tell.
    Options options = counting(0);
    options.matrixRows = false;
    Gemm gemm(options);
    ASSERT_EQ(gemm.run(kernel), "");
    EXPECT_FALSE(gemm.isRight());
  }
}

// Whole matrices that change places are even in themselves: only the numbers
// tell.
TEST(GemmTest, SwappedChunksGiveWrongNumbers) {
  Gemm gemm(counting(0));
  ASSERT_EQ(gemm.run("gemm_swapped_chunks"), "");
  EXPECT_FALSE(gemm.isRight());
}

TEST(GemmTest, OrderDoesNotMatter) {
  Options options = counting(3);
  options.switchAtAccesses = true;
  Gemm gemm(options);
  ASSERT_EQ(gemm.run("gemm_correct"), "");
  EXPECT_TRUE(gemm.isRight());
}

// How fast the emulator is, for its README; asserts only that it is usable.
TEST(SpeedTest, AccessesAndProducts) {
  // Of this thread, as tests run beside each other.
  auto seconds = [] {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
  };
  for (bool counters : {false, true}) {
    Options options;
    options.counters = counters;
    Gemm gemm(options, 512, 512, 512);
    double start = seconds();
    ASSERT_EQ(gemm.run("gemm_large"), "");
    double time = seconds() - start;
    std::printf("one core, counters %s: a product of 268 MFLOP in %.3f s, %.0f "
                "k mma/s\n",
                counters ? "on" : "off", time, 65.536 / time);
    Device device(options);
    float *x = device.upload(std::vector<float>(65536, 1.5f));
    float *y = device.allocate<float>(65536);
    start = seconds();
    ASSERT_EQ(device.run("speed", Device::shape(64, 128, 2048), {x, y}), "");
    time = seconds() - start;
    double accesses = 64.0 * 128 * (128 * 3 + 1);
    std::printf("  accesses of 16 bytes, a third of them global, 2 barriers "
                "each 3: %.1f M/s\n",
                accesses / time * 1e-6);
    EXPECT_GT(accesses / time, 1e6);
  }
}
