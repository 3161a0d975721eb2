//===- PtxArithmeticTests.cpp - What single instructions compute ----------===//
//
// Each opcode on edge cases and random bits, in all lanes and in every second
// one, against plain C++.
//
//===----------------------------------------------------------------------===//

#include "Ptx.h"

#include "tools/llmc-emulator/ptx/Rounding.h"

#include <cfenv>
#include <cmath>
#include <functional>
#include <random>

using namespace llmc::emulator;
using ptx::floatOf;

namespace {

/// Of any NaN the one that arithmetic gives.
uint32_t bitsOf(float value) {
  return value == value ? ptx::bitsOf(value) : 0x7fffffff;
}
uint64_t wide(uint32_t low, uint32_t high) {
  return uint64_t(high) << 32 | low;
}

std::vector<Words> samples() {
  const uint32_t edges[] = {0,          1,          0x80000000, 0x7fffffff,
                            0xffffffff, 31,         32,         33,
                            0x3f800000, 0xbf800000, 0x7f800000, 0xff800000,
                            0x7fc00000, 0x00000001, 0x007fffff, 0x3f808000,
                            0x3f818000, 0x3f801000, 0x3f803000, 0x42fc0000};
  std::mt19937 random(7);
  std::vector<Words> all(256);
  for (size_t i = 0; i < all.size(); ++i)
    for (uint32_t &word : all[i])
      word = i % 4 == 3   ? uint32_t(random())
             : i % 4 == 2 ? 0x3f000000 + uint32_t(random() % 0x1800000)
                          : edges[random() % std::size(edges)];
  return all;
}

using Expected = std::function<uint32_t(const Words &)>;

/// `code` leaves its result in %r11.
void check(const std::string &code, const Expected &expected) {
  std::vector<Words> in = samples();
  PtxResult all = runPtx(code, in);
  ASSERT_EQ(all.report, "") << code;
  // Only odd lanes; the others keep what they had.
  PtxResult odd = runPtx("and.b32 %r20, %r0, 1; setp.eq.s32 %p7, %r20, 0;\n"
                         "@%p7 bra SKIP;\n" +
                             code + "\nSKIP:",
                         in);
  ASSERT_EQ(odd.report, "") << code;
  for (size_t i = 0; i < in.size(); ++i) {
    uint32_t want = expected(in[i]);
    EXPECT_EQ(all.out[i][0], want) << code << std::hex << " of " << in[i][0]
                                   << " " << in[i][1] << " " << in[i][2];
    EXPECT_EQ(odd.out[i][0], i % 2 ? want : 0) << code;
  }
}

void checkFloat(const std::string &code,
                const std::function<float(float, float, float)> &expected) {
  check(code, [&](const Words &in) {
    return bitsOf(expected(floatOf(in[0]), floatOf(in[1]), floatOf(in[2])));
  });
}

/// The truth of `code` in %p1.
void checkPredicate(const std::string &code,
                    const std::function<bool(const Words &)> &expected) {
  check(code + " selp.b32 %r11, 5, 9, %p1;",
        [&](const Words &in) { return expected(in) ? 5u : 9u; });
}

} // namespace

TEST(PtxInteger, SumsAndProducts) {
  check("add.s32 %r11, %r1, %r2;", [](Words w) { return w[0] + w[1]; });
  check("sub.s32 %r11, %r1, -7;", [](Words w) { return w[0] + 7; });
  check("mul.lo.s32 %r11, %r1, %r2;", [](Words w) { return w[0] * w[1]; });
  check("mad.lo.s32 %r11, %r1, %r2, %r3;",
        [](Words w) { return w[0] * w[1] + w[2]; });
  check("mul.hi.s32 %r11, %r1, %r2;", [](Words w) {
    return uint32_t((int64_t(int32_t(w[0])) * int32_t(w[1])) >> 32);
  });
  check("mul.hi.u32 %r11, %r1, %r2;",
        [](Words w) { return uint32_t((uint64_t(w[0]) * w[1]) >> 32); });
  check("mul.wide.s32 %d4, %r1, %r2; shr.u64 %d4, %d4, 32;"
        "cvt.u32.u64 %r11, %d4;",
        [](Words w) {
          return uint32_t((int64_t(int32_t(w[0])) * int32_t(w[1])) >> 32);
        });
  check("cvt.u16.u32 %h1, %r1; cvt.u16.u32 %h2, %r2;"
        "mul.wide.u16 %r11, %h1, %h2;",
        [](Words w) { return (w[0] & 0xffff) * (w[1] & 0xffff); });
  check("neg.s32 %r11, %r1;", [](Words w) { return 0u - w[0]; });
  check("abs.s32 %r11, %r1;",
        [](Words w) { return int32_t(w[0]) < 0 ? 0u - w[0] : w[0]; });
  check("mov.b64 %d4, {%r1, %r2}; mov.b64 %d5, {%r3, %r4};"
        "add.s64 %d6, %d4, %d5; mul.lo.s64 %d6, %d6, %d5;"
        "mov.b64 {%r12, %r11}, %d6; mov.u32 %r12, 0;",
        [](Words w) {
          uint64_t b = wide(w[2], w[3]);
          return uint32_t(((wide(w[0], w[1]) + b) * b) >> 32);
        });
}

