//===- Float.cpp - Instructions on f32 ------------------------------------===//
//
// Every NaN that arithmetic makes is 0x7fffffff. The hardware's approximations
// are exact here up to one rounding: their errors are bounded by the PTX ISA,
// but not told.
//
//===----------------------------------------------------------------------===//

#include "Opcodes.h"
#include "Rounding.h"

#include <cmath>

namespace llmc::emulator::ptx {

static float canonical(float x) { return x == x ? x : floatOf(0x7fffffff); }

/// Subnormal numbers count as zeros of their sign.
static float flushed(float x) {
  return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x;
}

static float minimum(float a, float b) {
  if (a != a)
    return canonical(b);
  if (a == b) // of the zeros, the negative one
    return floatOf(bitsOf(a) | bitsOf(b));
  return a < b || b != b ? a : b;
}

static float maximum(float a, float b) {
  if (a != a)
    return canonical(b);
  if (a == b)
    return floatOf(bitsOf(a) & bitsOf(b));
  return a > b || b != b ? a : b;
}

/// e.g. setp.lt.f32, and setp.ltu.f32, which is true of NaNs.
template <typename Function>
static void addComparison(Opcodes &o, const std::string &name, Function) {
  add(o, "setp." + name + ".f32", [](float a, float b) {
    return bool(int(Function{}(a, b)) & int(a == a) & int(b == b));
  });
  add(o, "setp." + name + "u.f32", [](float a, float b) {
    return bool(int(Function{}(a, b)) | int(a != a) | int(b != b));
  });
}

static void addApproximations(Opcodes &o) {
  auto exp2 = [](float x) { return canonical(std::exp2(x)); };
  add(o, "ex2.approx.f32", exp2);
  add(o, "ex2.approx.ftz.f32",
      [](float x) { return flushed(canonical(std::exp2(flushed(x)))); });
  add(o, "lg2.approx.f32", [](float x) { return canonical(std::log2(x)); });
  add(o, "lg2.approx.ftz.f32",
      [](float x) { return canonical(std::log2(flushed(x))); });
  add(o, "tanh.approx.f32", [](float x) { return canonical(std::tanh(x)); });
  add(o, "rcp.approx.ftz.f32",
      [](float x) { return flushed(canonical(1.0f / flushed(x))); });
  add(o, "rcp.approx.f32", [](float x) { return canonical(1.0f / x); });
  add(o, "rsqrt.approx.f32",
      [](float x) { return canonical(float(1.0 / std::sqrt(double(x)))); });
  add(o, "rsqrt.approx.ftz.f32", [](float x) {
    return canonical(float(1.0 / std::sqrt(double(flushed(x)))));
  });
  add(o, "sqrt.approx.f32", [](float x) { return canonical(std::sqrt(x)); });
}

/// fma.rm.f32: rounded towards minus infinity.
static void multiplyAddDown(Warp &warp, const Instruction &instruction) {
  const uint32_t *operands = instruction.operands;
  float results[32];
  roundDown(warp.lanes<float>(operands[1]), warp.lanes<float>(operands[2]),
            warp.lanes<float>(operands[3]), results);
  for (float &result : results)
    result = canonical(result);
  warp.write(operands[0], results);
}

void addFloatOpcodes(Opcodes &o) {
  // Without .rn, too, the result is rounded to nearest; what the compiler of
  // the text might have joined to an fma is its affair.
  for (const char *rounding : {".f32", ".rn.f32"}) {
    add(o, std::string("add") + rounding,
        [](float a, float b) { return canonical(a + b); });
    add(o, std::string("sub") + rounding,
        [](float a, float b) { return canonical(a - b); });
    add(o, std::string("mul") + rounding,
        [](float a, float b) { return canonical(a * b); });
  }
  add(o, "fma.rn.f32",
      [](float a, float b, float c) { return canonical(std::fma(a, b, c)); });
  o.push_back({"fma.rm.f32", "wwww", multiplyAddDown});
  add(o, "div.rn.f32", [](float a, float b) { return canonical(a / b); });
  add(o, "rcp.rn.f32", [](float a) { return canonical(1.0f / a); });
  add(o, "sqrt.rn.f32", [](float a) { return canonical(std::sqrt(a)); });
  add(o, "neg.f32", [](float a) { return floatOf(bitsOf(a) ^ 0x80000000u); });
  add(o, "abs.f32", [](float a) { return floatOf(bitsOf(a) & 0x7fffffffu); });
  // The sign of the first on the second.
  add(o, "copysign.f32", [](float a, float b) { return std::copysign(b, a); });
  add(o, "min.f32", [](float a, float b) { return minimum(a, b); });
  add(o, "max.f32", [](float a, float b) { return maximum(a, b); });
  addComparison(o, "eq", [](float a, float b) { return a == b; });
  addComparison(o, "ne", [](float a, float b) { return a != b; });
  addComparison(o, "lt", [](float a, float b) { return a < b; });
  addComparison(o, "le", [](float a, float b) { return a <= b; });
  addComparison(o, "gt", [](float a, float b) { return a > b; });
  addComparison(o, "ge", [](float a, float b) { return a >= b; });
  add(o, "setp.nan.f32",
      [](float a, float b) { return bool(int(a != a) | int(b != b)); });
  add(o, "setp.num.f32",
      [](float a, float b) { return bool(int(a == a) & int(b == b)); });
  addApproximations(o);
}

} // namespace llmc::emulator::ptx
