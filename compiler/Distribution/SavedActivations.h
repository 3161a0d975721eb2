//===- SavedActivations.h - which activations wait on the host --*- C++ -*-===//
//
// Policy only, on numbers. A tensor that the forward pass leaves for the
// backward pass may wait in the host's memory between two of its uses, if the
// bus takes it there before, and back after, the launch at which most bytes are
// alive: then it is not among them. Copies run one behind the other in each
// direction, beside the launches and what else is on the bus, and none is to
// hold a launch up.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_DISTRIBUTION_SAVEDACTIVATIONS_H
#define LLMC_COMPILER_DISTRIBUTION_SAVEDACTIVATIONS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace llmc {

struct SavedTensor {
  int64_t bytes = 0;
  /// Numbers of launches, ascending; the first one makes it.
  llvm::SmallVector<int64_t, 4> uses;
  /// Whether it may leave its place at all.
  bool mayLeave = true;
};

/// When a tensor is where; launches by their numbers.
struct HostStay {
  size_t tensor;
  int64_t leavesBehind; // the copy to the host starts behind this launch,
  int64_t goneBefore;   // and is waited for before this one
  int64_t bringBefore;  // the copy back starts before this launch,
  int64_t backBefore;   // and is waited for before this one
};

/// How fast copies of one direction are, at which time: what runs beside them
/// leaves them a share of their rate.
class CopyRate {
public:
  /// From `begin` to `end`, behind those that were added; elsewhere all of it.
  void limit(double begin, double end, double share);
  /// When a copy that begins at `begin` is done, if it takes `seconds` alone.
  double findEnd(double begin, double seconds) const;
  /// When it has to begin to be done at `end`.
  double findBegin(double end, double seconds) const;

private:
  struct Limit {
    double begin, end, share;
  };
  std::vector<Limit> limits;
};

/// What the policy knows of time.
struct BusTimes {
  /// When each launch begins, and the last one ends.
  std::vector<double> begins;
  CopyRate toHost, toDevice;
  /// What a copy of so many bytes takes alone.
  std::function<double(int64_t)> copySeconds;
};

/// The stays on the host that pay, in the order of leaving.
///
/// A tensor leaves if the bus is behind by no more than two copies of the
/// largest, so that few are on their way, and if its copies end and begin on
/// their side of the peak. It is brought as late as its use and those that are
/// needed after it allow. Small ones stay: they cost a copy, and spare little.
/// Where these are more than `mostBytes`, some stay, evenly.
std::vector<HostStay>
chooseHostStays(const BusTimes &times, llvm::ArrayRef<SavedTensor> tensors,
                int64_t mostBytes = std::numeric_limits<int64_t>::max());

/// The first launch during which most bytes of `tensors` are alive.
int64_t findPeak(int64_t launches, llvm::ArrayRef<SavedTensor> tensors);

} // namespace llmc

#endif
