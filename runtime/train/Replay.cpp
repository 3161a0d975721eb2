//===- Replay.cpp - finding the kernel that failed ------------------------===//

#include "train/Replay.h"

#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace llmc::runtime {

namespace {
constexpr const char *variable = "LLMC_REPLAY_STEP";
} // namespace

std::optional<ReplayPoint> requestedReplay() {
  const char *text = std::getenv(variable);
  ReplayPoint point;
  if (!text || std::sscanf(text, "%" SCNd64 ":%" SCNd64, &point.step,
                           &point.position) != 2)
    return std::nullopt;
  return point;
}

Options replayOptions(Options options) {
  options.resume = true;
  options.quiet = true;
  options.profile = false;
  options.dumpGradients.clear();
  return options;
}

void becomeReplay(const ReplayPoint &point, const char *const *argv) {
  fmt::print(
      stderr,
      "repeating step {} one kernel at a time, to find which one failed\n",
      point.step + 1);
  std::fflush(nullptr);
  ::setenv(variable, fmt::format("{}:{}", point.step, point.position).c_str(),
           1);
  ::setenv("LLMC_LAUNCH_BLOCKING", "1", 1);
  // Those that a rank's thread leaves to the first one.
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::execv("/proc/self/exe", const_cast<char *const *>(argv));
}

void reportReplay(const ReplayPoint &point, const Status &status,
                  const std::string &rank) {
  fmt::print(stderr, "step {} repeated: {}{}\n", point.step + 1,
             rank.empty() ? "" : rank + ": ",
             status.isOk()
                 ? "no kernel failed; see the messages of the system (dmesg) "
                   "for Xid, or run with LLMC_LAUNCH_BLOCKING=1, which waits "
                   "for every kernel"
                 : status.message());
}

Status TrainLoop::replay(const ReplayPoint &point) {
  isReplay = true;
  Result<Data> data =
      Data::open(options.data, program.sequence, program.vocabulary);
  if (!data.isOk())
    return data.status();
  LLMC_TRY(prepare(*data));
  state.step = point.step;
  state.position = point.position;
  StepRecord record;
  LLMC_TRY(trainStep(*data, record));
  for (LlmcEntryPoint entry : {program.evaluate, program.generate})
    if (entry)
      LLMC_TRY(device.run(entry));
  return device.finish();
}

} // namespace llmc::runtime
