//===- CellTests.cpp - Which accesses to memory may follow others ---------===//
//
// Orders of accesses that need several host threads to come about in a launch.
//
//===----------------------------------------------------------------------===//

#include "tools/llmc-emulator/engine/SharedMemory.h"

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

// A byte takes no part in the search for races and hides none.
TEST(SharedCellTest, ReadersBeforeAByteWasWritten) {
  using Shared = SharedCell::Verdict;
  Cell cell = SharedCell::written;
  EXPECT_EQ(SharedCell::read(cell, 5, 1, true), Shared::Fine);
  EXPECT_EQ(SharedCell::wrote(cell, 5, 2, false, SharedCell::written),
            Shared::Fine);
  EXPECT_EQ(SharedCell::wrote(cell, 5, 2, true, SharedCell::written),
            Shared::AfterRead);
}

// Epochs begin again at 1: what was before them is old, whatever its number.
TEST(SharedMemoryTest, EpochsAreNumberedAnew) {
  using Shared = SharedCell::Verdict;
  SharedMemory memory;
  memory.reset(64);
  Cell &read = memory.cells[0], &written = memory.cells[1];
  read = SharedCell::written;
  EXPECT_EQ(SharedCell::read(read, 5, 1, true), Shared::Fine);
  EXPECT_EQ(SharedCell::wrote(written, 5, 1, true, SharedCell::written),
            Shared::Fine);
  memory.renumber();
  EXPECT_EQ(SharedCell::wrote(read, 5, 2, true, SharedCell::written),
            Shared::Fine);
  EXPECT_EQ(SharedCell::read(written, 5, 2, true), Shared::Fine);
}

// The lines of a wide access, whose first bytes a narrow one had before.
TEST(SharedMemoryTest, LinesOfWideAccesses) {
  SharedMemory memory;
  memory.reset(64);
  memory.noteWrite(0, 8, 7);
  memory.noteWrite(4, 2, 8);
  memory.noteWrite(4, 4, 8);
  EXPECT_EQ(memory.writeLine(7), 8);
  memory.noteRead(0, 8, 7);
  memory.noteRead(4, 2, 8);
  memory.noteRead(4, 4, 8);
  EXPECT_EQ(memory.readLine(7), 8);
  EXPECT_EQ(memory.readLine(0), 7);
}
