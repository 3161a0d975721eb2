//===- TrainStep.cpp - one step, one evaluation ---------------------------===//

#include "train/TrainLoop.h"

#include "train/Parameters.h"
#include "train/Program.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace llmc::runtime {

namespace {

/// 1 - beta^step without the cancellation that pow would bring for a beta near
/// one.
double biasCorrection(double beta, int64_t step) {
  return beta == 0 ? 1.0
                   : -std::expm1(static_cast<double>(step) * std::log(beta));
}

} // namespace

Status TrainLoop::trainStep(const Data &data, StepRecord &record,
                            const StopSignal *stop, int *received) {
  Clock::time_point start = Clock::now();
  stepPosition = state.position;
  for (float &loss : losses) {
    bool first = &loss == &losses.front(), last = &loss == &losses.back();
    LLMC_TRY(microStep(data, loss, entryOf(first, last)));
    // Ranks ask each other only where the wait would be felt.
    if (!stop || last || !stepsAreLong)
      continue;
    Result<int> found = findStop(*stop);
    LLMC_TRY(found.status());
    *received = *found;
    if (*received != 0)
      return giveUpStep(*received, &loss - losses.data() + 1);
  }
  if (state.step == 0 && !options.dumpGradients.empty()) {
    // What fails in the step is no failure of writing.
    LLMC_TRY(duringStep(device.finish()));
    LLMC_TRY(dumpGradients());
  }
  record.learningRate = options.schedule(state.step);
  LLMC_TRY(duringStep(update(state.step, record)));
  // While the device computes.
  LLMC_TRY(stageBatch(data));
  LLMC_TRY(duringStep(device.finish()));
  LLMC_TRY(duringStep(gatherLosses()));
  record.step = ++state.step;

  double seconds = secondsSince(start);
  stepSeconds = seconds;
  trainSeconds += seconds;
  record.milliseconds = seconds * 1e3;
  record.tokensPerSecond =
      static_cast<double>(program.batch * program.sequence * microBatches()) /
      std::max(seconds, 1e-9);
  record.flopsPerSecond =
      flopsPerSecond(static_cast<double>(options.accumulate), seconds);
  record.peakFlopsPerSecond = ceilings.peak.flopsPerSecond;
  return Status::ok();
}

/// Micro-batches change nothing that a checkpoint holds but the position.
Status TrainLoop::giveUpStep(int signal, int64_t done) {
  console.line(fmt::format("signal {}: step {} is given up after {} of {} "
                           "micro-batches",
                           signal, state.step + 1, done, options.accumulate));
  state.position = stepPosition;
  batchStaged = false;
  return duringStep(device.finish());
}

/// Has the device fetch this rank's micro-batch of those at the current
/// position: of each micro-step's, the ranks take one after the other.
Status TrainLoop::stageBatch(const Data &data) {
  if (batchStaged)
    return Status::ok();
  LLMC_TRY(data.trainBatch(state.seed,
                           state.position + program.batch * ranks.rank(),
                           program.batch, tokens.data(), targets.data()));
  LLMC_TRY(duringStep(device.writeBatch(tokens.data(), targets.data())));
  batchStaged = true;
  return Status::ok();
}

LlmcEntryPoint TrainLoop::entryOf(bool first, bool last) const {
  if (last && program.lastMicroStep)
    return first ? program.onlyMicroStep : program.lastMicroStep;
  return first ? program.firstMicroStep : program.microStep;
}

Status TrainLoop::microStep(const Data &data, float &loss,
                            LlmcEntryPoint entry) {
  LLMC_TRY(stageBatch(data));
  LLMC_TRY(duringStep(device.run(entry)));
  batchStaged = false;
  state.position += program.batch * ranks.size();
  return duringStep(
      device.readLater(LlmcArenaIo, program.lossOffset, &loss, 4));
}

Status TrainLoop::gatherLosses() {
  return ranks.allGather(losses.data(), allLosses.data(),
                         options.accumulate *
                             static_cast<int64_t>(sizeof(float)));
}

Status TrainLoop::update(int64_t step, StepRecord &record) {
  float hyper[LlmcHyperCount];
  auto set = [&](LlmcHyper index, double value) {
    hyper[index] = static_cast<float>(value);
  };
  set(LlmcHyperLearningRate, record.learningRate);
  set(LlmcHyperBeta1, options.beta1);
  set(LlmcHyperBeta2, options.beta2);
  set(LlmcHyperEpsilon, options.epsilon);
  set(LlmcHyperWeightDecay, options.weightDecay);
  set(LlmcHyperClip, options.clip);
  set(LlmcHyperGradientScale, 1.0 / static_cast<double>(microBatches()));
  set(LlmcHyperCorrection1, biasCorrection(options.beta1, step + 1));
  set(LlmcHyperCorrection2, biasCorrection(options.beta2, step + 1));
  set(LlmcHyperStep, static_cast<double>(step + 1));
  LLMC_TRY(
      device.write(LlmcArenaIo, program.hyperOffset, hyper, sizeof(hyper)));
  LLMC_TRY(device.run(program.update));
  return device.readLater(LlmcArenaIo, program.normOffset, &record.norm, 4);
}

