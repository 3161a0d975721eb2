//===- PtxWarpTests.cpp - What the lanes of a warp do together ------------===//
//
// Fragments are checked against the layouts of CUTLASS's atoms (CuTe,
// MMA_Traits of SM80_16x8x16 and SM80_16x8x8), written as there: shape and
// stride of (thread, value) into the matrix by columns.
//
//===----------------------------------------------------------------------===//

#include "Ptx.h"

#include "tools/llmc-emulator/ptx/Rounding.h"

#include <random>

using namespace llmc::emulator;
using ptx::bitsOf, ptx::floatOf;

namespace {

/// ((4, 8), (shape...)) : ((strides of the thread), (strides of the value)).
struct Layout {
  int threadStrides[2];
  std::vector<int> valueShape, valueStrides;

  int operator()(int thread, int value) const {
    int at = thread % 4 * threadStrides[0] + thread / 4 * threadStrides[1];
    for (size_t i = 0; i < valueShape.size(); ++i) {
      at += value % valueShape[i] * valueStrides[i];
      value /= valueShape[i];
    }
    return at;
  }
};

// C is (16, 8) in both.
const Layout layoutC = {{32, 1}, {2, 2}, {16, 8}};

/// Two launches: the values fit into no four words. Each thread has its A and B
/// in shared memory, from where ordinary loads take them.
void checkProduct(const std::string &opcode, int depth, bool half,
                  const Layout &layoutA, const Layout &layoutB) {
  std::mt19937 random(11);
  // Small integers: every sum is exact, whatever its order.
  auto draw = [&] { return float(int(random() % 17) - 8); };
  std::vector<float> a(size_t(16 * depth)), b(size_t(8 * depth)), c(16 * 8);
  for (std::vector<float> *values : {&a, &b, &c})
    for (float &value : *values)
      value = draw();
  auto registerOf = [&](const std::vector<float> &m, const Layout &layout,
                        int thread, int index) {
    if (!half)
      return bitsOf(m[size_t(layout(thread, index))]);
    return bitsOf(m[size_t(layout(thread, 2 * index + 1))]) |
           bitsOf(m[size_t(layout(thread, 2 * index))]) >> 16;
  };
  // Threads 0..31 bring A, 32..63 B, 64..95 C: the first warp multiplies.
  std::vector<Words> in(96);
  for (int thread = 0; thread < 32; ++thread)
    for (int i = 0; i < 4; ++i) {
      in[size_t(thread)][size_t(i)] = registerOf(a, layoutA, thread, i);
      in[size_t(thread) + 32][size_t(i)] =
          i < 2 ? registerOf(b, layoutB, thread, i) : 0;
      in[size_t(thread) + 64][size_t(i)] =
          bitsOf(c[size_t(layoutC(thread, i))]);
    }
  PtxResult result = runPtx("mov.u32 %r20, smem; shl.b32 %r21, %r0, 4;"
                            "add.s32 %r20, %r20, %r21;"
                            "st.shared.v4.u32 [%r20], {%r1, %r2, %r3, %r4};"
                            "bar.sync 0; setp.gt.u32 %p1, %r0, 31;"
                            "@%p1 bra END;"
                            "ld.shared.v2.u32 {%r5, %r6}, [%r20+512];"
                            "ld.shared.v4.f32 {%f1, %f2, %f3, %f4},"
                            "[%r20+1024];" +
                                opcode +
                                " {%f5, %f6, %f7, %f8},"
                                "{%r1, %r2, %r3, %r4}, {%r5, %r6},"
                                "{%f1, %f2, %f3, %f4};"
                                "mov.b32 %r11, %f5; mov.b32 %r12, %f6;"
                                "mov.b32 %r13, %f7; mov.b32 %r14, %f8;\nEND:",
                            in);
  ASSERT_EQ(result.report, "");
  for (int thread = 0; thread < 32; ++thread)
    for (int i = 0; i < 4; ++i) {
      int at = layoutC(thread, i), row = at % 16, column = at / 16;
      float sum = c[size_t(at)];
      for (int k = 0; k < depth; ++k)
        sum += a[size_t(row + 16 * k)] * b[size_t(column + 8 * k)];
      EXPECT_EQ(floatOf(result.out[size_t(thread)][size_t(i)]), sum)
          << opcode << " thread " << thread << " value " << i;
    }
}

} // namespace

