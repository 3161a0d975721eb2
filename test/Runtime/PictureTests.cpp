//===- PictureTests.cpp - metrics, pictures and tables --------------------===//

#include "TestSupport.h"

#include "train/LossCurve.h"
#include "train/Metrics.h"
#include "train/Picture.h"
#include "train/Profile.h"

#include <cmath>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

class PictureTest : public DirectoryTest {};

LossHistory someHistory(int steps) {
  LossHistory history;
  for (int step = 1; step <= steps; ++step)
    history.train.push_back({double(step), 1 + 4 * std::exp(-step / 50.0)});
  for (int step = 50; step <= steps; step += 50)
    history.heldOut.push_back({double(step), 1.2 + 4 * std::exp(-step / 50.0)});
  return history;
}

uint32_t bigEndianAt(const std::string &text, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<uint8_t>(text[at + i]);
  return value;
}

/// Decodes the fixed-Huffman stream that Picture writes, as RFC 1951 states it.
std::vector<uint8_t> inflate(const std::string &zlib) {
  size_t at = 16; // the bits of the zlib header
  auto bit = [&] {
    unsigned value = static_cast<uint8_t>(zlib[at / 8]) >> at % 8 & 1;
    ++at;
    return value;
  };
  std::vector<uint8_t> data;
  EXPECT_EQ(bit(), 1u);
  EXPECT_EQ(bit(), 1u); // block type 01, lowest bit first
  EXPECT_EQ(bit(), 0u);
  for (;;) {
    unsigned code = 0, symbol = 0;
    for (int length = 1; length <= 9; ++length) {
      code = code << 1 | bit();
      if (length == 7 && code < 24) {
        symbol = 256 + code;
        break;
      }
      if (length == 8 && code >= 0x30 && code < 0xc0) {
        symbol = code - 0x30;
        break;
      }
      if (length == 8 && code >= 0xc0 && code < 0xc8) {
        symbol = 280 + code - 0xc0;
        break;
      }
      if (length == 9)
        symbol = 144 + code - 0x190;
    }
    if (symbol == 256)
      return data;
    if (symbol < 256) {
      data.push_back(static_cast<uint8_t>(symbol));
      continue;
    }
    size_t length = symbol == 285 ? 258 : symbol - 254;
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(bit(), 0u); // distance 1
    data.insert(data.end(), length, data.back());
  }
}

TEST_F(PictureTest, PngDecodesToWhatWasDrawn) {
  Picture picture(700, 40, 0x102030);
  picture.line(10, 20, 690, 20, 4, 0xff8040);
  picture.text(5, 2, 1, 0xffffff, "l");
  EXPECT_OK(picture.writePng(path("a.png")));
  std::string png = contentsOf(path("a.png"));
  ASSERT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(bigEndianAt(png, 16), 700u);
  EXPECT_EQ(bigEndianAt(png, 20), 40u);
  size_t length = bigEndianAt(png, 33);
  ASSERT_EQ(png.substr(37, 4), "IDAT");
  std::vector<uint8_t> rows = inflate(png.substr(41, length));
  const size_t stride = 700 * 3 + 1;
  ASSERT_EQ(rows.size(), 40 * stride);
  uint32_t a = 1, b = 0;
  for (uint8_t byte : rows)
    b = (b + (a = (a + byte) % 65521)) % 65521;
  EXPECT_EQ(bigEndianAt(png, 41 + length - 4), b << 16 | a);
  for (size_t row = 1; row < 40; ++row)
    for (size_t i = 1; i < stride; ++i)
      rows[row * stride + i] = static_cast<uint8_t>(
          rows[row * stride + i] + rows[(row - 1) * stride + i]);
  auto pixel = [&](size_t x, size_t y) {
    const uint8_t *p = &rows[y * stride + 1 + 3 * x];
    return p[0] << 16 | p[1] << 8 | p[2];
  };
  EXPECT_EQ(pixel(0, 39), 0x102030);
  EXPECT_EQ(pixel(350, 19), 0xff8040);
  EXPECT_EQ(pixel(350, 25), 0x102030);
  EXPECT_EQ(pixel(7, 4), 0xffffff);
  EXPECT_LT(png.size(), 8000u); // of 84,000: the runs are compressed
}

