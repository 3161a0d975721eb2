//===- Replay.h - finding the kernel that failed ----------------*- C++ -*-===//
//
// A graph of kernels fails as a whole, and the process can do nothing more on
// the GPU. So it becomes another one, which repeats the step one kernel at a
// time, with all ranks that it had, and says which one fails.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_REPLAY_H
#define LLMC_RUNTIME_TRAIN_REPLAY_H

#include "train/Options.h"
#include "train/TrainLoop.h"

#include <optional>
#include <string>

namespace llmc::runtime {

/// The step that this process is to repeat, if it is there for that.
std::optional<ReplayPoint> requestedReplay();

/// The options of the run, for its replay.
Options replayOptions(Options options);

/// Becomes a process that repeats the step, whatever other threads are doing.
/// Returns only where that fails.
void becomeReplay(const ReplayPoint &point, const char *const *argv);

/// Prints what the replay found, on the rank that is named, if one is.
void reportReplay(const ReplayPoint &point, const Status &status,
                  const std::string &rank = "");

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_REPLAY_H
