//===- LayoutTests.cpp - which thread holds which element -----------------===//
//
// A layout gives every element of its (padded) tile to exactly one place, or to
// copies whose number its replicated lanes and warps say.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/Layout.h"

#include "gtest/gtest.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

using namespace llmc;

namespace {
using Places = std::map<std::pair<int64_t, int64_t>, int>;

/// How many registers of all threads hold each element.
Places countPlaces(const Layout &layout, int64_t warps) {
  Places places;
  for (int64_t warp = 0; warp < warps; ++warp)
    for (int64_t lane = 0; lane < 32; ++lane)
      for (int64_t reg = 0; reg < layout.numRegisters(); ++reg) {
        Coordinates at = layout.coordinates(reg, lane, warp);
        ++places[{at[0], at[1]}];
      }
  return places;
}

int countBits(int64_t mask) { return __builtin_popcountll(mask); }

void expectCovers(const Layout &layout, int64_t warps, Coordinates extents) {
  EXPECT_EQ(layout.extents(), extents);
  int copies = 1 << (countBits(layout.replicatedLanes()) +
                     countBits(layout.replicatedWarps()));
  Places places = countPlaces(layout, warps);
  EXPECT_EQ(int64_t(places.size()), extents[0] * extents[1]);
  for (auto [element, count] : places) {
    ASSERT_LT(element.first, extents[0]);
    ASSERT_LT(element.second, extents[1]);
    ASSERT_EQ(count, copies) << element.first << ", " << element.second;
  }
}

/// Only bits of lanes and registers have changed places.
void expectExchangesOnly(const Layout &from, const Layout &to) {
  EXPECT_EQ(from.warps, to.warps);
  EXPECT_EQ(from.repeat, to.repeat);
  auto bases = [](const Layout &layout) {
    std::multiset<Coordinates> all(layout.registers.begin(),
                                   layout.registers.end());
    all.insert(layout.lanes.begin(), layout.lanes.end());
    return all;
  };
  EXPECT_EQ(bases(from), bases(to));
}

TEST(Layout, MmaIsTheFragmentOfPtx) {
  // PTX ISA, m16n8k16, accumulator: row = lane / 4 (+ 8 for c2, c3), column =
  // 2 (lane % 4) + (i & 1); the second column tile is 8 further.
  Layout layout = Layout::mma({16, 16}, {1, 1}, 0);
  ASSERT_EQ(layout.numRegisters(), 8);
  for (int64_t lane = 0; lane < 32; ++lane)
    for (int64_t reg = 0; reg < 8; ++reg) {
      Coordinates expected = {lane / 4 + (reg & 2 ? 8 : 0),
                              lane % 4 * 2 + (reg & 1) + (reg & 4 ? 8 : 0)};
      EXPECT_EQ(layout.coordinates(reg, lane, 0), expected);
    }
}

TEST(Layout, MmaCovers) {
  expectCovers(Layout::mma({16, 16}, {1, 1}, 0), 1, {16, 16});
  expectCovers(Layout::mma({128, 128}, {2, 2}, 0), 4, {128, 128});
  expectCovers(Layout::mma({64, 256}, {2, 4}, 0), 8, {64, 256});
  // With rotated heads of 64: partners are 32 columns apart in one thread.
  Layout rotated = Layout::mma({64, 128}, {2, 2}, 64);
  expectCovers(rotated, 4, {64, 128});
  EXPECT_NE(llvm::find(rotated.registers, Coordinates({0, 32})),
            rotated.registers.end());
  // Unless warps would compute copies otherwise.
  Layout divided = Layout::mma({16, 64}, {1, 4}, 64);
  EXPECT_EQ(divided.replicatedWarps(), 0);
  expectCovers(divided, 4, {16, 64});
  // More warps than rows: copies.
  Layout copies = Layout::mma({16, 32}, {4, 1}, 0);
  EXPECT_EQ(countBits(copies.replicatedWarps()), 2);
  expectCovers(copies, 4, {16, 32});
}

TEST(Layout, NoPowersOfTwo) {
  // 48 and 80 columns are repetitions of 16.
  Layout layout = Layout::mma({64, 48}, {4, 1}, 0);
  EXPECT_EQ(layout.repeat, Coordinates({1, 3}));
  expectCovers(layout, 4, {64, 48});
  expectCovers(Layout::mma({48, 80}, {1, 1}, 80), 1, {48, 80});
  // Blocked tiles are padded to whole threads: 18 packs in 32 lanes.
  Layout blocked = Layout::blocked({3, 144}, 32, 8);
  EXPECT_TRUE(blocked.isPadded({3, 144}));
  expectCovers(blocked, 1, {3, 256});
  Layout wide = Layout::blocked({1, 4097}, 256, 1);
  expectCovers(wide, 8, {1, 4352});
}

TEST(Layout, BlockedCovers) {
  for (int64_t vector : {1, 4, 8}) {
    expectCovers(Layout::blocked({16, 64}, 128, vector), 4, {16, 64});
    expectCovers(Layout::blocked({1, 4096}, 256, vector), 8, {1, 4096});
  }
  Layout layout = Layout::blocked({2, 32}, 128, 4);
  EXPECT_EQ(layout.contiguous(), 4);
  // 16 threads hold it, the other 112 have copies.
  EXPECT_EQ(countBits(layout.replicatedLanes()) +
                countBits(layout.replicatedWarps()),
            3);
  expectCovers(layout, 4, {2, 32});
  // One rank.
  Layout row = Layout::blocked({512}, 64, 4);
  Places places = countPlaces(row, 2);
  EXPECT_EQ(places.size(), 512u);
}

TEST(Layout, SimtCovers) {
  for (bool columnsInLanes : {false, true}) {
    expectCovers(Layout::simt({32, 32}, {1, 1}, 0, columnsInLanes), 1,
                 {32, 32});
    expectCovers(Layout::simt({64, 128}, {2, 2}, 64, columnsInLanes), 4,
                 {64, 128});
    expectCovers(Layout::simt({16, 48}, {1, 1}, 0, columnsInLanes), 1,
                 {16, 48});
  }
}

TEST(Layout, SlicesKeepOneAxis) {
  Layout layout = Layout::mma({64, 48}, {2, 1}, 0);
  for (int64_t axis : {0, 1}) {
    Layout slice = layout.slice(axis);
    EXPECT_EQ(slice.rank(), 1);
    EXPECT_EQ(slice.extents()[0], axis ? 64 : 48);
    std::set<int64_t> seen;
    for (int64_t warp = 0; warp < 2; ++warp)
      for (int64_t lane = 0; lane < 32; ++lane) {
        std::set<int64_t> whole, part;
        for (int64_t reg = 0; reg < layout.numRegisters(); ++reg)
          whole.insert(layout.coordinates(reg, lane, warp)[1 - axis]);
        for (int64_t reg = 0; reg < slice.numRegisters(); ++reg)
          part.insert(slice.coordinates(reg, lane, warp)[0]);
        // A thread has the slice's elements of the rows or columns it holds.
        EXPECT_EQ(whole, part);
        EXPECT_EQ(int64_t(part.size()), slice.numRegisters());
        seen.insert(part.begin(), part.end());
      }
    EXPECT_EQ(int64_t(seen.size()), slice.extents()[0]);
  }
  // Lanes of a quad share a row; lanes of eight rows share a column.
  EXPECT_EQ(layout.slice(1).replicatedLanes(), 0b00011);
  EXPECT_EQ(layout.slice(0).replicatedLanes(), 0b11100);
}

TEST(Layout, PartialHasAColumnForEachThread) {
  Layout layout = Layout::mma({64, 32}, {2, 2}, 0);
  // A quad of lanes and two warps share the 32 columns of a row.
  Layout rows = layout.partial(1);
  expectCovers(rows, 4, {64, 8});
  EXPECT_EQ(rows.numRegisters(), layout.slice(1).numRegisters());
  EXPECT_EQ(rows.slice(1), layout.slice(1));
  // Eight lanes and two warps share the 64 rows of a column.
  Layout columns = layout.partial(0);
  expectCovers(columns, 4, {16, 32});
  EXPECT_EQ(columns.slice(0), layout.slice(0));
  // Repetitions along the axis are a thread's own.
  expectCovers(Layout::mma({64, 48}, {4, 1}, 0).partial(1), 4, {64, 4});
}

TEST(Layout, WidenExchangesLanes) {
  for (auto [shape, warps] :
       {std::pair(std::vector<int64_t>{64, 64}, WarpGrid{2, 1}),
        std::pair(std::vector<int64_t>{128, 128}, WarpGrid{2, 2}),
        std::pair(std::vector<int64_t>{32, 96}, WarpGrid{2, 1})}) {
    Layout layout = Layout::mma(shape, warps, 0);
    for (int64_t vector : {4, 8}) {
      Layout wide = layout.widen(vector);
      EXPECT_EQ(wide.contiguous(), vector);
      expectExchangesOnly(layout, wide);
      expectCovers(wide, warps.rows * warps.columns, {shape[0], shape[1]});
    }
  }
  // 16 columns hold pairs of 4 only: no third bit to exchange.
  EXPECT_EQ(Layout::mma({64, 48}, {4, 1}, 0).widen(8).contiguous(), 4);
}

TEST(Layout, SurvivesItsAttribute) {
  mlir::MLIRContext context;
  context.loadDialect<cuda::CudaDialect>();
  for (const Layout &layout :
       {Layout::mma({64, 48}, {2, 1}, 0), Layout::blocked({144}, 64, 2),
        Layout::simt({32, 64}, {1, 2}, 0, true)}) {
    EXPECT_EQ(Layout(layout.toAttribute(&context)), layout);
    EXPECT_NE(Layout(layout.toAttribute(&context)), layout.slice(0));
  }
}
} // namespace
