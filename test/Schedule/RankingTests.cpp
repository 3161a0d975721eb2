//===- RankingTests.cpp - which schedules a compiler is asked about -------===//
//
// A model with four schedules, "tile" 1 to 4, that take half of their time when
// two blocks fit an SM: up to 128 registers a thread. What a compiler reports
// is a table.
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/Ranking.h"

#include "gtest/gtest.h"

#include <map>

using namespace llmc;

namespace {

BlockSizes tile(int64_t number, int64_t minBlocks = 2) {
  return {{"tile", number}, {"min_blocks", minBlocks}};
}

class FakeModel : public TargetModel {
public:
  /// The time of one block per SM, by tile.
  std::map<int64_t, double> times;

  ScheduleChoice choose(const KernelShape &) const override {
    return estimate({}, tile(1));
  }
  ScheduleChoice estimate(const KernelShape &, const BlockSizes &blocks,
                          const Resources *reported = nullptr) const override {
    ScheduleChoice choice{blocks};
    choice.blocksPerSM = reported && reported->registers > 128 ? 1 : 2;
    choice.microseconds = times.at(blocks.lookup("tile")) / choice.blocksPerSM;
    return choice;
  }
  /// Greater tiles have more room, and any has more with one block per SM.
  double getRoom(const KernelShape &, const BlockSizes &blocks) const override {
    return blocks.lookup("tile") - blocks.lookup("min_blocks") / 4.0;
  }
  llvm::SmallVector<ScheduleChoice> findContenders(const KernelShape &shape,
                                                   double room) const override {
    llvm::SmallVector<ScheduleChoice> choices;
    for (auto [number, time] : times)
      if (getRoom(shape, tile(number)) > room)
        insertByTime(choices, estimate(shape, tile(number)), times.size());
    return choices;
  }
  std::optional<ScheduleChoice> relax(const KernelShape &shape,
                                      const BlockSizes &blocks) const override {
    if (blocks.lookup("min_blocks") == 1)
      return std::nullopt;
    Resources all{255, 0, 0};
    return estimate(shape, tile(blocks.lookup("tile"), 1), &all);
  }
};

class RankingTest : public ::testing::Test {
protected:
  /// The tiles asked about next, in order; a relaxed one is negative.
  std::vector<int64_t> asked(const Ranking &ranking) {
    std::vector<int64_t> numbers;
    for (const BlockSizes &blocks : ranking.getUnmeasured())
      numbers.push_back(blocks.lookup("tile") *
                        (blocks.lookup("min_blocks") == 1 ? -1 : 1));
    return numbers;
  }
  int64_t best(const Ranking &ranking) {
    return ranking.getBest().blocks.lookup("tile");
  }
  Ranking start(bool isGiven = false) {
    return Ranking(model, KernelShape{KernelKind::Gemm}, tile(1), isGiven);
  }

