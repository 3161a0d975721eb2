//===- Convert.cpp - Moves, choices and conversions -----------------------===//

#include "Opcodes.h"
#include "Rounding.h"

#include <cmath>
#include <limits>

namespace llmc::emulator::ptx {

/// The nearest bf16, ties to even; every NaN is 0x7fff.
static uint16_t toBf16(float x) {
  uint32_t bits = bitsOf(x), below = bits & 0xffff, upper = bits >> 16;
  uint32_t up = below > 0x8000 || (below == 0x8000 && (upper & 1));
  return uint16_t(x == x ? upper + up : 0x7fff);
}

/// The nearest number of 10 bits of fraction, ties away from zero.
static uint32_t toTf32(float x) {
  uint32_t bits = bitsOf(x), below = bits & 0x1fff, upper = bits & ~0x1fffu;
  return x == x ? upper + (below >= 0x1000 ? 0x2000 : 0) : 0x7fffffff;
}

template <typename To>
static To toInteger(float x) { // already whole; out of range is the nearest
  if (x != x)
    return 0;
  double least = double(std::numeric_limits<To>::min());
  double most = double(std::numeric_limits<To>::max());
  return x <= least  ? std::numeric_limits<To>::min()
         : x >= most ? std::numeric_limits<To>::max()
                     : To(x);
}

template <typename To, typename From>
static void addBetween(Opcodes &o, const char *to, const char *from) {
  add(o, std::string("cvt.") + to + "." + from, [](From x) { return To(x); });
}

template <typename From> static void addFrom(Opcodes &o, const char *from) {
  addBetween<uint16_t, From>(o, "u16", from);
  addBetween<int16_t, From>(o, "s16", from);
  addBetween<uint32_t, From>(o, "u32", from);
  addBetween<int32_t, From>(o, "s32", from);
  addBetween<uint64_t, From>(o, "u64", from);
  addBetween<int64_t, From>(o, "s64", from);
  add(o, std::string("cvt.rn.f32.") + from, [](From x) { return float(x); });
}

template <typename To> static void addToInteger(Opcodes &o, const char *to) {
  std::string end = std::string(".") + to + ".f32";
  add(o, "cvt.rni" + end,
      [](float x) { return toInteger<To>(std::nearbyint(x)); });
  add(o, "cvt.rzi" + end, [](float x) { return toInteger<To>(std::trunc(x)); });
  add(o, "cvt.rmi" + end, [](float x) { return toInteger<To>(std::floor(x)); });
  add(o, "cvt.rpi" + end, [](float x) { return toInteger<To>(std::ceil(x)); });
}

void addConversionOpcodes(Opcodes &o) {
  addFrom<uint16_t>(o, "u16");
  addFrom<int16_t>(o, "s16");
  addFrom<uint32_t>(o, "u32");
  addFrom<int32_t>(o, "s32");
  addFrom<uint64_t>(o, "u64");
  addFrom<int64_t>(o, "s64");
  addToInteger<int32_t>(o, "s32");
  addToInteger<uint32_t>(o, "u32");
  add(o, "cvt.sat.f32.f32", [](float x) {
    return x != x || x <= 0 ? 0.0f : x > 1 ? 1.0f : x; // of a NaN, zero
  });
  add(o, "cvt.rn.bf16.f32", [](float x) { return toBf16(x); });
  // The first source goes to the upper half.
  add(o, "cvt.rn.bf16x2.f32",
      [](float a, float b) { return uint32_t(toBf16(a)) << 16 | toBf16(b); });
  add(o, "cvt.rna.tf32.f32", [](float x) { return toTf32(x); });
}

//===----------------------------------------------------------------------===//
// Moves and choices
//===----------------------------------------------------------------------===//

/// mov.b32 {low, high}, both: the parts of a register.
template <typename Part, typename Whole>
static void split(Warp &warp, const Instruction &instruction) {
  const Whole *source = warp.lanes<Whole>(instruction.operands[2]);
  Part low[32], high[32];
  for (int lane = 0; lane < 32; ++lane) {
    low[lane] = Part(source[lane]);
    high[lane] = Part(source[lane] >> (8 * sizeof(Part)));
  }
  warp.write(instruction.operands[0], low);
  warp.write(instruction.operands[1], high);
}

template <typename Part, typename Whole>
static void join(Warp &warp, const Instruction &instruction) {
  const Part *low = warp.lanes<Part>(instruction.operands[1]);
  const Part *high = warp.lanes<Part>(instruction.operands[2]);
  Whole both[32];
  for (int lane = 0; lane < 32; ++lane)
    both[lane] = Whole(Whole(high[lane]) << (8 * sizeof(Part)) | low[lane]);
  warp.write(instruction.operands[0], both);
}

template <typename T>
static void addMoves(Opcodes &o, const char *bits, bool hasFloat) {
  for (const char *kind : {"b", "u", "s", "f"}) {
    if (*kind == 'f' && !hasFloat)
      continue;
    add(o, std::string("mov.") + kind + bits, [](T a) { return a; });
    add(o, std::string("selp.") + kind + bits,
        [](T a, T b, bool p) { return p ? a : b; });
  }
}

void addMoveOpcodes(Opcodes &o) {
  addMoves<uint16_t>(o, "16", false);
  addMoves<uint32_t>(o, "32", true);
  addMoves<uint64_t>(o, "64", true);
  o.push_back({"mov.b32", "{hh}w", split<uint16_t, uint32_t>});
  o.push_back({"mov.b64", "{ww}d", split<uint32_t, uint64_t>});
  o.push_back({"mov.b32", "w{hh}", join<uint16_t, uint32_t>});
  o.push_back({"mov.b64", "d{ww}", join<uint32_t, uint64_t>});
  add(o, "mov.pred", [](bool a) { return a; });
  add(o, "not.pred", [](bool a) { return !a; });
  add(o, "and.pred", [](bool a, bool b) { return bool(int(a) & int(b)); });
  add(o, "or.pred", [](bool a, bool b) { return bool(int(a) | int(b)); });
  add(o, "xor.pred", [](bool a, bool b) { return a != b; });
  // Global memory has the same addresses in its own space as anywhere.
  for (const char *name : {"cvta.to.global.u64", "cvta.global.u64"})
    add(o, name, [](uint64_t a) { return a; });
  add(o, "cvta.shared.u64", [](uint64_t a) { return a + sharedWindow; });
  add(o, "cvta.to.shared.u64", [](uint64_t a) { return a - sharedWindow; });
}

} // namespace llmc::emulator::ptx
