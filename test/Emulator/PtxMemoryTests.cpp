//===- PtxMemoryTests.cpp - Accesses that PTX makes, and what is refused --===//

#include "Driver.h"
#include "Ptx.h"

using namespace llmc::emulator;

namespace {

/// %r20 is the address of the thread's 16 bytes of shared memory.
const std::string place = "mov.u32 %r20, smem; shl.b32 %r21, %r0, 4;"
                          "add.s32 %r20, %r20, %r21;\n";
const std::string storeAll =
    place + "st.shared.v4.u32 [%r20], {%r1, %r2, %r3, %r4};\n";
const std::string copyAll = place +
                            "cp.async.cg.shared.global [%r20], [%d1], 16;\n"
                            "cp.async.commit_group;\n";
const std::string loadAll =
    "ld.shared.v4.u32 {%r11, %r12, %r13, %r14}, [%r20];\n";

} // namespace

TEST(PtxMemory, Widths) {
  PtxResult result =
      runPtx(storeAll + "ld.shared.u8 %h1, [%r20+1];"
                        "ld.shared.s16 %r12, [%r20+6];"
                        "ld.shared.u16 %r13, [%r20+6];"
                        "cvt.u32.u16 %r11, %h1;"
                        "ld.shared.u64 %d4, [%r20+8];"
                        "cvt.u32.u64 %r14, %d4;",
             std::vector<Words>(32, {0x12345678, 0x9abcdef0, 0xcafe, 0xbeef}));
  ASSERT_EQ(result.report, "");
  EXPECT_EQ(result.out[7], (Words{0x56, 0xffff9abc, 0x9abc, 0xcafe}));
  // What a store of fewer bits leaves alone.
  result = runPtx("st.global.v4.u32 [%d2], {%r1, %r2, %r3, %r4};"
                  "st.global.u16 [%d2+2], %r4; cvt.u16.u32 %h1, %r4;"
                  "st.global.u8 [%d2+4], %h1;"
                  "ld.global.v2.u32 {%r11, %r12}, [%d2];",
                  std::vector<Words>(32, {1, 2, 3, 0xabcd}));
  ASSERT_EQ(result.report, "");
  EXPECT_EQ(result.out[31], (Words{0xabcd0001, 0xcd, 0, 0}));
}

TEST(PtxMemory, SharedMemoryIsChecked) {
  EXPECT_EQ(
      reportOf(storeAll + "bar.sync 0;\nxor.b32 %r20, %r20, 16;" + loadAll),
      "");
  EXPECT_REPORT(
      reportOf(storeAll + "xor.b32 %r20, %r20, 16;" + loadAll),
      "block (0, 0, 0), thread 0, PTX line 22: ld.shared.v4.u32: reads byte 16 "
      "of shared memory (of the bytes 16..31) that thread 1 at line 21 writes, "
      "with no barrier between");
  EXPECT_REPORT(reportOf(place + loadAll), "that was never written");
  EXPECT_REPORT(reportOf(place + "ld.shared.u32 %r11, [%r20+2];"),
                "byte 2 of shared memory is not aligned to 4");
  EXPECT_REPORT(reportOf(storeAll, 64, 1008),
                "16 bytes at 1008 are outside the 1008 bytes of shared memory");
  // An offset where an address belongs.
  EXPECT_REPORT(reportOf("shl.b32 %r20, %r0, 4; st.shared.u32 [%r20], %r1;"),
                "4 bytes at -1024 are outside");
}

TEST(PtxMemory, GlobalMemoryIsChecked) {
  EXPECT_REPORT(reportOf("ld.global.u32 %r11, [%d1+2];"),
                "byte 2 of an allocation is not aligned to 4");
  EXPECT_REPORT(reportOf("ld.global.u32 %r11, [%d2];"),
                "byte 0 of an allocation of 1024 bytes that was never written");
  EXPECT_REPORT(reportOf("mov.u64 %d4, 16; ld.global.u32 %r11, [%d4];"),
                "4 bytes at 0x10 are in no allocation of the device");
  EXPECT_REPORT(
      reportOf("sub.s64 %d4, %d2, %d3; st.global.u32 [%d4], %r1;"),
      "thread 1, PTX line 20: st.global.u32: writes byte 0 of an allocation of "
      "1024 bytes that thread 0 of the block writes in the same launch");
  // The cache of constant data does not see what the launch stores.
  EXPECT_EQ(reportOf("st.global.u32 [%d2], %r1; ld.global.u32 %r11, [%d2];"),
            "");
  EXPECT_REPORT(
      reportOf("st.global.u32 [%d2], %r1; ld.global.nc.u32 %r11, [%d2];"),
      "ld.global.nc.u32: reads byte 0");
}

TEST(PtxMemory, CopiesArriveAtTheirWait) {
  const std::string wait = "cp.async.wait_group 0;\n";
  PtxResult result = runPtx(copyAll + wait + loadAll, numbered(64));
  ASSERT_EQ(result.report, "");
  EXPECT_EQ(result.out[9], numbered(64)[9]);
  EXPECT_REPORT(reportOf(copyAll + loadAll),
                "while a cp_async of thread 0 at line 21 is in flight");
  EXPECT_REPORT(reportOf(copyAll + "cp.async.wait_group 1;\n" + loadAll),
                "is in flight");
  // A copy behind the last commit belongs to no group.
  EXPECT_REPORT(reportOf(place +
                         "cp.async.ca.shared.global [%r20], [%d1], 16;\n" +
                         wait + loadAll),
                "is in flight");
  // Others see it after a barrier.
  const std::string other = "xor.b32 %r20, %r20, 16;\n" + loadAll;
  EXPECT_EQ(reportOf(copyAll + wait + "bar.sync 0;\n" + other), "");
  EXPECT_REPORT(reportOf(copyAll + wait + other), "with no barrier between");
}