  FakeModel model;
  using Tiles = std::vector<int64_t>;
};

TEST_F(RankingTest, TheModelsChoiceIsAskedAboutFirst) {
  model.times = {{1, 100}, {2, 40}};
  Ranking ranking = start();
  EXPECT_EQ(asked(ranking), Tiles({1}));
  EXPECT_EQ(best(ranking), 1);
}

TEST_F(RankingTest, OthersOnlyIfTheyPromiseMore) {
  model.times = {{1, 100}, {2, 99.6}, {3, 110}};
  Ranking ranking = start();
  ranking.add({tile(1), {120, 0, 0}}); // 50 us; 2 promises 49.8
  EXPECT_EQ(asked(ranking), Tiles());
  EXPECT_EQ(best(ranking), 1);
  model.times[2] = 99;
  EXPECT_EQ(asked(ranking), Tiles({2}));
}

TEST_F(RankingTest, AnotherIsTakenOnlyIfItGainsEnough) {
  model.times = {{1, 100}, {2, 99.6}};
  Ranking ranking = start();
  ranking.add({tile(1), {120, 0, 0}}); // 50 us
  ranking.add({tile(2), {120, 0, 0}}); // 49.8 us, within the model's error
  EXPECT_EQ(best(ranking), 1);
  model.times[2] = 99;
  Ranking other = start();
  other.add({tile(1), {120, 0, 0}});
  other.add({tile(2), {120, 0, 0}}); // 49.5 us
  EXPECT_EQ(best(other), 2);
}

TEST_F(RankingTest, TheReportDecides) {
  model.times = {{1, 100}, {2, 90}, {3, 110}};
  Ranking kept = start(), broken = start();
  for (Ranking *ranking : {&kept, &broken})
    ranking->add({tile(1), {130, 0, 0}}); // 100 us, one block
  EXPECT_EQ(asked(kept), Tiles({2, 3}));
  kept.add({tile(2), {128, 0, 0}}); // 45 us, as promised
  EXPECT_EQ(asked(kept), Tiles());
  EXPECT_EQ(best(kept), 2);
  EXPECT_EQ(kept.getBestResources().registers, 128);
  EXPECT_DOUBLE_EQ(kept.getBest().microseconds, 45);

  broken.add({tile(2), {129, 0, 0}}); // 90 us: 3 still promises 55
  EXPECT_EQ(asked(broken), Tiles({3}));
  broken.add({tile(3), {200, 0, 0}});
  EXPECT_EQ(asked(broken), Tiles());
  EXPECT_EQ(best(broken), 2);
}

TEST_F(RankingTest, WhatSpillsIsWorseThanAnythingElse) {
  model.times = {{1, 10}, {2, 200}};
  Ranking ranking = start();
  ranking.add({tile(1), {128, 8, 0}});
  // With one block per SM its registers may do.
  EXPECT_EQ(asked(ranking), Tiles({-1, 2}));
  ranking.add({tile(1, 1), {255, 4, 0}});
  EXPECT_EQ(asked(ranking), Tiles({2}));
  ranking.add({tile(2), {255, 0, 0}});
  EXPECT_EQ(asked(ranking), Tiles());
  EXPECT_EQ(best(ranking), 2);
}

TEST_F(RankingTest, WhatHasNoMoreRoomThanOneThatSpillsIsNotAskedAbout) {
  model.times = {{1, 10}, {2, 20}, {3, 40}, {4, 30}};
  Ranking ranking = start();
  ranking.add({tile(1), {128, 8, 0}});
  ranking.add({tile(3), {128, 8, 0}});
  // Neither 2 nor 1 with one block per SM, fast as these would be.
  EXPECT_EQ(asked(ranking), Tiles({4, -3}));
  ranking.add({tile(4), {128, 0, 0}});
  EXPECT_EQ(best(ranking), 4);
  // Once one does not spill, its time is the measure.
  EXPECT_EQ(asked(ranking), Tiles({2}));
}

TEST_F(RankingTest, MoreThanFourWhileAllSpill) {
  for (int number = 1; number <= 10; ++number)
    model.times[number] = 100 + number;
  Ranking ranking = start();
  for (int number = 1; number <= 8; ++number) {
    EXPECT_FALSE(asked(ranking).empty()) << number;
    ranking.add({tile(number), {128, 8, 0}});
  }
  EXPECT_EQ(asked(ranking), Tiles());
}

TEST_F(RankingTest, OfAllThatSpillTheLeast) {
  model.times = {{1, 10}, {2, 20}};
  Ranking ranking = start();
  ranking.add({tile(1), {128, 80, 0}});
  ranking.add({tile(1, 1), {255, 40, 0}});
  ranking.add({tile(2), {128, 60, 0}});
  ranking.add({tile(2, 1), {255, 50, 0}});
  EXPECT_EQ(asked(ranking), Tiles());
  EXPECT_EQ(best(ranking), 1);
  EXPECT_EQ(ranking.getBestResources().spillBytes, 40);
}

TEST_F(RankingTest, WhatDoesNotBecomeAKernelIsPassedOver) {
  model.times = {{1, 100}, {2, 120}};
  Ranking ranking = start();
  ranking.add({tile(1), {}});
  EXPECT_EQ(asked(ranking), Tiles({2}));
  EXPECT_EQ(ranking.getBestResources().registers, 0);
  ranking.add({tile(2), {100, 0, 0}});
  EXPECT_EQ(best(ranking), 2);
}

TEST_F(RankingTest, TwoAtATimeAndFourInAll) {
  model.times = {{1, 100}, {2, 90}, {3, 80}, {4, 70}, {5, 60}};
  Ranking ranking = start();
  ranking.add({tile(1), {255, 0, 0}});
  EXPECT_EQ(asked(ranking), Tiles({5, 4}));
  ranking.add({tile(5), {}});
  ranking.add({tile(4), {}});
  EXPECT_EQ(asked(ranking), Tiles({3}));
  ranking.add({tile(3), {}});
  EXPECT_EQ(asked(ranking), Tiles());
  EXPECT_EQ(best(ranking), 1);
}

TEST_F(RankingTest, AGivenScheduleStays) {
  model.times = {{1, 100}, {2, 10}};
  Ranking ranking = start(/*isGiven=*/true);
  EXPECT_EQ(asked(ranking), Tiles({1}));
  ranking.add({tile(1), {255, 16, 0}});
  EXPECT_EQ(asked(ranking), Tiles());
  EXPECT_EQ(best(ranking), 1);
}

} // namespace
