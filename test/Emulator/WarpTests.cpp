//===- WarpTests.cpp - mma, ldmatrix, shuffles, cp_async, counters --------===//

#include "Fixture.h"

#include "tools/llmc-emulator/ptx/Rounding.h"

using namespace llmc::emulator;

// Against a plain product, to the bit: sums in the order of k.
TEST(Warp, MmaIsAProduct) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    Device device;
    std::vector<uint16_t> a = randomBf16(256, seed), b = randomBf16(128, ~seed);
    std::vector<float> c(128);
    for (size_t i = 0; i < c.size(); ++i)
      c[i] = float(i) * 0.37f - 11;
    uint16_t *pa = device.upload(a), *pb = device.upload(b);
    float *pc = device.upload(c);
    ASSERT_EQ(device.run("mma_product", Device::shape(1, 32, 0), {pa, pb, pc}),
              "");
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 8; ++j) {
        float sum = c[size_t(i * 8 + j)];
        for (int k = 0; k < 16; ++k) {
          float product = bf16ToFloat(a[size_t(i * 16 + k)]) *
                          bf16ToFloat(b[size_t(j * 16 + k)]);
          sum += product;
        }
        ASSERT_EQ(sum, pc[i * 8 + j]) << i << ", " << j;
      }
    EXPECT_EQ(device.engine.counters["mma_product"].mma, 1);
  }
}

// Against a plain product of rounded operands, to the bit; what is not rounded
// loses its low bits, as in the hardware.
TEST(Warp, MmaTf32IsAProduct) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    Device device;
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-3, 3);
    std::vector<float> a(128), b(64), c(128);
    for (std::vector<float> *values : {&a, &b, &c})
      for (float &value : *values)
        value = uniform(random);
    float *pa = device.upload(a), *pb = device.upload(b),
          *pc = device.upload(c);
    const bool rounds = seed % 2 == 0;
    const char *kernel = rounds ? "mma_tf32_rounded" : "mma_tf32_exact";
    ASSERT_EQ(device.run(kernel, Device::shape(1, 32, 0), {pa, pb, pc}), "");
    auto operand = [&](float value) {
      return ptx::floatOf((ptx::bitsOf(value) + (rounds ? 0x1000u : 0)) &
                          0xffffe000u);
    };
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 8; ++j) {
        float sum = c[size_t(i * 8 + j)];
        for (int k = 0; k < 8; ++k) {
          float product =
              operand(a[size_t(i * 8 + k)]) * operand(b[size_t(j * 8 + k)]);
          sum += product;
        }
        ASSERT_EQ(sum, pc[i * 8 + j]) << i << ", " << j;
      }
    EXPECT_EQ(device.engine.counters[kernel].mma, 1);
  }
}

TEST(Warp, LdmatrixGivesRowsAndColumns) {
  Device device;
  std::vector<uint16_t> elements(256); // [matrix, row, column]
  for (size_t i = 0; i < elements.size(); ++i)
    elements[i] = uint16_t(i * 257);
  uint16_t *x = device.upload(elements);
  auto *y = device.allocate<uint16_t>(512); // [plain or not, lane, register, 2]
  ASSERT_EQ(device.run("matrices", Device::shape(1, 32, 512), {x, y}), "");
  for (int lane = 0; lane < 32; ++lane)
    for (int m = 0; m < 4; ++m)
      for (int half = 0; half < 2; ++half) {
        int at = (lane * 4 + m) * 2 + half;
        int row = lane / 4, column = lane % 4 * 2 + half;
        EXPECT_EQ(y[at], elements[size_t(m * 64 + row * 8 + column)]);
        EXPECT_EQ(y[256 + at], elements[size_t(m * 64 + column * 8 + row)]);
      }
}

TEST(Warp, ShufflesExchange) {
  Device device;
  std::vector<float> values(64);
  for (size_t i = 0; i < 64; ++i)
    values[i] = float(i * i) + 0.5f;
  float *x = device.upload(values), *y = device.allocate<float>(384);
  ASSERT_EQ(device.run("shuffles", Device::shape(1, 64, 0), {x, y}), "");
  const int masks[6] = {1, 2, 4, 8, 16, 31};
  for (int i = 0; i < 6; ++i)
    for (int t = 0; t < 64; ++t)
      EXPECT_EQ(y[i * 64 + t],
                values[size_t(t ^ masks[i])] + float(t ^ masks[i]));
  EXPECT_EQ(device.engine.counters["shuffles"].shuffles, 2 * 6 * 2);
}