TEST(PtxMemory, CopiesOfAPart) {
  PtxResult result =
      runPtx(place +
                 "and.b32 %r22, %r0, 1; shl.b32 %r22, %r22, 3;"
                 "cp.async.cg.shared.global [%r20], [%d1], 16, %r22;"
                 "cp.async.commit_group; cp.async.wait_group 0;" +
                 loadAll,
             numbered(32));
  ASSERT_EQ(result.report, "");
  EXPECT_EQ(result.out[8], (Words{0, 0, 0, 0}));
  EXPECT_EQ(result.out[9], (Words{9, 27, 0, 0}));
  // What is not read need not be there.
  const std::string nowhere = place +
                              "mov.u64 %d4, 0;"
                              "cp.async.ca.shared.global [%r20], [%d4], 4, ";
  EXPECT_EQ(reportOf(nowhere + "0;"), "");
  EXPECT_REPORT(reportOf(nowhere + "4;"), "in no allocation");
  EXPECT_REPORT(reportOf(nowhere + "8;"), "8 source bytes of a copy of 4");
}

TEST(PtxModule, WhatIsNotKnownIsNotLoaded) {
  EXPECT_EQ(reportOf("atom.global.add.u32 %r11, [%d2], 1;"),
            "PTX line 20, kernel 'test': the emulator does not know the "
            "instruction 'atom.global.add.u32'");
  EXPECT_EQ(reportOf("ld.volatile.global.u32 %r11, [%d2];"),
            "PTX line 20, kernel 'test': the emulator does not know the "
            "instruction 'ld.volatile.global.u32'");
  EXPECT_EQ(reportOf("add.s32 %r11, %r1, %d1;"),
            "PTX line 20, kernel 'test': 'add.s32': operand 3 is not 32 bits");
  EXPECT_EQ(reportOf("add.s32 %r11, %r1;"),
            "PTX line 20, kernel 'test': 'add.s32': too few operands");
  EXPECT_EQ(reportOf("mov.u32 %r99, 1;"),
            "PTX line 20, kernel 'test': 'mov.u32': operand 1 is not 32 bits");
  EXPECT_EQ(reportOf("ld.global.u32 %r11, [16];"),
            "PTX line 20, kernel 'test': 'ld.global.u32': operand 2 is not an "
            "address");
  EXPECT_EQ(reportOf("bra NOWHERE;"),
            "PTX line 20, kernel 'test': 'bra': operand 1 is not a label");
  EXPECT_EQ(reportOf("@%p1 bar.sync 0;"),
            "PTX line 20, kernel 'test': the emulator knows no 'bar.sync' with "
            "a guard");
  EXPECT_EQ(reportOf(".local .align 4 .b8 array[16];"),
            "PTX line 20: the emulator does not know '.local': \".local .align "
            "4 .b8 array[16];\"");
  EXPECT_EQ(
      reportOf("mov.u32 %r11, +;"),
      "PTX line 20: expected an operand, found '+': \"mov.u32 %r11, +;\"");
}

TEST(PtxModule, TextsThatEndEarly) {
  std::string text = ptxText("/* two\nlines */ .pragma \"nounroll\";\n"
                             ".loc 1 20 3\n" +
                             copyAll + "@%p1 mov.b32 {%h1, %h2}, %r1;");
  size_t whole = text.rfind('}');
  for (size_t length = 0; length < text.size(); ++length) {
    std::string error, start = text.substr(0, length);
    bool loaded = Module::load(start.c_str(), error) != nullptr;
    EXPECT_EQ(loaded, length > whole) << start;
    EXPECT_EQ(error.empty(), loaded);
  }
}

TEST(PtxModule, TheDriverTakesPtxAndRefusesCubins) {
  std::string text = inChild({}, [](Driver &driver) {
    driver.start();
    CUmodule module = nullptr;
    std::string good = ptxText(""), bad = ptxText("trap;");
    ASSERT_EQ(driver.cuModuleLoadData(&module, good.c_str()), CUDA_SUCCESS);
    CUfunction function = nullptr;
    ASSERT_EQ(driver.cuModuleGetFunction(&function, module, "test"), 0);
    int threads = 0;
    driver.cuFuncGetAttribute(&threads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK,
                              function);
    EXPECT_EQ(threads, 256);
    CUdeviceptr in = driver.floats(128, 0), out = driver.floats(128, -1);
    void *arguments[] = {&in, &out};
    EXPECT_EQ(driver.cuLaunchKernel(function, 1, 1, 1, 32, 1, 1, 0, nullptr,
                                    arguments, nullptr),
              CUDA_SUCCESS);
    EXPECT_EQ(driver.cuModuleLoadData(&module, bad.c_str()),
              CUDA_ERROR_INVALID_PTX);
    char cubin[64] = "\177ELF\2\1\1";
    cubin[18] = char(190);
    EXPECT_EQ(driver.cuModuleLoadData(&module, cubin),
              CUDA_ERROR_NO_BINARY_FOR_GPU);
  });
  EXPECT_REPORT(text, "does not know the instruction 'trap'");
  EXPECT_REPORT(text, "the image is a cubin, which only a GPU runs");
}
