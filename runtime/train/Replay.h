//===- Replay.h - finding the kernel that failed ----------------*- C++ -*-===//
//
// A graph of kernels fails as a whole, and the process can do nothing more on
// the GPU. So it becomes another one, which repeats the step one kernel at a
// time and says which one fails.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_REPLAY_H
#define LLMC_RUNTIME_TRAIN_REPLAY_H

#include "train/Options.h"
#include "train/TrainLoop.h"

#include <optional>

namespace llmc::runtime {

/// The step that this process is to repeat, if it is there for that.
std::optional<ReplayPoint> requestedReplay();

/// The options of the run, for its replay.
Options replayOptions(Options options);

/// Becomes a process that repeats the step. Returns only where that fails.
void becomeReplay(const ReplayPoint &point, const char *const *argv);

/// Prints what the replay found.
void reportReplay(const ReplayPoint &point, const Status &status);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_REPLAY_H
