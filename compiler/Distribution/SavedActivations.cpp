//===- SavedActivations.cpp - which activations wait on the host ----------===//

#include "compiler/Distribution/SavedActivations.h"

#include "compiler/Support/BusClock.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <limits>

using namespace llmc;

/// Of the largest tensor that may leave, the part that is still worth a copy.
static constexpr int64_t kLeastPart = 32;
/// How far the bus may be behind, in copies of the largest tensor. More would
/// use it no better, and keep what waits for it on the device.
static constexpr double kMostBehind = 2;

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

void CopyRate::limit(double begin, double end, double share) {
  limits.push_back({begin, end, share});
}

double CopyRate::findEnd(double begin, double seconds) const {
  auto limit =
      llvm::upper_bound(limits, begin, [](double time, const Limit &limit) {
        return time < limit.end;
      });
  for (; limit != limits.end(); ++limit) {
    if (begin + seconds <= limit->begin)
      break;
    seconds -= std::max(0.0, limit->begin - begin);
    begin = std::max(begin, limit->begin);
    double done = (limit->end - begin) * limit->share;
    if (limit->share > 0 && seconds <= done)
      return begin + seconds / limit->share;
    seconds -= done;
    begin = limit->end;
  }
  return begin + seconds;
}

double CopyRate::findBegin(double end, double seconds) const {
  auto next =
      llvm::lower_bound(limits, end, [](const Limit &limit, double time) {
        return limit.begin < time;
      });
  while (next != limits.begin()) {
    const Limit &limit = *--next;
    if (end - seconds >= limit.end)
      break;
    seconds -= std::max(0.0, end - limit.end);
    end = std::min(end, limit.end);
    double done = (end - limit.begin) * limit.share;
    if (limit.share > 0 && seconds <= done)
      return end - seconds / limit.share;
    seconds -= done;
    end = limit.begin;
  }
  return end - seconds;
}

namespace {
class Planner {
public:
  Planner(const BusTimes &times, llvm::ArrayRef<SavedTensor> tensors,
          int64_t mostBytes)
      : times(times), begins(times.begins), tensors(tensors),
        mostBytes(mostBytes), peak(findPeak(begins.size() - 1, tensors)) {}

  std::vector<HostStay> run();

private:
  void findCandidates();
  void scheduleReturns();
  void scheduleLeaves();
  void thinOut();
  double timeOf(const HostStay &stay) const {
    return kCopyMargin * times.copySeconds(tensors[stay.tensor].bytes);
  }

  const BusTimes &times;
  llvm::ArrayRef<double> begins;
  llvm::ArrayRef<SavedTensor> tensors;
  int64_t mostBytes;
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
    double start = times.toDevice.findBegin(
        std::min(begins[stay.backBefore], next), timeOf(stay));
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
  double longest = 0;
  for (const HostStay &stay : stays)
    longest = std::max(longest, timeOf(stay));
  llvm::erase_if(stays, [&](HostStay &stay) {
    double ready = begins[stay.leavesBehind + 1];
    double start = std::max(ready, free);
    double time = timeOf(stay), end = times.toHost.findEnd(start, time);
    // As long as the largest would take now.
    double most = (end - start) * longest / time;
    if (start - ready > kMostBehind * most || end > begins[peak])
      return true;
    free = end;
    stay.goneBefore = llvm::lower_bound(begins, free) - begins.begin();
    return false;
  });
}

/// In the order of leaving: the part that may leave of what was seen.
void Planner::thinOut() {
  double all = 0, seen = 0, taken = 0;
  for (const HostStay &stay : stays)
    all += tensors[stay.tensor].bytes;
  if (all <= mostBytes)
    return;
  llvm::erase_if(stays, [&](const HostStay &stay) {
    int64_t bytes = tensors[stay.tensor].bytes;
    seen += bytes;
    if (taken + bytes > seen / all * mostBytes)
      return true;
    taken += bytes;
    return false;
  });
}

std::vector<HostStay> Planner::run() {
  findCandidates();
  // What leaves is spread over the forward pass, and so is what comes back.
  scheduleLeaves();
  thinOut();
  scheduleReturns();
  // Fewer of them may leave earlier.
  scheduleLeaves();
  return std::move(stays);
}

std::vector<HostStay> llmc::chooseHostStays(const BusTimes &times,
                                            llvm::ArrayRef<SavedTensor> tensors,
                                            int64_t mostBytes) {
  if (times.begins.empty() || tensors.empty())
    return {};
  return Planner(times, tensors, mostBytes).run();
}