Status TrainLoop::checkLosses(StepRecord &record) const {
  double sum = 0;
  // In the order of the data, as one rank alone would take them.
  for (int64_t micro = 0; micro < options.accumulate; ++micro)
    for (int64_t rank = 0; rank < ranks.size(); ++rank) {
      float loss =
          allLosses[static_cast<size_t>(rank * options.accumulate + micro)];
      if (!std::isfinite(loss))
        return diverged(record.step - 1, "loss", loss);
      sum += loss;
    }
  record.loss = static_cast<float>(sum / static_cast<double>(microBatches()));
  if (!std::isfinite(record.norm))
    return diverged(record.step - 1, "gradient norm", record.norm);
  return Status::ok();
}

Status TrainLoop::duringStep(Status status) const {
  if (status.isOk() || isReplay)
    return status;
  return Status::error("step {}: {}; {}", state.step + 1, status.message(),
                       howToGoOn());
}

double TrainLoop::flopsPerSecond(double microSteps, double seconds) const {
  return microSteps * static_cast<double>(program.flopsPerMicroStep) /
         std::max(seconds, 1e-9);
}

Status TrainLoop::diverged(int64_t step, const char *what, float value) const {
  // Losses and norms are the same on all ranks.
  return ranks.common(Status::error(
      "step {}: the {} is {}; lower --lr, lengthen --warmup or lower --clip, "
      "then {}",
      step + 1, what, value, howToGoOn()));
}

std::string TrainLoop::howToGoOn() const {
  if (lastCheckpoint.empty())
    return "start again: no checkpoint was written before";
  return "go on with --resume: the last checkpoint is " + lastCheckpoint;
}

Status TrainLoop::dumpGradients() {
  std::vector<TensorSource> gradients =
      parameterSources(program, device, LlmcArenaGradient);
  if (ranks.rank() != 0)
    return readAlong(gradients);
  Result<FileSeal> seal =
      writeSafetensors(options.dumpGradients, gradients,
                       {{"accumulate", std::to_string(microBatches())}});
  if (!seal.isOk())
    return Status::error("--dump-gradients: {}", seal.message());
  console.line(fmt::format("gradients: of the first step, summed over {} "
                           "micro-batches, in {}",
                           microBatches(), options.dumpGradients));
  return Status::ok();
}

Status TrainLoop::evaluate(const Data &data, Metrics &metrics) {
  const int64_t available =
      std::max<int64_t>(1, data.heldOutWindows() / program.batch);
  const int64_t count = options.evalBatches == 0
                            ? available
                            : std::min(options.evalBatches, available);
  // [rank, batch], of which each rank computes every size()-th.
  std::vector<float> own(static_cast<size_t>(count), 0.0f);
  std::vector<float> all(own.size() * static_cast<size_t>(ranks.size()));
  // Where all ranks evaluate together, who has no batch left joins in with its
  // last one.
  const int64_t end = runsTogether(program) ? (count + ranks.size() - 1) /
                                                  ranks.size() * ranks.size()
                                            : count;
  for (int64_t i = ranks.rank(); i < end; i += ranks.size()) {
    if (i >= count) {
      LLMC_TRY(device.run(program.evaluate));
      break;
    }
    // The same batches at every evaluation, spread evenly over the split.
    int64_t first = i * available / count * program.batch;
    LLMC_TRY(
        data.heldOutBatch(first, program.batch, tokens.data(), targets.data()));
    LLMC_TRY(device.writeBatch(tokens.data(), targets.data()));
    LLMC_TRY(device.run(program.evaluate));
    LLMC_TRY(device.readLater(LlmcArenaIo, program.lossOffset,
                              &own[static_cast<size_t>(i)], 4));
  }
  batchStaged = false;
  LLMC_TRY(device.finish());
  LLMC_TRY(ranks.allGather(own.data(), all.data(), count * 4));
  double sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += all[static_cast<size_t>(i % ranks.size() * count + i)];
  double loss = sum / static_cast<double>(count);
  evaluatedStep = state.step;
  console.line(fmt::format("step {}: held-out loss {:.4f} nats per token",
                           state.step, loss));
  if (!std::isfinite(loss))
    return diverged(state.step - 1, "held-out loss", static_cast<float>(loss));
  return metrics.addHeldOut(state.step, loss);
}

} // namespace llmc::runtime
