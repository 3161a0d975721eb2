//===- TrainLoop.cpp - from data and options to a trained model -----------===//

#include "train/TrainLoop.h"

#include "train/ImportWeights.h"
#include "train/LossCurve.h"
#include "train/Parameters.h"
#include "train/Program.h"
#include "train/RankChecks.h"
#include "train/Sampler.h"
#include "train/Shards.h"
#include "train/StopSignal.h"

#include <algorithm>

namespace llmc::runtime {

namespace {

/// Whoever stops a program waits that long before losing patience.
constexpr double longStepSeconds = 1;

bool isDue(int64_t every, int64_t step) {
  return every > 0 && step % every == 0;
}

} // namespace

bool meansBytes(const std::string &tokenizer, const LlmcProgram &program) {
  return tokenizer == "bytes" || program.vocabulary == 256;
}

Status TrainLoop::run(int &stopSignal) {
  Result<Data> data =
      Data::open(options.data, program.sequence, program.vocabulary);
  LLMC_TRY(ranks.agree(data.status()));
  LLMC_TRY(ranks.agree(checkRequests(*data)));
  LLMC_TRY(ranks.agree(claimOutput()));
  LLMC_TRY(prepare(*data));
  Result<Metrics> metrics =
      ranks.rank() == 0 ? Metrics::open(options.out, state.step) : Metrics();
  LLMC_TRY(ranks.agree(metrics.status()));
  // A run that was cut off after its last checkpoint has its end still to do.
  int64_t heldOutStep = metrics->lastHeldOutStep();
  LLMC_TRY(ranks.broadcast(&heldOutStep, sizeof(heldOutStep), 0));
  if (state.step >= options.steps && heldOutStep == state.step) {
    console.line(fmt::format("nothing left to do: {} is at step {} of {}; give "
                             "more --steps to go on",
                             lastCheckpoint, state.step, options.steps));
    return Status::ok();
  }
  LLMC_TRY(trainUntilStopped(*data, *metrics, stopSignal));
  return finish(*data, *metrics, stopSignal);
}

/// Mistakes are found before --out is made, and a wrong prompt not after hours.
Status TrainLoop::checkRequests(const Data &data) const {
  if (options.sample)
    LLMC_TRY(encodePrompt(*options.sample,
                          meansBytes(data.tokenizer(), program),
                          program.vocabulary)
                 .status());
  if (!options.initFrom.empty())
    LLMC_TRY(checkImport(program, options.initFrom));
  return Status::ok();
}

Status TrainLoop::claimOutput() {
  if (ranks.rank() != 0)
    return Status::ok();
  Status status = makeDirectories(options.out);
  if (status.isOk())
    status = lock.take(options.out);
  if (!status.isOk())
    return Status::error("--out: {}", status.message());
  if (!lock.isHeld())
    console.warning(fmt::format("--out: the file system of {} has no locks; "
                                "see to it that no other program writes there",
                                options.out));
  Result<std::vector<int64_t>> present = store.steps();
  if (!present.isOk())
    return present.status();
  if (!options.resume && !present->empty())
    return Status::error("--out: {} already holds a checkpoint of step {}; add "
                         "--resume to go on from it, or name another directory",
                         options.out, present->front());
  Result<std::vector<std::string>> removed = store.removeUnfinished();
  if (!removed.isOk())
    return removed.status();
  for (const std::string &path : *removed)
    console.line(fmt::format("removed {}, which was being written or dropped "
                             "when a run was cut off",
                             path));
  return Status::ok();
}

Status TrainLoop::fillMemory() {
  if (options.profile)
    ceilings.bandwidth = device.bandwidth();
  LLMC_TRY(device.allocate());
  LLMC_TRY(
      initializeTensors(program, device, pool, LlmcArenaConstant, defaultSeed));
  tokens.resize(static_cast<size_t>(program.batch * program.sequence));
  targets.resize(tokens.size());
  losses.resize(static_cast<size_t>(options.accumulate));
  allLosses.resize(static_cast<size_t>(microBatches()));
  ceilings.peak = device.peak();
  if (program.placesOffset >= 0) {
    std::vector<int32_t> places = placesOf(program, ranks.rank());
    LLMC_TRY(device.write(LlmcArenaIo, program.placesOffset, places.data(),
                          static_cast<int64_t>(4 * places.size())));
  }

  return Status::ok();
}

Status TrainLoop::makeFirstWeights() {
  if (!lastCheckpoint.empty())
    return Status::ok();
  if (!options.initFrom.empty())
    return importWeights(program, device, options.initFrom, console);
  return initializeTensors(program, device, pool, LlmcArenaParameter,
                           state.seed);
}

Status TrainLoop::prepare(const Data &data) {
  LLMC_TRY(ranks.agree(fillMemory(), Communicator::Subject::Machine));
  LLMC_TRY(checkSameOnAllRanks(ranks, options, data.checksum()));
  state.seed = options.seed.value_or(defaultSeed);
  if (options.resume)
    LLMC_TRY(resume());
  LLMC_TRY(ranks.agree(makeFirstWeights()));
  LLMC_TRY(checkSameStart(ranks, state));
  if (!lastCheckpoint.empty()) {
    std::map<std::string, std::string> saved = state.settings;
    state.settings = settings(data);
    noteChangedSettings(saved);
  }
  if (program.prepare)
    LLMC_TRY(device.run(program.prepare));
  LLMC_TRY(device.finish());
  state.settings = settings(data);
  state.tokenizer = data.tokenizer();
  firstStep = state.step;
  describe(data);
  return Status::ok();
}

Status TrainLoop::resume() {
  Result<std::optional<CheckpointStore::Loaded>> loaded =
      store.loadNewest(/*withOptimizer=*/true);
  if (!loaded.isOk())
    return Status::error("--resume: {}", loaded.message());
  if (!*loaded) {
    if (isReplay)
      return Status::ok();
    console.warning(fmt::format(
        "resume: no checkpoint in {}, starting at step 1", options.out));
    return Status::ok();
  }
  const CheckpointStore::Loaded &found = **loaded;
  for (const std::string &reason : found.skipped)
    console.warning(reason);
  // Seeds are not among the options that ranks have compared.
  LLMC_TRY(ranks.agree(
      !options.seed || *options.seed == found.state.seed
          ? Status::ok()
          : Status::error("--seed {} does not match the seed {} of {}; leave "
                          "it out, or start a new run in another --out",
                          *options.seed, found.state.seed, found.path)));
  state = found.state;
  lastCheckpoint = found.path;
  savedStep = state.step;
  console.line(
      fmt::format("resume: {}, step {}, the newest complete checkpoint",
                  found.path, state.step));
  return Status::ok();
}

Status TrainLoop::trainUntilStopped(const Data &data, Metrics &metrics,
                                    int &stopSignal) {
  StopSignal stop;
  if (options.profile)
    device.startProfile();
  loopStart = Clock::now();
  int received = 0;
  while (state.step < options.steps) {
    Result<int> found = findStop(stop);
    if (!found.isOk())
      return found.status();
    received = *found;
    if (received != 0)
      break;
    StepRecord record;
    LLMC_TRY(trainStep(data, record, &stop, &received));
    if (received != 0)
      break;
    LLMC_TRY(checkLosses(record));
    LLMC_TRY(metrics.addStep(record));
    if (console.hasProgress()) {
      showProgress(record);
    } else if (isDue(options.logEvery, state.step)) {
      console.line(formatStep(record, options.steps));
    }
    peakBytes = std::max(peakBytes, device.bytesInUse());
    if (isDue(options.evalEvery, state.step))
      LLMC_TRY(evaluate(data, metrics));
    if (isDue(options.saveEvery, state.step))
      LLMC_TRY(save(metrics));
    if (isDue(options.sampleEvery, state.step))
      LLMC_TRY(sample());
  }
  // The handler is still in place, so that the last checkpoint is not cut off.
  stopSignal = state.step < options.steps ? received : 0;
  if (savedStep != state.step)
    LLMC_TRY(save(metrics));
  return Status::ok();
}

Result<int> TrainLoop::findStop(const StopSignal &stop) {
  struct Answer {
    int signal;
    int isLong;
  };
  const Answer own = {stop.received(),
                      stepSeconds < 0 || stepSeconds > longStepSeconds};
  std::vector<Answer> all(static_cast<size_t>(ranks.size()));
  LLMC_TRY(duringStep(ranks.allGather(&own, all.data(), sizeof(own))));
  int signal = 0;
  stepsAreLong = false;
  for (const Answer &one : all) {
    signal = std::max(signal, one.signal);
    stepsAreLong |= one.isLong != 0;
  }
  return signal;
}

Status TrainLoop::save(Metrics &metrics) {
  LLMC_TRY(metrics.flush());
  Result<std::string> path = store.save(state);
  // Other ranks' silence is no matter of room.
  if (!path.isOk() && !ranks.isOwnError())
    return duringStep(path.status());
  if (!path.isOk())
    // A device that has failed is not helped by another place to write to.
    return Status::error(
        "step {}: the checkpoint could not be written: {}; {}{}", state.step,
        path.message(),
        device.finish().isOk() ? "make room or name another --out, then " : "",
        howToGoOn());
  lastCheckpoint = *path;
  savedStep = state.step;
  console.line(fmt::format("step {}: saved {}", state.step, *path));
  return Status::ok();
}

Status TrainLoop::sample() {
  if (ranks.rank() != 0 && !runsTogether(program))
    return Status::ok();
  SamplerOptions sampler;
  sampler.tokens = options.sampleTokens;
  sampler.temperature = options.temperature;
  sampler.topK = options.topK;
  sampler.topP = options.topP;
  sampler.seed = state.seed + static_cast<uint64_t>(state.step);
  bool bytes = meansBytes(state.tokenizer, program);
  console.result(fmt::format("step {}: sample\n", state.step));
  return printSample(program, device,
                     options.sample.value_or(bytes ? "\n" : "0"), bytes,
                     sampler, console);
}

Status TrainLoop::finish(const Data &data, Metrics &metrics, int stopSignal) {
  if (stopSignal) {
    console.line(fmt::format("stopped by signal {} after step {} of {}; go on "
                             "with --resume",
                             stopSignal, state.step, options.steps));
  } else {
    double steps = static_cast<double>(state.step - firstStep);
    double micro = steps * static_cast<double>(options.accumulate);
    double perSecond = micro / std::max(trainSeconds, 1e-9);
    double flops = flopsPerSecond(micro, trainSeconds);
    console.line(fmt::format(
        "done: {} steps in {}, {:.0f} tokens/s, {}", state.step - firstStep,
        formatSeconds(trainSeconds),
        perSecond * static_cast<double>(program.batch * program.sequence *
                                        ranks.size()),
        formatFlops(flops, ceilings.peak.flopsPerSecond)));
    if (evaluatedStep != state.step)
      LLMC_TRY(evaluate(data, metrics));
    if (options.sample)
      LLMC_TRY(sample());
  }
  LLMC_TRY(describeMemory());
  // The others have nothing to show.
  if (ranks.rank() != 0)
    return Status::ok();
  Result<LossHistory> history = metrics.history();
  if (!history.isOk())
    return history.status();
  LLMC_TRY(writeLossCurve(options.out, program.modelName, *history));
  console.line(drawLossCurve(*history, terminalColumns()));
  console.line(fmt::format("loss curve: {}, {}",
                           joinPath(options.out, "loss.svg"),
                           joinPath(options.out, "loss.png")));
  if (options.profile)
    console.result(formatProfile(program, device.profile(),
                                 secondsSince(loopStart), ceilings));
  return Status::ok();
}

} // namespace llmc::runtime