TEST(PtxWarp, Products) {
  checkProduct("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 16, true,
               {{32, 1}, {2, 2, 2}, {16, 8, 128}}, {{16, 1}, {2, 2}, {8, 64}});
  checkProduct("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", 8, false,
               {{16, 1}, {2, 2}, {8, 64}}, {{8, 1}, {2}, {32}});
}

TEST(PtxWarp, Tf32LooksAtNineteenBits) {
  std::vector<Words> in(32, {0x3f801fff, 0x3f801fff, 0x3f801fff, 0x3f801fff});
  PtxResult result = runPtx(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
      "{%f1, %f2, %f3, %f4}, {%r1, %r2, %r3, %r4}, {%r1, %r2},"
      "{0f00000000, 0f00000000, 0f00000000, 0f00000000}; mov.b32 %r11, %f1;",
      in);
  ASSERT_EQ(result.report, "");
  EXPECT_EQ(floatOf(result.out[5][0]), 8.0f);
}

TEST(PtxWarp, Matrices) {
  // Thread l stores row l, whose elements are 8 l .. 8 l + 7.
  for (bool transposed : {false, true}) {
    std::vector<Words> in(32);
    for (uint32_t lane = 0; lane < 32; ++lane)
      for (uint32_t i = 0; i < 4; ++i)
        in[lane][i] = (8 * lane + 2 * i + 1) << 16 | (8 * lane + 2 * i);
    PtxResult result =
        runPtx(std::string("mov.u32 %r20, smem; shl.b32 %r21, %r0, 4;"
                           "add.s32 %r20, %r20, %r21;"
                           "st.shared.v4.u32 [%r20], {%r1, %r2, %r3, %r4};"
                           "bar.sync 0; ldmatrix.sync.aligned.m8n8.x4") +
                   (transposed ? ".trans" : "") +
                   ".shared.b16 {%r11, %r12, %r13, %r14}, [%r20];",
               in);
    ASSERT_EQ(result.report, "");
    for (uint32_t lane = 0; lane < 32; ++lane)
      for (uint32_t m = 0; m < 4; ++m) {
        uint32_t i = lane / 4, j = lane % 4 * 2;
        uint32_t low = 64 * m + (transposed ? 8 * j + i : 8 * i + j);
        uint32_t high = low + (transposed ? 8 : 1);
        EXPECT_EQ(result.out[lane][m], high << 16 | low)
            << "lane " << lane << " matrix " << m;
      }
  }
}

TEST(PtxWarp, Shuffles) {
  auto shuffled = [](const std::string &mode) {
    return runPtx("shfl.sync." + mode + ", -1; selp.b32 %r12, 1, 0, %p1;",
                  numbered(32))
        .out;
  };
  auto bfly = shuffled("bfly.b32 %r11|%p1, %r2, 5, 31");
  auto up = shuffled("up.b32 %r11|%p1, %r2, 3, 0");
  auto down = shuffled("down.b32 %r11|%p1, %r2, 3, 31");
  auto index = shuffled("idx.b32 %r11|%p1, %r2, 9, 31");
  // Segments of eight lanes: c has 24 in its upper half.
  auto parts = shuffled("down.b32 %r11|%p1, %r2, 3, 0x181F");
  for (uint32_t lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(bfly[lane], (Words{3 * (lane ^ 5), 1, 0, 0}));
    EXPECT_EQ(up[lane][0], 3 * (lane < 3 ? lane : lane - 3));
    EXPECT_EQ(up[lane][1], lane >= 3);
    EXPECT_EQ(down[lane][0], 3 * (lane > 28 ? lane : lane + 3));
    EXPECT_EQ(index[lane][0], 27u);
    EXPECT_EQ(parts[lane][0], 3 * (lane % 8 > 4 ? lane : lane + 3));
    EXPECT_EQ(parts[lane][1], lane % 8 <= 4);
  }
}

