//===- Integer.cpp - Integer, logic and comparison instructions -----------===//

#include "Opcodes.h"

#include <algorithm>

namespace llmc::emulator::ptx {

template <typename T> static void addComparisons(Opcodes &o, const char *type) {
  std::string end = std::string(".") + type;
  add(o, "setp.eq" + end, [](T a, T b) { return a == b; });
  add(o, "setp.ne" + end, [](T a, T b) { return a != b; });
  add(o, "setp.lt" + end, [](T a, T b) { return a < b; });
  add(o, "setp.le" + end, [](T a, T b) { return a <= b; });
  add(o, "setp.gt" + end, [](T a, T b) { return a > b; });
  add(o, "setp.ge" + end, [](T a, T b) { return a >= b; });
}

/// `T` is unsigned: sums and products wrap around.
template <typename T> static void addBits(Opcodes &o, const std::string &bits) {
  constexpr unsigned width = sizeof(T) * 8;
  for (const char *sign : {".u", ".s"}) {
    add(o, "add" + (sign + bits), [](T a, T b) { return T(a + b); });
    add(o, "sub" + (sign + bits), [](T a, T b) { return T(a - b); });
    add(o, "mul.lo" + (sign + bits),
        [](T a, T b) { return T(uint64_t(a) * b); });
    add(o, "mad.lo" + (sign + bits),
        [](T a, T b, T c) { return T(uint64_t(a) * b + c); });
  }
  add(o, "neg.s" + bits, [](T a) { return T(-a); });
  add(o, "not.b" + bits, [](T a) { return T(~a); });
  add(o, "and.b" + bits, [](T a, T b) { return T(a & b); });
  add(o, "or.b" + bits, [](T a, T b) { return T(a | b); });
  add(o, "xor.b" + bits, [](T a, T b) { return T(a ^ b); });
  // Distances are clamped: a shift by more bits than there are leaves none.
  for (const char *name : {"shl.b", "shl.u", "shl.s"})
    add(o, name + bits,
        [](T a, uint32_t b) { return T(b < width ? T(a << (b % width)) : 0); });
  for (const char *name : {"shr.u", "shr.b"})
    add(o, name + bits,
        [](T a, uint32_t b) { return T(b < width ? T(a >> (b % width)) : 0); });
  add(o, "setp.eq.b" + bits, [](T a, T b) { return a == b; });
  add(o, "setp.ne.b" + bits, [](T a, T b) { return a != b; });
}

template <typename T> static T quotient(T a, T b) {
  if (b == 0)
    return T(-1);
  if (std::is_signed_v<T> && b == T(-1))
    return T(-std::make_unsigned_t<T>(a)); // the least number stays as it is
  return T(a / b);
}

/// What differs between signed and unsigned; `type` is "s32".
template <typename T> static void addOrdered(Opcodes &o, const char *type) {
  std::string end = std::string(".") + type;
  addComparisons<T>(o, type);
  add(o, "min" + end, [](T a, T b) { return std::min(a, b); });
  add(o, "max" + end, [](T a, T b) { return std::max(a, b); });
  // The ISA leaves open what comes of a division by zero.
  add(o, "div" + end, [](T a, T b) { return quotient(a, b); });
  add(o, "rem" + end, [](T a, T b) {
    return T(b == 0 ? a : b == T(-1) && std::is_signed_v<T> ? 0 : a % b);
  });
}

/// Products of twice the width, and their upper halves.
template <typename T, typename Wide>
static void addWide(Opcodes &o, const char *type) {
  std::string end = std::string(".") + type;
  constexpr unsigned width = sizeof(T) * 8;
  add(o, "mul.wide" + end, [](T a, T b) { return Wide(Wide(a) * b); });
  add(o, "mad.wide" + end, [](T a, T b, Wide c) {
    using Unsigned = std::make_unsigned_t<Wide>;
    return Wide(Unsigned(Wide(a) * b) + Unsigned(c));
  });
  add(o, "mul.hi" + end, [](T a, T b) { return T((Wide(a) * b) >> width); });
}

template <typename T>
static void addShiftSigned(Opcodes &o, const std::string &bits) {
  constexpr unsigned width = sizeof(T) * 8;
  add(o, "shr.s" + bits, [](T a, uint32_t b) {
    return T(a >> std::min(b, width - 1)); // the sign fills
  });
  add(o, "abs.s" + bits,
      [](T a) { return T(a < 0 ? -std::make_unsigned_t<T>(a) : a); });
}

/// Bits `position`.. of `base` replaced by the lowest `length` of `value`.
static uint32_t insertBits(uint32_t value, uint32_t base, uint32_t position,
                           uint32_t length) {
  position &= 0xff;
  length &= 0xff;
  if (position > 31 || !length)
    return base;
  uint64_t mask = ((uint64_t(1) << std::min(length, 32u)) - 1) << position;
  return uint32_t((base & ~mask) | ((uint64_t(value) << position) & mask));
}

/// Bytes chosen out of the eight of b:a by the four nibbles of `selector`,
/// whose upper bit asks for the sign alone.
static uint32_t permuteBytes(uint32_t a, uint32_t b, uint32_t selector) {
  uint64_t both = uint64_t(b) << 32 | a;
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) {
    uint32_t nibble = selector >> (4 * i) & 0xf;
    uint32_t byte = uint32_t(both >> (8 * (nibble & 7))) & 0xff;
    if (nibble & 8)
      byte = byte & 0x80 ? 0xff : 0;
    result |= byte << (8 * i);
  }
  return result;
}

void addIntegerOpcodes(Opcodes &o) {
  addBits<uint16_t>(o, "16");
  addBits<uint32_t>(o, "32");
  addBits<uint64_t>(o, "64");
  addOrdered<uint16_t>(o, "u16");
  addOrdered<int16_t>(o, "s16");
  addOrdered<uint32_t>(o, "u32");
  addOrdered<int32_t>(o, "s32");
  addOrdered<uint64_t>(o, "u64");
  addOrdered<int64_t>(o, "s64");
  addShiftSigned<int16_t>(o, "16");
  addShiftSigned<int32_t>(o, "32");
  addShiftSigned<int64_t>(o, "64");
  addWide<uint16_t, uint32_t>(o, "u16");
  addWide<int16_t, int32_t>(o, "s16");
  addWide<uint32_t, uint64_t>(o, "u32");
  addWide<int32_t, int64_t>(o, "s32");
  add(o, "bfi.b32", [](uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    return insertBits(a, b, c, d);
  });
  add(o, "prmt.b32",
      [](uint32_t a, uint32_t b, uint32_t c) { return permuteBytes(a, b, c); });
  // The distance of shf.l.wrap counts modulo 32; a is the lower half.
  add(o, "shf.l.wrap.b32", [](uint32_t a, uint32_t b, uint32_t c) {
    return uint32_t((uint64_t(b) << 32 | a) << (c & 31) >> 32);
  });
  add(o, "shf.r.wrap.b32", [](uint32_t a, uint32_t b, uint32_t c) {
    return uint32_t((uint64_t(b) << 32 | a) >> (c & 31));
  });
}

} // namespace llmc::emulator::ptx