TEST(Warp, CopiesFillWithZeros) {
  Device device;
  std::vector<uint32_t> values(128);
  for (size_t i = 0; i < 128; ++i)
    values[i] = uint32_t(i + 1000);
  uint32_t *x = device.upload(values), *y = device.allocate<uint32_t>(128);
  ASSERT_EQ(device.run("zero_fill", Device::shape(1, 32, 512), {x, y}), "");
  for (int t = 0; t < 32; ++t)
    for (int i = 0; i < 4; ++i)
      EXPECT_EQ(y[t * 4 + i], i < t % 4 ? values[size_t(t * 4 + i)] : 0u);
}

//===----------------------------------------------------------------------===//
// Counters
//===----------------------------------------------------------------------===//

static Options counting() {
  Options options;
  options.counters = true;
  return options;
}

TEST(CounterTest, BankConflicts) {
  Device device(counting());
  uint32_t *x = device.upload(std::vector<uint32_t>(1024));
  uint32_t *y = device.allocate<uint32_t>(1024);
  ASSERT_EQ(device.run("conflicts", Device::shape(1, 32, 4096), {x, y}), "");
  const Counters &c = device.engine.counters["conflicts"];
  // ldmatrix 4 x 7; then as the kernel's comments say.
  EXPECT_EQ(c.conflicts(), 28 + 31 + 1 + 2 + 28);
  EXPECT_EQ(c.ldmatrix, 1);
  EXPECT_EQ(c.barriers, 1);
  EXPECT_EQ(c.redundantSectors(), 0);
}

TEST(CounterTest, ConflictsOfStores) {
  Device device(counting());
  uint32_t *x = device.upload(std::vector<uint32_t>(1024));
  ASSERT_EQ(device.run("store_conflicts", Device::shape(1, 32, 4096), {x, x}),
            "");
  std::map<Access, int64_t> conflicts;
  for (const auto &[site, line] :
       device.engine.counters["store_conflicts"].lines)
    conflicts[Access(site >> 5 & 7)] += line.conflicts;
  EXPECT_EQ(conflicts[Access::StoreShared], 31);
  EXPECT_EQ(conflicts[Access::CopyAsyncShared], 28);
}

TEST(CounterTest, UnevenLanes) {
  Device device(counting());
  uint32_t *x = device.upload(std::vector<uint32_t>(1024));
  ASSERT_EQ(device.run("uneven_loads", Device::shape(1, 32, 0), {x, x}), "");
  const Counters &c = device.engine.counters["uneven_loads"];
  // 32 lanes dense, then twice 16 of them; the last, 16 bytes of two sectors.
  EXPECT_EQ(c.sectors(false), 4 + 2 + 2 + 2);
  EXPECT_EQ(c.redundantSectors(false), 1);
  int64_t accesses = 0;
  for (const auto &[site, line] : c.lines)
    accesses += line.accesses;
  EXPECT_EQ(accesses, 3 + 1);
}

TEST(CounterTest, Sectors) {
  Device device(counting());
  uint32_t *x = device.upload(std::vector<uint32_t>(1024));
  uint32_t *y = device.allocate<uint32_t>(1024);
  ASSERT_EQ(device.run("sectors", Device::shape(1, 32, 0), {x, y}), "");
  const Counters &c = device.engine.counters["sectors"];
  // Loads: 32 sectors for 128 bytes; 1 for 4; 16 for 512; 4 for 64 bytes.
  EXPECT_EQ(c.sectors(false), 32 + 1 + 16 + 4);
  EXPECT_EQ(c.redundantSectors(false), 28 + 0 + 0 + 2);
  // The store: every other element, 8 sectors for 128 bytes.
  EXPECT_EQ(c.sectors(true), 8);
  EXPECT_EQ(c.redundantSectors(true), 4);
}

TEST(CounterTest, Report) {
  Device device(counting());
  uint32_t *x = device.upload(std::vector<uint32_t>(1024));
  uint32_t *y = device.allocate<uint32_t>(1024);
  for (int i = 0; i < 2; ++i)
    ASSERT_EQ(
        device.run("sectors", Device::shape(3, 32, 0), {x, y}).substr(0, 6),
        "kernel"); // blocks write the same elements
  std::string json = toJson(device.engine.counters);
  EXPECT_NE(json.find("{\"name\": \"sectors\", \"launches\": 2"),
            std::string::npos)
      << json;
}