TEST(PtxWarp, Guards) {
  PtxResult result = runPtx("setp.lt.s32 %p1, %r0, 16;"
                            "@%p1 add.s32 %r11, %r1, 5;"
                            "@!%p1 sub.s32 %r11, %r1, 5;"
                            "@%p1 setp.eq.s32 %p2, %r0, 3;"
                            "@!%p1 setp.ne.s32 %p2, %r0, 20;"
                            "selp.b32 %r12, 1, 0, %p2;"
                            "@!%p1 bra END; mov.u32 %r13, 9;\nEND:",
                            numbered(32));
  ASSERT_EQ(result.report, "");
  for (uint32_t lane = 0; lane < 32; ++lane)
    EXPECT_EQ(result.out[lane], lane < 16
                                    ? (Words{lane + 5, lane == 3, 9, 0})
                                    : (Words{lane - 5, lane != 20, 0, 0}));
}

TEST(PtxWarp, BranchesJoin) {
  // Each lane loops as often as its number says, within another branch.
  PtxResult result = runPtx("setp.lt.s32 %p1, %r0, 16; @%p1 bra LOW;\n"
                            "mov.u32 %r20, 0;\nNEXT: add.s32 %r11, %r11, 2;"
                            "add.s32 %r20, %r20, 1; setp.le.s32 %p2, %r20, %r1;"
                            "@%p2 bra NEXT; bra.uni JOIN;\n"
                            "LOW: mov.u32 %r11, 1;\n"
                            "JOIN: shfl.sync.bfly.b32 %r12, %r11, 16, 31, -1;",
                            numbered(32));
  ASSERT_EQ(result.report, "");
  for (uint32_t lane = 0; lane < 32; ++lane) {
    uint32_t mine = lane < 16 ? 1 : 2 * (lane + 1);
    uint32_t other = lane < 16 ? 2 * (lane + 17) : 1;
    EXPECT_EQ(result.out[lane], (Words{mine, other, 0, 0}));
  }
}

TEST(PtxWarp, LanesThatDoNotCome) {
  const std::string part = "setp.eq.s32 %p1, %r0, 3; @%p1 bra SKIP;\n";
  EXPECT_REPORT(reportOf(part + "bar.sync 0;\nSKIP:"),
                "thread 0, PTX line 21: bar.sync: 31 of 32 threads of the warp "
                "wait; thread 3 has ended");
  EXPECT_REPORT(
      reportOf(part + "shfl.sync.bfly.b32 %r11, %r1, 1, 31, -1;\n"
                      "bra END;\nSKIP: bar.sync 0;\nEND:"),
      "shfl.sync.bfly.b32: 31 of 32 threads of the warp wait; thread 3 waits "
      "at bar.sync at line 23");
  EXPECT_REPORT(reportOf(part + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 "
                                "{%r11, %r12, %r13, %r14}, [smem];\nSKIP:"),
                "ldmatrix.sync.aligned.m8n8.x4.shared.b16: 31 of 32 threads");
  EXPECT_REPORT(reportOf("setp.lt.s32 %p1, %r0, 32; @%p1 bra SKIP;\n"
                         "bar.sync 0;\nSKIP:"),
                "32 of 64 threads of the block wait; thread 0 has ended");
  // Those that go around something and come to the same place are in time.
  EXPECT_EQ(reportOf(part + "mov.u32 %r11, 1;\nSKIP: bar.sync 0;"), "");
  EXPECT_EQ(reportOf("setp.lt.s32 %p1, %r0, 16; @%p1 bra LOW;\n"
                     "shfl.sync.bfly.b32 %r11, %r1, 1, 31, 0xFFFF0000;"
                     "bra END;\n"
                     "LOW: shfl.sync.bfly.b32 %r11, %r1, 1, 31, 0xFFFF;\nEND:",
                     32),
            "");
  EXPECT_REPORT(reportOf("shfl.sync.bfly.b32 %r11, %r1, 1, 31, 0xFFFF;"),
                "the mask of members lacks the thread itself");
}
