//===- PtxTurnTests.cpp - Blocks that wait for each other -----------------===//

#include "Ptx.h"

using namespace llmc::emulator;

namespace {

/// %r20 is the block's ticket, of two. Two blocks store to the same place.
const std::string ticket =
    "setp.ne.s32 %p1, %r0, 0; @%p1 bra TAKEN;\n"
    "atom.global.inc.u32 %r20, [flags], 1; st.shared.u32 [smem], %r20;\n"
    "TAKEN: bar.sync 0; ld.shared.u32 %r20, [smem];\n";
const std::string await =
    "@%p1 bra COME;\n"
    "AGAIN: ld.acquire.gpu.global.u32 %r21, [flags+4];"
    "setp.eq.s32 %p2, %r21, %r20; @%p2 bra COME;"
    "mov.u32 %r22, 100; nanosleep.u32 %r22; bra.uni AGAIN;\nCOME:\n";
const std::string store = "st.global.u32 [%d2], %r20;\n";
const std::string end =
    "@%p1 bra OVER; setp.eq.s32 %p3, %r20, 1; add.s32 %r23, %r20, 1;"
    "selp.b32 %r23, 0, %r23, %p3;"
    "st.release.gpu.global.u32 [flags+4], %r23;\nOVER: ret;";
const std::string barrier = "bar.sync 0;\n";

PtxResult run(const std::string &body, int hosts = 1) {
  Options options;
  options.threads = hosts;
  return runPtx(body, numbered(64), 4096, 2, options);
}

} // namespace

TEST(PtxTurns, StoresInTurn) {
  for (int hosts : {1, 2}) {
    PtxResult result =
        run(ticket + await + barrier + store + barrier + end, hosts);
    EXPECT_EQ(result.report, "");
    EXPECT_EQ(result.out[5][0], 1u);
  }
}

TEST(PtxTurns, WhatIsMissing) {
  EXPECT_REPORT(run(ticket + store + "ret;").report,
                "nothing orders the blocks of a launch");
  // One thread has waited, the others know nothing of it.
  EXPECT_REPORT(run(ticket + await + store + barrier + end).report,
                "nothing orders the blocks of a launch");
  // The turn ends before all have stored.
  EXPECT_REPORT(run(ticket + await + barrier + store + end).report,
                "nothing orders the blocks of a launch");
  EXPECT_REPORT(run(ticket + await + barrier + store + "ret;").report,
                "nanosleep.u32: waits for another value than 0 to be released, "
                "and no block is left that could do so");
  EXPECT_REPORT(run(ticket + await + barrier + store + "ret;", 2).report,
                "no block is left");
  EXPECT_REPORT(runPtx(ticket + "ret;", numbered(32)).report,
                "blocks too many or too few took a ticket");
}

TEST(PtxTurns, OnlyVariablesOfTheModule) {
  EXPECT_REPORT(reportOf("ld.acquire.gpu.global.u32 %r11, [%d1];"),
                "the address is not that of a word among the module's");
  EXPECT_REPORT(reportOf("ld.global.u32 %r11, [flags];"),
                "are in no allocation of the device");
}
