//===- DeviceTests.cpp - thread pool, arenas and launches -----------------===//

#include "TestSupport.h"

#include "device/cpu/CpuDevice.h"

#include <algorithm>
#include <atomic>
#include <chrono>

using namespace llmc::runtime;

namespace {

TEST(ThreadPool, RunsEveryBlockOnceWhateverTheSizes) {
  for (unsigned threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (int64_t count : {0, 1, 2, 3, 64, 1000})
      for (int repeat = 0; repeat < 50; ++repeat) {
        std::vector<std::atomic<int>> hits(static_cast<size_t>(count));
        std::atomic<bool> inRange{true};
        pool.forRanges(count, [&](int64_t first, int64_t last, unsigned who) {
          if (who >= threads)
            inRange = false;
          for (int64_t i = first; i < last; ++i)
            ++hits[static_cast<size_t>(i)];
        });
        EXPECT_TRUE(inRange);
        for (const std::atomic<int> &hit : hits)
          ASSERT_EQ(hit, 1);
      }
  }
}

TEST(ThreadPool, WakesAfterSleep) {
  ThreadPool pool(3);
  std::atomic<int> sum{0};
  for (int round = 0; round < 3; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    pool.forRanges(10, [&](int64_t first, int64_t last, unsigned) {
      sum += static_cast<int>(last - first);
    });
  }
  EXPECT_EQ(sum, 30);
}

TEST(Ceilings, AreMeasuredByAllThreadsAndSayHow) {
  for (unsigned threads : {1u, 3u}) {
    ThreadPool pool(threads);
    const std::string count = ", " + std::to_string(threads) + " thread" +
                              (threads == 1 ? "," : "s,");
    Peak peak = measurePeak(pool);
    // A processor of 1 GHz that takes one product of two numbers in a cycle,
    // and more than ten times the fastest core.
    EXPECT_GT(peak.flopsPerSecond, 1e9 / threads);
    EXPECT_LT(peak.flopsPerSecond, 5e12 * threads);
    EXPECT_NE(peak.rule.find(count), std::string::npos) << peak.rule;
    Bandwidth bandwidth = measureBandwidth(pool);
    EXPECT_GT(bandwidth.bytesPerSecond, 1e8);
    EXPECT_LT(bandwidth.bytesPerSecond, 1e13);
    EXPECT_NE(bandwidth.rule.find(count), std::string::npos) << bandwidth.rule;
  }
}

TEST(Ceilings, PeakIsAboveWhatPlainCodeReaches) {
  ThreadPool pool(1);
  // Eight sums side by side: the latency of additions does not hold it up much.
  volatile float start = 1.0f, factor = 0.5f;
  float sums[8], times = factor;
  std::fill(std::begin(sums), std::end(sums), start);
  constexpr int64_t turns = 1 << 20;
  auto begin = std::chrono::steady_clock::now();
  for (int64_t turn = 0; turn < turns; ++turn)
    for (float &sum : sums)
      sum = sum * times + times;
  double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  for (float sum : sums)
    start = sum;
  EXPECT_GT(measurePeak(pool).flopsPerSecond, 16.0 * turns / seconds);
}

TEST(Arena, IsAlignedAndZero) {
  for (int64_t alignment : {64, 4096, 65536, 1 << 21}) {
    Result<Arena> arena = Arena::allocate("test", 100000, alignment);
    ASSERT_TRUE(arena.isOk()) << arena.message();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(arena->data()) %
                  static_cast<uintptr_t>(alignment),
              0u);
    EXPECT_EQ(arena->size(), 100000);
    for (int64_t i = 0; i < arena->size(); ++i)
      ASSERT_EQ(arena->data()[i], 0);
  }
}

TEST(Arena, ImpossibleSizeIsAnErrorWithARemedy) {
  EXPECT_FAILS(Arena::allocate("activations", int64_t(1) << 60, 64),
               "for the activations arena");
}

// A program of one kernel, which writes each block's linear index and checks
// that its workspace is its own while it runs.
struct Grid {
  std::atomic<bool> sharedWorkspace{false};
  std::vector<int64_t> order = std::vector<int64_t>(2 * 3 * 4);
};

void gridKernel(void **args, int64_t x, int64_t y, int64_t z, void *workspace) {
  auto *grid = static_cast<Grid *>(args[0]);
  int64_t index = x + 2 * (y + 3 * z);
  auto *scratch = static_cast<volatile int64_t *>(workspace);
  for (int i = 0; i < 8; ++i)
    scratch[i] = index;
  std::this_thread::yield();
  for (int i = 0; i < 8; ++i)
    if (scratch[i] != index)
      grid->sharedWorkspace = true;
  grid->order[static_cast<size_t>(index)] = index;
}

Grid *currentGrid;
void gridEntry(LlmcContext *context) {
  void *args[] = {currentGrid};
  llmcLaunch(context, 0, args);
}