TEST_F(PictureTest, LossCurveFilesAreWritten) {
  EXPECT_OK(writeLossCurve(directory, "a<b & c", someHistory(3000)));
  std::string svg = contentsOf(path("loss.svg"));
  EXPECT_EQ(svg.substr(0, 4), "<svg");
  EXPECT_NE(svg.find("a&lt;b &amp; c"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_LT(svg.size(), 100000u); // long runs are thinned
  EXPECT_EQ(contentsOf(path("loss.png")).substr(1, 3), "PNG");
}

TEST_F(PictureTest, TerminalCurveFallsFromLeftToRight) {
  std::string text = drawLossCurve(someHistory(500), 80);
  EXPECT_NE(text.find("step 500"), std::string::npos);
  EXPECT_NE(text.find('o', text.find('\n')), std::string::npos);
  // A run of one step, and of a constant loss, can be drawn too.
  for (double loss : {0.0, 5.5}) {
    LossHistory one;
    one.train.push_back({1, loss});
    EXPECT_FALSE(drawLossCurve(one, 20).empty());
    EXPECT_OK(writeLossCurve(directory, "one", one));
    EXPECT_EQ(contentsOf(path("loss.svg")).find("nan"), std::string::npos);
  }
}

TEST_F(PictureTest, MetricsAreCutAtTheResumedStep) {
  {
    Result<Metrics> metrics = Metrics::open(directory, 0);
    ASSERT_TRUE(metrics.isOk()) << metrics.message();
    for (int64_t step = 1; step <= 5; ++step) {
      StepRecord record;
      record.step = step;
      record.loss = 0.1f * static_cast<float>(step);
      EXPECT_OK(metrics->addStep(record));
    }
    EXPECT_OK(metrics->addHeldOut(3, 1.5));
    EXPECT_OK(metrics->addHeldOut(5, 1.25));
  }
  Result<Metrics> metrics = Metrics::open(directory, 3);
  ASSERT_TRUE(metrics.isOk()) << metrics.message();
  EXPECT_EQ(metrics->lastHeldOutStep(), 3);
  Result<LossHistory> history = metrics->history();
  ASSERT_TRUE(history.isOk()) << history.message();
  ASSERT_EQ(history->train.size(), 3u);
  EXPECT_EQ(static_cast<float>(history->train[2].loss),
            0.1f * 3.0f); // bit for bit
  ASSERT_EQ(history->heldOut.size(), 1u);
  EXPECT_EQ(contentsOf(path("metrics.jsonl")).find("\"step\":4"),
            std::string::npos);
}

TEST(Profile, RatesComeFromTheKernelTable) {
  const LlmcKernel kernels[] = {
      {"fast", "m.mlir:1", nullptr, 1, 1, 1, 1000000, 4000000, "fast", -1, 0, 0,
       0, 0},
      {"slow", "m.mlir:2", nullptr, 1, 1, 1, 5000000, 1000000, "slow", -1, 0, 0,
       0, 0},
      {"unused", "m.mlir:3", nullptr, 1, 1, 1, 1, 1, "unused", -1, 0, 0, 0, 0}};
  LlmcProgram program{};
  program.numKernels = 3;
  program.kernels = kernels;
  const std::vector<KernelTime> times = {{2, 0.001}, {10, 0.05}, {0, 0}};
  std::string table =
      formatProfile(program, times, 0.1, {{4e9, "by hand"}, {16e9, "as well"}});
  EXPECT_LT(table.find("slow"), table.find("fast"));
  EXPECT_EQ(table.find("unused"), std::string::npos);
  // Calls, ms, share of the wall time; one call's MFLOP and MB; both rates and
  // their shares of 4 GFLOP/s and 16 GB/s.
  for (const char *row :
       {"slow                 10      50.00  50.0%       5.00      1.000      "
        "1.00   25.0%      0.20    1.2%  m.mlir:2\n",
        "fast                  2       1.00   1.0%       1.00      4.000      "
        "2.00   50.0%      8.00   50.0%  m.mlir:1\n",
        "all kernels                  51.00  51.0%                            "
        "1.02   25.5%      0.35    2.2%\n",
        "outside kernels              49.00  49.0%\n",
        "\npeak: 4.0 GFLOP/s, by hand\n", "\nbandwidth: 16.0 GB/s, as well\n"})
    EXPECT_NE(table.find(row), std::string::npos) << row << table;

  table = formatProfile(program, times, 0.1, {{0, "unknown"}, {0, "too"}});
  for (const char *row : {"1.00       -      0.20       -  m.mlir:2\n",
                          "\npeak: unknown\n", "\nbandwidth: too\n"})
    EXPECT_NE(table.find(row), std::string::npos) << row << table;
}

} // namespace
