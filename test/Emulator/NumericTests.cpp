//===- NumericTests.cpp - Arithmetic of the emulation's llmc_device.h -----===//

#include "tools/llmc-emulator/include/llmc_device.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>

static float fromBits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

// Every bf16 survives the way to f32 and back; a NaN becomes the device's.
TEST(Numeric, EveryBf16) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    bf16 value{(unsigned short)bits};
    float wide = to_float(value);
    if (std::isnan(wide))
      EXPECT_EQ(to_bf16(wide).bits, 0x7fff);
    else
      EXPECT_EQ(to_bf16(wide).bits, bits);
  }
}

/// The nearest bf16 by looking at both neighbours; of two as near the even one.
static uint16_t nearest(float f) {
  uint32_t bits;
  std::memcpy(&bits, &f, 4);
  uint16_t down = uint16_t(bits >> 16), up = uint16_t(down + 1);
  double low = fromBits(uint32_t(down) << 16);
  // Beyond the largest number the next step counts, though it is infinity.
  double high = (up & 0x7fff) == 0x7f80
                    ? std::copysign(std::ldexp(1.0, 128), low)
                    : double(fromBits(uint32_t(up) << 16));
  double toLow = std::fabs(double(f) - low), toHigh = std::fabs(high - f);
  if (toLow != toHigh)
    return toLow < toHigh ? down : up;
  return down & 1 ? up : down;
}

TEST(Numeric, Bf16RoundsToNearestEven) {
  std::mt19937 generator(7);
  for (int i = 0; i < 2000000; ++i) {
    float f = fromBits(uint32_t(generator()));
    if (std::isfinite(f))
      ASSERT_EQ(to_bf16(f).bits, nearest(f)) << f;
  }
  // Halfway between two, and a bit to either side.
  for (uint32_t high = 0; high < 65536; ++high)
    for (uint32_t low : {0x7fffu, 0x8000u, 0x8001u}) {
      float f = fromBits(high << 16 | low);
      if (std::isfinite(f))
        ASSERT_EQ(to_bf16(f).bits, nearest(f)) << f;
    }
  EXPECT_EQ(to_bf16(INFINITY).bits, 0x7f80);
  EXPECT_EQ(to_bf16(-INFINITY).bits, 0xff80);
}

// Against both neighbours of 10 bits of fraction; halfway goes away from zero.
TEST(Numeric, Tf32RoundsToNearestAway) {
  auto check = [](uint32_t bits) {
    float f = fromBits(bits);
    if (!std::isfinite(f))
      return;
    uint32_t down = bits & ~0x1fffu, up = down + 0x2000;
    double low = fromBits(down);
    double high = (up & 0x7fffffff) == 0x7f800000
                      ? std::copysign(std::ldexp(1.0, 128), low)
                      : double(fromBits(up));
    double toLow = std::fabs(double(f) - low), toHigh = std::fabs(high - f);
    ASSERT_EQ(to_tf32(f), toLow < toHigh ? down : up) << f;
    ASSERT_EQ(to_tf32(bits), to_tf32(f)) << f;
  };
  std::mt19937 generator(9);
  for (int i = 0; i < 1000000; ++i)
    check(uint32_t(generator()));
  for (uint32_t high = 0; high < 1u << 19; ++high)
    for (uint32_t low : {0u, 0xfffu, 0x1000u, 0x1001u})
      check(high << 13 | low);
  EXPECT_EQ(to_tf32(INFINITY), 0x7f800000u);
  EXPECT_EQ(to_tf32(-INFINITY), 0xff800000u);
  EXPECT_EQ(to_tf32(NAN), 0x7fffffffu);
}

TEST(Numeric, PackPutsLowFirst) {
  EXPECT_EQ(pack_bf16(1.0f, -2.0f), 0xc0003f80u);
}

TEST(Numeric, MaxAndMinPreferNumbers) {
  EXPECT_EQ(max_f32(NAN, 1.0f), 1.0f);
  EXPECT_EQ(max_f32(1.0f, NAN), 1.0f);
  EXPECT_EQ(min_f32(NAN, 1.0f), 1.0f);
  EXPECT_EQ(min_f32(1.0f, NAN), 1.0f);
  EXPECT_EQ(max_f32(-1.0f, 2.0f), 2.0f);
  EXPECT_EQ(min_f32(-1.0f, 2.0f), -1.0f);
  EXPECT_TRUE(std::isnan(max_f32(NAN, NAN)));
}

TEST(Numeric, FmaRoundsOnce) {
  std::mt19937 generator(3);
  std::uniform_real_distribution<float> draw(-4, 4);
  for (int i = 0; i < 100000; ++i) {
    float a = draw(generator), b = draw(generator), c = draw(generator);
    ASSERT_EQ(fma_f32(a, b, c), std::fma(a, b, c));
  }
}