TEST(PtxInteger, Quotients) {
  // Of zero the ISA says nothing.
  check("or.b32 %r20, %r2, 2; div.s32 %r11, %r1, %r20;", [](Words w) {
    return uint32_t(int64_t(int32_t(w[0])) / int32_t(w[1] | 2));
  });
  check("or.b32 %r20, %r2, 2; rem.s32 %r11, %r1, %r20;", [](Words w) {
    return uint32_t(int64_t(int32_t(w[0])) % int32_t(w[1] | 2));
  });
  check("or.b32 %r20, %r2, 2; div.u32 %r11, %r1, %r20;",
        [](Words w) { return w[0] / (w[1] | 2); });
  check("or.b32 %r20, %r2, 2; rem.u32 %r11, %r1, %r20;",
        [](Words w) { return w[0] % (w[1] | 2); });
}

TEST(PtxInteger, Bits) {
  check("and.b32 %r20, %r1, %r2; or.b32 %r20, %r20, %r3;"
        "xor.b32 %r20, %r20, 0xF0; not.b32 %r11, %r20;",
        [](Words w) { return ~(((w[0] & w[1]) | w[2]) ^ 0xf0u); });
  // Distances beyond the width leave nothing, or the sign.
  check("shl.b32 %r11, %r1, %r2;",
        [](Words w) { return w[1] < 32 ? w[0] << w[1] : 0; });
  check("shr.u32 %r11, %r1, %r2;",
        [](Words w) { return w[1] < 32 ? w[0] >> w[1] : 0; });
  check("shr.s32 %r11, %r1, %r2;", [](Words w) {
    return uint32_t(int32_t(w[0]) >> (w[1] < 32 ? w[1] : 31));
  });
  check("bfi.b32 %r11, %r1, %r2, 8, 16;",
        [](Words w) { return (w[1] & 0xff0000ff) | ((w[0] & 0xffff) << 8); });
  check("bfi.b32 %r11, %r1, %r2, 24, 32;",
        [](Words w) { return (w[1] & 0x00ffffff) | (w[0] << 24); });
  check("prmt.b32 %r11, %r1, %r2, 0x5410;",
        [](Words w) { return (w[0] & 0xffff) | (w[1] << 16); });
  check("prmt.b32 %r11, %r1, %r2, 0x000b;", [](Words w) {
    return (w[0] >> 31 ? 0xffu : 0u) | (w[0] & 0xff) * 0x01010100u;
  });
  check("shf.l.wrap.b32 %r11, %r1, %r2, 40;",
        [](Words w) { return w[1] << 8 | w[0] >> 24; });
  check("shf.r.wrap.b32 %r11, %r1, %r2, 8;",
        [](Words w) { return w[1] << 24 | w[0] >> 8; });
  check("mov.b32 {%h1, %h2}, %r1; mov.b32 %r11, {%h2, %h1};",
        [](Words w) { return w[0] << 16 | w[0] >> 16; });
}

TEST(PtxInteger, Order) {
  check("min.s32 %r11, %r1, %r2;",
        [](Words w) { return int32_t(w[0]) < int32_t(w[1]) ? w[0] : w[1]; });
  check("max.u32 %r11, %r1, %r2;",
        [](Words w) { return w[0] > w[1] ? w[0] : w[1]; });
  checkPredicate("setp.lt.s32 %p1, %r1, %r2;",
                 [](Words w) { return int32_t(w[0]) < int32_t(w[1]); });
  checkPredicate("setp.lt.u32 %p1, %r1, %r2;",
                 [](Words w) { return w[0] < w[1]; });
  checkPredicate("setp.ge.s32 %p2, %r1, %r2; setp.ne.s32 %p3, %r1, %r3;"
                 "and.pred %p4, %p2, %p3; not.pred %p1, %p4;",
                 [](Words w) {
                   return !(int32_t(w[0]) >= int32_t(w[1]) && w[0] != w[2]);
                 });
  checkPredicate("setp.eq.b32 %p2, %r1, 0; mov.pred %p3, -1;"
                 "xor.pred %p4, %p2, %p3; or.pred %p1, %p4, %p2;",
                 [](Words) { return true; });
}

