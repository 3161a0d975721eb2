//===- CellTests.cpp - Which accesses to global memory may follow others --===//
//
// Orders of accesses that need several host threads to come about in a launch.
//
//===----------------------------------------------------------------------===//

#include "tools/llmc-emulator/engine/Memory.h"

#include <gtest/gtest.h>

using namespace llmc::emulator;
using Verdict = GlobalCell::Verdict;

namespace {

/// One cell, written before, in launch 2.
struct GlobalCellTest : testing::Test {
  static Cell who(unsigned block, unsigned epoch, unsigned thread) {
    return GlobalCell::make(2, block, epoch, thread);
  }
  Verdict read(unsigned block, unsigned epoch, unsigned thread) {
    return GlobalCell::read(cell, who(block, epoch, thread), true, true);
  }
  Verdict write(unsigned block, unsigned epoch, unsigned thread) {
    return GlobalCell::wrote(cell, who(block, epoch, thread), true);
  }
  Cell cell = GlobalCell::writtenBefore;
};

} // namespace

TEST_F(GlobalCellTest, ManyBlocksReadThenTheFirstWrites) {
  EXPECT_EQ(read(0, 1, 5), Verdict::Fine);
  EXPECT_EQ(read(1, 1, 5), Verdict::Fine);
  EXPECT_EQ(write(0, 1, 5), Verdict::Race);
}

TEST_F(GlobalCellTest, ManyThreadsReadThenTheFirstWrites) {
  EXPECT_EQ(read(0, 1, 5), Verdict::Fine);
  EXPECT_EQ(read(0, 1, 6), Verdict::Fine);
  EXPECT_EQ(write(0, 1, 5), Verdict::Race);
  // A barrier orders them.
  EXPECT_EQ(write(0, 2, 5), Verdict::Fine);
}

// A block that reads what it wrote is still the writer to the others, however
// many barriers ago.
TEST_F(GlobalCellTest, AWriterThatReadsIsRemembered) {
  EXPECT_EQ(write(0, 1, 5), Verdict::Fine);
  EXPECT_EQ(read(0, 2, 6), Verdict::Fine);
  Cell once = cell;
  EXPECT_EQ(read(1, 1, 5), Verdict::Race);
  cell = once;
  EXPECT_EQ(read(0, 3, 7), Verdict::Fine);
  EXPECT_EQ(read(1, 1, 5), Verdict::Race);
}

TEST_F(GlobalCellTest, AThreadMayReadAndWriteItsOwn) {
  EXPECT_EQ(read(0, 1, 5), Verdict::Fine);
  EXPECT_EQ(write(0, 1, 5), Verdict::Fine);
  EXPECT_EQ(read(0, 1, 5), Verdict::Fine);
  EXPECT_EQ(read(0, 1, 6), Verdict::Race);
}
