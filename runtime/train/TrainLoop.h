//===- TrainLoop.h - from data and options to a trained model -------------===//
//
// A step is: for each micro-batch, copy tokens and targets to the device and
// run a micro-step: the first one stores its gradients, the others add to them;
// then fill the hyper tensor and run `update`, which clips and applies AdamW.
// The loop waits for the device once, at the end of the step; the next
// micro-batch is fetched and copied before that.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_TRAINLOOP_H
#define LLMC_RUNTIME_TRAIN_TRAINLOOP_H

#include "core/Clock.h"
#include "core/Console.h"
#include "core/FileLock.h"
#include "core/Status.h"
#include "device/Device.h"
#include "device/cpu/ThreadPool.h"
#include "train/Checkpoint.h"
#include "train/Data.h"
#include "train/Metrics.h"
#include "train/Options.h"
#include "train/Profile.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::runtime {

class StopSignal;

/// Where a step begins: what it takes to repeat it.
struct ReplayPoint {
  int64_t step = 0; ///< steps before it
  int64_t position = 0;
};

class TrainLoop {
public:
  /// All references outlive the loop.
  TrainLoop(const LlmcProgram &program, const Options &options, Device &device,
            ThreadPool &pool, Console &console)
      : program(program), options(options), device(device), pool(pool),
        console(console), ranks(device.ranks()),
        store(program, device, options.out, options.keep) {}

  /// Trains to the last step, or until SIGINT or SIGTERM. `stopSignal` becomes
  /// the signal that stopped the run, 0 when it was finished.
  Status run(int &stopSignal);

  /// Where the last step that was begun begins.
  ReplayPoint replayPoint() const { return {state.step, stepPosition}; }
  /// Repeats a step on the weights of the newest checkpoint, else the first
  /// ones, and runs every other entry point. Writes nothing.
  Status replay(const ReplayPoint &point);

private:
  Status prepare(const Data &data);
  /// Allocates, and fills what no checkpoint holds.
  Status fillMemory();
  /// Where there is no checkpoint to go on from.
  Status makeFirstWeights();
  Status checkRequests(const Data &data) const;
  /// Makes --out this program's own and leaves only whole checkpoints in it.
  Status claimOutput();
  /// By all ranks together.
  Status resume();
  void noteChangedSettings(const std::map<std::string, std::string> &saved);
  std::map<std::string, std::string> settings(const Data &data) const;
  void describe(const Data &data);

  Status trainUntilStopped(const Data &data, Metrics &metrics, int &stopSignal);
  /// The signal that some rank got, 0 if none: all ranks stop together.
  Result<int> findStop(const StopSignal &stop);
  /// Gives the step up in which a signal came: as if it had not begun.
  Status giveUpStep(int signal, int64_t done);
  void showProgress(const StepRecord &record);
  /// With `stop`, `received` becomes the signal for which the step was given up
  /// between two micro-batches, 0 when it was done.
  Status trainStep(const Data &data, StepRecord &record,
                   const StopSignal *stop = nullptr, int *received = nullptr);
  /// The micro-step that is the first, or the last, of its step, or both.
  LlmcEntryPoint entryOf(bool first, bool last) const;
  Status microStep(const Data &data, float &loss, LlmcEntryPoint entry);
  Status gatherLosses();
  Status stageBatch(const Data &data);
  Status update(int64_t step, StepRecord &record);
  /// What to do about an error that ends training: resume, or start again.
  std::string howToGoOn() const;
  Status diverged(int64_t step, const char *what, float value) const;
  Status checkLosses(StepRecord &record) const;
  /// Micro-batches of a step, of all ranks.
  int64_t microBatches() const { return options.accumulate * ranks.size(); }
  /// `status`, with the step's number and how to go on when it is an error.
  Status duringStep(Status status) const;
  double flopsPerSecond(double microSteps, double seconds) const;
  Status dumpGradients();
  Status evaluate(const Data &data, Metrics &metrics);
  Status save(Metrics &metrics);
  Status sample();
  Status finish(const Data &data, Metrics &metrics, int stopSignal);
  Status describeMemory();

  const LlmcProgram &program;
  const Options &options;
  Device &device;
  ThreadPool &pool;
  Console &console;
  Communicator &ranks;
  CheckpointStore store;
  FileLock lock; // of --out
  RunState state;
  int64_t stepPosition = 0; // state.position where the step began
  bool isReplay = false;
  int64_t firstStep = 0; // of this process
  int64_t savedStep = -1;
  int64_t evaluatedStep = -1;
  int64_t peakBytes = -1; ///< own memory, the most seen after a step
  std::string lastCheckpoint;
  double trainSeconds = 0;  // in steps of this process
  double stepSeconds = -1;  // of the last one; -1 before the first
  bool stepsAreLong = true; ///< for some rank, all know it
  Clock::time_point loopStart;
  Ceilings ceilings;            // of the device; bandwidth with --profile
  std::vector<int32_t> tokens;  // [batch, sequence]
  std::vector<int32_t> targets; // [batch, sequence]
  std::vector<float> losses;    // of a step's micro-batches, of this rank
  std::vector<float> allLosses; // [rank, micro-batch]
  bool batchStaged = false;     // the device has the one at state.position
};

/// Whether `tokenizer` ("bytes" or "unknown") stands for bytes; a vocabulary of
/// 256 is taken for bytes when nothing is known.
bool meansBytes(const std::string &tokenizer, const LlmcProgram &program);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_TRAINLOOP_H
