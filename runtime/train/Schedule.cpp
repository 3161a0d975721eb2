//===- Schedule.cpp - the learning rate of each step ----------------------===//

#include "train/Schedule.h"

#include <algorithm>
#include <cmath>

namespace llmc::runtime {

double Schedule::operator()(int64_t step) const {
  if (step < warmup)
    return rate * static_cast<double>(step + 1) / static_cast<double>(warmup);
  const double minimum = rate * minFraction;
  // How far `step` has come from `start` to the end of the run, in [0, 1].
  auto progressFrom = [&](int64_t start) {
    double length = static_cast<double>(std::max<int64_t>(1, steps - start));
    return std::clamp(static_cast<double>(step - start) / length, 0.0, 1.0);
  };
  switch (kind) {
  case ScheduleKind::Cosine: {
    constexpr double pi = 3.14159265358979323846;
    double cosine = std::cos(pi * progressFrom(warmup));
    return minimum + (rate - minimum) * 0.5 * (1.0 + cosine);
  }
  case ScheduleKind::Linear:
    return rate + (minimum - rate) * progressFrom(warmup);
  case ScheduleKind::Constant:
    return rate;
  case ScheduleKind::WarmupStableDecay:
    return rate +
           (minimum - rate) * progressFrom(std::max(warmup, steps - steps / 5));
  }
  return rate;
}

} // namespace llmc::runtime
