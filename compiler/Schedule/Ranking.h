//===- Ranking.h - which schedules a compiler is asked about ----*- C++ -*-===//
//
// A target's model errs in registers, and with them in how many blocks an SM
// holds. A compiler knows, but takes its time: it is asked about the model's
// choice, and about others only where its answer can change the choice.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SCHEDULE_RANKING_H
#define LLMC_COMPILER_SCHEDULE_RANKING_H

#include "compiler/Schedule/TargetModel.h"

#include <vector>

namespace llmc {

/// A schedule and what a compiler made of it. One that does not become a kernel
/// at all, as it does not fit, has no registers.
struct Measured {
  BlockSizes blocks;
  Resources resources;
};

/// The choice for one kernel. Policy only: it compiles nothing. The result is
/// a function of the reports alone.
class Ranking {
public:
  /// Of a kernel that is asked about, the schedules at most; and while all of
  /// them spill.
  static constexpr size_t kMostMeasured = 4;
  static constexpr size_t kMostSpilling = 8;
  /// Of these at a time.
  static constexpr size_t kMostAtOnce = 2;
  /// What another schedule must promise of the time of the best one.
  static constexpr double kGain = 0.995;

  /// `first` is the model's choice; where it `isGiven`, a person's, there are
  /// no others.
  Ranking(const TargetModel &model, const KernelShape &shape, BlockSizes first,
          bool isGiven);

  void add(Measured measured);
  /// To be measured next; none when the choice is final.
  std::vector<BlockSizes> getUnmeasured() const;
  /// The best of those that are measured; the first one if none is.
  ScheduleChoice getBest() const;
  /// What was reported of `getBest`.
  Resources getBestResources() const;

private:
  struct Result {
    BlockSizes blocks;
    Resources resources;
    ScheduleChoice choice;
  };
  static bool isUsable(const Result &result) {
    return result.resources.registers > 0;
  }
  bool isMeasured(const BlockSizes &blocks) const;
  const Result *findBest() const;

  const TargetModel &model;
  KernelShape shape;
  BlockSizes first;
  bool isGiven;
  std::vector<Result> results;
};

} // namespace llmc

#endif
