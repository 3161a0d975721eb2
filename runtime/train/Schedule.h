//===- Schedule.h - the learning rate of each step ------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_SCHEDULE_H
#define LLMC_RUNTIME_TRAIN_SCHEDULE_H

#include <cstdint>

namespace llmc::runtime {

enum class ScheduleKind { Cosine, Linear, Constant, WarmupStableDecay };

/// Warms up linearly, rate * (step + 1) / warmup for step < warmup; then, with
/// p = (step - warmup) / (steps - warmup):
///   cosine    minimum + (rate - minimum) * (1 + cos(pi p)) / 2
///   linear    rate + (minimum - rate) * p
///   constant  rate
///   wsd       rate, and over the last fifth of all steps linearly to minimum
struct Schedule {
  ScheduleKind kind = ScheduleKind::Cosine;
  double rate = 3e-4;
  /// The lowest rate, as a part of `rate`.
  double minFraction = 0.1;
  int64_t warmup = 0;
  int64_t steps = 1;

  /// The rate of `step`, counted from 0.
  double operator()(int64_t step) const;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_SCHEDULE_H