/// `code` on %f1, %f2, %f3 with its result in %f4.
static std::string onFloats(const std::string &code) {
  return "mov.b32 %f1, %r1; mov.b32 %f2, %r2; mov.b32 %f3, %r3;" + code +
         " mov.b32 %r11, %f4;";
}

TEST(PtxFloat, Arithmetic) {
  auto test = [](const std::string &code,
                 const std::function<float(float, float, float)> &expected) {
    checkFloat(onFloats(code), expected);
  };
  test("add.f32 %f4, %f1, %f2;", [](float a, float b, float) { return a + b; });
  test("sub.f32 %f4, %f1, %f2;", [](float a, float b, float) { return a - b; });
  test("mul.f32 %f4, %f1, 0f3DCCCCCD;",
       [](float a, float, float) { return a * 0.1f; });
  test("fma.rn.f32 %f4, %f1, %f2, %f3;",
       [](float a, float b, float c) { return std::fma(a, b, c); });
  test("div.rn.f32 %f4, %f1, %f2;",
       [](float a, float b, float) { return a / b; });
  test("rcp.rn.f32 %f4, %f1;", [](float a, float, float) { return 1 / a; });
  test("sqrt.rn.f32 %f4, %f1;",
       [](float a, float, float) { return std::sqrt(a); });
  // The sign comes from the first operand.
  test("copysign.f32 %f4, %f1, %f2; add.f32 %f4, %f4, 0f00000000;",
       [](float a, float b, float) { return std::copysign(b, a) + 0.0f; });
  test("cvt.sat.f32.f32 %f4, %f1;",
       [](float a, float, float) { return a > 0 ? std::fmin(a, 1.0f) : 0.0f; });
  std::fesetround(FE_TONEAREST);
  test("fma.rm.f32 %f4, %f1, %f2, %f3;", [](float a, float b, float c) {
    volatile float x = a, y = b, z = c;
    std::fesetround(FE_DOWNWARD);
    volatile float sum = std::fma(x, y, z);
    std::fesetround(FE_TONEAREST);
    return float(sum);
  });
}

TEST(PtxFloat, Order) {
  // Of a number and a NaN the number; minus zero is less than zero.
  auto less = [](float a, float b) {
    return a < b || (a == b && std::signbit(a) && !std::signbit(b));
  };
  checkFloat(onFloats("min.f32 %f4, %f1, %f2;"), [&](float a, float b, float) {
    return a != a ? b : b != b || less(a, b) ? a : b;
  });
  checkFloat(onFloats("max.f32 %f4, %f1, %f2;"), [&](float a, float b, float) {
    return a != a ? b : b != b || less(b, a) ? a : b;
  });
  // Ordered comparisons are false of NaNs, `ne` too; the others true.
  for (bool unordered : {false, true})
    for (const char *name : {"eq", "ne", "lt", "ge"})
      checkPredicate("mov.b32 %f1, %r1; mov.b32 %f2, %r2; setp." +
                         std::string(name) + (unordered ? "u" : "") +
                         ".f32 %p1, %f1, %f2;",
                     [&](Words w) {
                       float a = floatOf(w[0]), b = floatOf(w[1]);
                       if (a != a || b != b)
                         return unordered;
                       return *name == 'e'   ? a == b
                              : *name == 'n' ? a != b
                              : *name == 'l' ? a < b
                                             : a >= b;
                     });
}

