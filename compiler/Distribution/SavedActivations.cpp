//===- SavedActivations.cpp - which activations wait on the host ----------===//

#include "compiler/Distribution/SavedActivations.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <limits>

using namespace llmc;

/// Of the largest tensor that may leave, the part that is still worth a copy.
static constexpr int64_t kLeastPart = 32;
/// Rates are predictions: so much longer may a copy take before it holds a
/// launch up.
static constexpr double kMargin = 1.25;

int64_t llmc::findPeak(int64_t launches, llvm::ArrayRef<SavedTensor> tensors) {
  std::vector<int64_t> change(launches + 1);
  for (const SavedTensor &tensor : tensors) {
    change[tensor.uses.front()] += tensor.bytes;
    change[tensor.uses.back() + 1] -= tensor.bytes;
  }
  int64_t alive = 0, most = -1, peak = 0;
  for (int64_t launch = 0; launch != launches; ++launch) {
    alive += change[launch];
    if (alive > most) {
      most = alive;
      peak = launch;
    }
  }
  return peak;
}

namespace {
class Planner {
public:
  Planner(llvm::ArrayRef<double> seconds, llvm::ArrayRef<SavedTensor> tensors,
          llvm::function_ref<double(int64_t)> copySeconds)
      : tensors(tensors), copySeconds(copySeconds), begins(seconds.size() + 1),
        peak(findPeak(seconds.size(), tensors)) {
    for (auto [launch, time] : llvm::enumerate(seconds))
      begins[launch + 1] = begins[launch] + time;
  }

  std::vector<HostStay> run();

private:
  void findCandidates();
  void scheduleReturns();
  void scheduleLeaves();
  double timeOf(const HostStay &stay) const {
    return kMargin * copySeconds(tensors[stay.tensor].bytes);
  }

  llvm::ArrayRef<SavedTensor> tensors;
  llvm::function_ref<double(int64_t)> copySeconds;
  std::vector<double> begins; // of launches, and the end of the last one
  int64_t peak;
  std::vector<HostStay> stays;
};
} // namespace

/// Between two uses with the peak strictly in between.
void Planner::findCandidates() {
  int64_t largest = 0;
  for (auto [index, tensor] : llvm::enumerate(tensors)) {
    const auto *after = llvm::lower_bound(tensor.uses, peak);
    if (!tensor.mayLeave || after == tensor.uses.begin() ||
        after == tensor.uses.end() || *after == peak)
      continue;
    largest = std::max(largest, tensor.bytes);
    stays.push_back({index, *std::prev(after), 0, 0, *after});
  }
  llvm::erase_if(stays, [&](const HostStay &stay) {
    return tensors[stay.tensor].bytes * kLeastPart < largest;
  });
}

/// From the last one that is needed to the first, each as late as may be.
void Planner::scheduleReturns() {
  llvm::sort(stays, [](const HostStay &a, const HostStay &b) {
    return std::tie(a.backBefore, a.tensor) > std::tie(b.backBefore, b.tensor);
  });
  double next = std::numeric_limits<double>::infinity();
  llvm::erase_if(stays, [&](HostStay &stay) {
    double start = std::min(begins[stay.backBefore], next) - timeOf(stay);
    if (start < begins[peak + 1])
      return true;
    next = start;
    stay.bringBefore =
        std::prev(llvm::upper_bound(begins, start)) - begins.begin();
    return false;
  });
}

void Planner::scheduleLeaves() {
  llvm::sort(stays, [](const HostStay &a, const HostStay &b) {
    return std::tie(a.leavesBehind, a.tensor) <
           std::tie(b.leavesBehind, b.tensor);
  });
  double free = 0;
  llvm::erase_if(stays, [&](HostStay &stay) {
    double ready = begins[stay.leavesBehind + 1];
    double start = std::max(ready, free), time = timeOf(stay);
    if (start - ready > time || start + time > begins[peak])
      return true;
    free = start + time;
    stay.goneBefore = llvm::lower_bound(begins, free) - begins.begin();
    return false;
  });
}

std::vector<HostStay> Planner::run() {
  findCandidates();
  // What leaves is spread over the forward pass, and so is what comes back.
  scheduleLeaves();
  scheduleReturns();
  // Fewer of them may leave earlier.
  scheduleLeaves();
  return std::move(stays);
}

std::vector<HostStay>
llmc::chooseHostStays(llvm::ArrayRef<double> seconds,
                      llvm::ArrayRef<SavedTensor> tensors,
                      llvm::function_ref<double(int64_t)> copySeconds) {
  if (seconds.empty() || tensors.empty())
    return {};
  return Planner(seconds, tensors, copySeconds).run();
}