TEST(CpuDevice, LaunchRunsTheGridAndCountsIt) {
  const LlmcArena arenas[] = {{"io", 64, LlmcArenaIo, 64, 0, 0},
                              {"workspace", 64, LlmcArenaWorkspace, 16, 0, 0}};
  const LlmcKernel kernels[] = {
      {"grid", "test", gridKernel, 2, 3, 4, 0, 0, "grid", -1, 0, 0, 1, 0}};
  LlmcProgram program{};
  program.numArenas = 2;
  program.arenas = arenas;
  program.numKernels = 1;
  program.kernels = kernels;
  ThreadPool pool(4);
  CpuDevice device(program, pool);
  EXPECT_EQ(device.plannedBytes(), 64 + 4 * 64);
  EXPECT_OK(device.allocate());
  device.startProfile();
  Grid grid;
  currentGrid = &grid;
  for (int repeat = 0; repeat < 20; ++repeat)
    EXPECT_OK(device.run(gridEntry));
  for (int64_t i = 0; i < 24; ++i)
    EXPECT_EQ(grid.order[static_cast<size_t>(i)], i);
  EXPECT_FALSE(grid.sharedWorkspace);
  EXPECT_EQ(device.profile()[0].calls, 20);
  EXPECT_GT(device.profile()[0].seconds, 0);
}

// Two buckets of moments go through two places, as the compiler would have it;
// each step adds one.
constexpr int64_t bucketFloats = 1 << 18;
const LlmcCopy transfers[] = {{"in 0", bucketFloats * 4, LlmcCopyToDevice},
                              {"in 1", bucketFloats * 4, LlmcCopyToDevice},
                              {"out 0", bucketFloats * 4, LlmcCopyToHost},
                              {"out 1", bucketFloats * 4, LlmcCopyToHost}};

void addOne(void **args, int64_t x, int64_t, int64_t, void *) {
  float *place = static_cast<float *>(args[0]) + x * (bucketFloats / 8);
  for (int64_t i = 0; i < bucketFloats / 8; ++i)
    place[i] += 1;
}

void offloadingEntry(LlmcContext *c) {
  float *home[2], *place[2];
  for (int64_t i : {0, 1}) {
    home[i] = static_cast<float *>(c->arenas[0]) + i * bucketFloats;
    place[i] = static_cast<float *>(c->arenas[1]) + i * bucketFloats;
  }
  llmcStartCopy(c, 0, home[0], place[0]);
  for (int64_t i : {0, 1}) {
    if (i == 0)
      llmcStartCopy(c, 1, home[1], place[1]);
    llmcWaitCopy(c, i);
    void *args[] = {place[i]};
    llmcLaunch(c, 0, args);
    llmcStartCopy(c, 2 + i, place[i], home[i]);
  }
  llmcWaitCopy(c, 2);
  llmcWaitCopy(c, 3);
}

TEST(CpuDevice, StateOfTheHostPassesThroughTheDevice) {
  const LlmcArena arenas[] = {
      {"optimizer m", 2 * bucketFloats * 4, LlmcArenaMoment1, 64, 0, 1},
      {"staging", 2 * bucketFloats * 4, LlmcArenaStaging, 64, 0, 0}};
  const LlmcKernel kernels[] = {
      {"add", "test", addOne, 8, 1, 1, 0, 0, "add", -1, 0, 0, 1, 0}};
  LlmcProgram program{};
  program.numArenas = 2;
  program.arenas = arenas;
  program.numKernels = 1;
  program.kernels = kernels;
  program.numCopies = 4;
  program.copies = transfers;
  ThreadPool pool(2);
  CpuDevice device(program, pool);
  EXPECT_EQ(device.plannedBytes(), 2 * bucketFloats * 4);
  EXPECT_EQ(device.hostBytes(), 2 * bucketFloats * 4);
  EXPECT_OK(device.allocate());
  const float first = 0.5f;
  EXPECT_OK(device.write(LlmcArenaMoment1, 4 * bucketFloats, &first, 4));
  for (int step = 0; step < 20; ++step)
    EXPECT_OK(device.run(offloadingEntry));
  std::vector<float> values(2 * bucketFloats);
  EXPECT_OK(
      device.read(LlmcArenaMoment1, 0, values.data(), 2 * bucketFloats * 4));
  EXPECT_EQ(values[bucketFloats], 20.5f);
  values[bucketFloats] = 20;
  EXPECT_EQ(values, std::vector<float>(2 * bucketFloats, 20));
}

TEST(CpuDevice, TooLargeAPlanSaysWhatIsAvailable) {
  const LlmcArena arenas[] = {
      {"activations", int64_t(1) << 50, LlmcArenaActivation, 64, 0, 0}};
  LlmcProgram program{};
  program.numArenas = 1;
  program.arenas = arenas;
  ThreadPool pool(1);
  EXPECT_FAILS(CpuDevice(program, pool).allocate(),
               "the program needs 1024 TiB of memory");
}

} // namespace