// The ISA bounds the errors: two units of the last place and less.
TEST(PtxFloat, Approximations) {
  auto flushed = [](float x) {
    return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x;
  };
  auto near = [&](const std::string &code, float bound,
                  const std::function<double(double)> &expected, bool flush) {
    std::vector<Words> in = samples();
    PtxResult result = runPtx(onFloats(code + " %f4, %f1;"), in);
    ASSERT_EQ(result.report, "") << code;
    for (size_t i = 0; i < in.size(); ++i) {
      float x = floatOf(in[i][0]);
      float want = float(expected(flush ? flushed(x) : x));
      want = flush ? flushed(want) : want;
      float found = floatOf(result.out[i][0]);
      EXPECT_TRUE(found == want || (found != found && want != want) ||
                  std::fabs(found - want) <= bound * std::fabs(want))
          << code << " of " << x << ": " << found << ", expected " << want;
    }
  };
  auto exp2 = [](double x) { return std::exp2(x); };
  near("ex2.approx.f32", 0x1p-22f, exp2, false);
  near("ex2.approx.ftz.f32", 0x1p-22f, exp2, true);
  near(
      "tanh.approx.f32", 0x1p-10f, [](double x) { return std::tanh(x); },
      false);
  near("rcp.approx.ftz.f32", 0x1p-23f, [](double x) { return 1 / x; }, true);
  near(
      "rsqrt.approx.f32", 0x1p-22f, [](double x) { return 1 / std::sqrt(x); },
      false);
  near(
      "lg2.approx.f32", 0x1p-22f, [](double x) { return std::log2(x); }, false);
}

TEST(PtxConvert, ToNarrowFloats) {
  // To nearest, ties to even, by looking at both neighbours.
  auto bf16 = [](uint32_t bits) -> uint32_t {
    float x = floatOf(bits);
    if (x != x)
      return 0x7fff;
    uint32_t below = bits & 0xffff0000, above = below + 0x10000;
    double down = std::fabs(double(x) - floatOf(below));
    double up = (above & 0x7fffffff) == 0x7f800000
                    ? std::fabs(std::copysign(0x1p128, x) - x)
                    : std::fabs(double(floatOf(above)) - x);
    bool isUp = up < down || (up == down && (below >> 16 & 1));
    return (std::isinf(x) || !isUp ? below : above) >> 16;
  };
  check("mov.b32 %f1, %r1; cvt.rn.bf16.f32 %h1, %f1; cvt.u32.u16 %r11, %h1;",
        [&](Words w) { return bf16(w[0]); });
  // The first source is the upper half.
  check("mov.b32 %f1, %r1; mov.b32 %f2, %r2; cvt.rn.bf16x2.f32 %r11, %f1, %f2;",
        [&](Words w) { return bf16(w[0]) << 16 | bf16(w[1]); });
  // Ties go away from zero.
  check("mov.b32 %f1, %r1; cvt.rna.tf32.f32 %r11, %f1;", [](Words w) {
    return floatOf(w[0]) != floatOf(w[0]) ? 0x7fffffff
                                          : (w[0] + 0x1000) & 0xffffe000;
  });
}

TEST(PtxConvert, BetweenIntegers) {
  check("cvt.s64.s32 %d4, %r1; shr.s64 %d4, %d4, 32; cvt.u32.u64 %r11, %d4;",
        [](Words w) { return int32_t(w[0]) < 0 ? ~0u : 0u; });
  check("cvt.u64.u32 %d4, %r1; shr.u64 %d4, %d4, 32; cvt.u32.u64 %r11, %d4;",
        [](Words) { return 0u; });
  check("cvt.u16.u32 %h1, %r1; cvt.s32.s16 %r11, %h1;",
        [](Words w) { return uint32_t(int16_t(w[0])); });
  check("cvt.rn.f32.s32 %f4, %r1; mov.b32 %r11, %f4;",
        [](Words w) { return bitsOf(float(int32_t(w[0]))); });
  check("mov.b32 %f1, %r1; cvt.rzi.s32.f32 %r11, %f1;", [](Words w) {
    float x = floatOf(w[0]);
    return x != x         ? 0u
           : x >= 0x1p31f ? 0x7fffffffu
           : x < -0x1p31f ? 0x80000000u
                          : uint32_t(int32_t(x));
  });
  check("mov.b32 %f1, %r1; cvt.rni.s32.f32 %r11, %f1;", [](Words w) {
    double x = std::nearbyint(double(floatOf(w[0])));
    return x != x       ? 0u
           : x > 0x1p30 ? uint32_t(int32_t(std::fmin(x, 2147483647.0)))
                        : uint32_t(int32_t(std::fmax(x, -2147483648.0)));
  });
}

TEST(PtxConvert, AddressesOfTheSpaces) {
  check("mov.u64 %d4, smem; cvta.shared.u64 %d5, %d4; sub.s64 %d6, %d5, %d4;"
        "cvta.to.shared.u64 %d5, %d5; setp.eq.s64 %p1, %d4, %d5;"
        "setp.gt.u64 %p2, %d6, 0; and.pred %p1, %p1, %p2;"
        "selp.b32 %r11, 1, 0, %p1;",
        [](Words) { return 1u; });
}
