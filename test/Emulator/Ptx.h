//===- Ptx.h - Kernels of hand-written PTX for tests ------------*- C++ -*-===//

#ifndef LLMC_TEST_EMULATOR_PTX_H
#define LLMC_TEST_EMULATOR_PTX_H

#include "tools/llmc-emulator/engine/Engine.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace llmc::emulator {

/// What a thread reads at first, %r1 to %r4, and what it leaves behind, %r11 to
/// %r14.
using Words = std::array<uint32_t, 4>;

/// A kernel's text around `body`, line 20 of it being the body's first. Each
/// thread's words lie at %d1 in global memory and go to %d2; %r0 is its number;
/// `smem` is the shared memory, `flags` four words of the module.
inline std::string ptxText(const std::string &body) {
  return R"(.version 8.0
.target sm_80
.address_size 64
.extern .shared .align 128 .b8 smem[]; .global .align 4 .b8 flags[16];
.visible .entry test(.param .u64 test_0, .param .u64 test_1)
.maxntid 256, 1, 1
{
  .reg .pred %p<8>;
  .reg .b16 %h<8>;
  .reg .b32 %r<64>;
  .reg .f32 %f<64>;
  .reg .b64 %d<16>;
  ld.param.u64 %d1, [test_0]; ld.param.u64 %d2, [test_1];
  mov.u32 %r0, %tid.x;
  mul.wide.u32 %d3, %r0, 16;
  add.s64 %d1, %d1, %d3; add.s64 %d2, %d2, %d3;
  ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%d1];
  mov.u32 %r11, 0; mov.u32 %r12, 0; mov.u32 %r13, 0; mov.u32 %r14, 0;

)" + body +
         R"(
  st.global.v4.u32 [%d2], {%r11, %r12, %r13, %r14};
  ret;
}
)";
}

struct PtxResult {
  std::string report; // of the check that failed, or why it was not loaded
  std::vector<Words> out;
};

/// Runs the body with a thread for each of `in`.
/// In several blocks all read the same and write to the same.
inline PtxResult runPtx(const std::string &body, const std::vector<Words> &in,
                        int sharedBytes = 4096, unsigned blocks = 1,
                        Options options = Options()) {
  PtxResult result;
  std::string text = ptxText(body);
  std::unique_ptr<Module> module = Module::load(text.c_str(), result.report);
  if (!module)
    return result;
  Engine engine(options);
  size_t bytes = in.size() * sizeof(Words);
  void *source = engine.memory.allocate(bytes);
  void *target = engine.memory.allocate(bytes);
  std::memcpy(source, in.data(), bytes);
  engine.memory.markWritten(source, bytes);
  Engine::Shape shape;
  shape.grid[0] = blocks;
  shape.threads = int(in.size());
  shape.sharedBytes = sharedBytes;
  result.report = engine
                      .launch(*module->find("test"), shape,
                              {reinterpret_cast<uintptr_t>(source),
                               reinterpret_cast<uintptr_t>(target)})
                      .value_or("");
  result.out.resize(in.size());
  std::memcpy(result.out.data(), target, bytes);
  return result;
}

/// The numbers of the threads, for kernels that need no other input.
inline std::vector<Words> numbered(size_t threads) {
  std::vector<Words> in(threads);
  for (size_t i = 0; i < threads; ++i)
    in[i] = {uint32_t(i), uint32_t(i) * 3, uint32_t(i) ^ 21, 7};
  return in;
}

/// The report of a body over the numbered threads.
inline std::string reportOf(const std::string &body, size_t threads = 64,
                            int sharedBytes = 4096) {
  return runPtx(body, numbered(threads), sharedBytes).report;
}

#define EXPECT_REPORT(report, part)                                            \
  EXPECT_NE((report).find(part), std::string::npos) << (report)

} // namespace llmc::emulator

#endif // LLMC_TEST_EMULATOR_PTX_H
