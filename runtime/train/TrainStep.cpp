//===- TrainStep.cpp - one step, one evaluation ---------------------------===//

#include "train/TrainLoop.h"

#include "train/Parameters.h"
#include "train/Program.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace llmc::runtime {

using Clock = std::chrono::steady_clock;

namespace {

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// 1 - beta^step without the cancellation that pow would bring for a beta near
/// one.
double biasCorrection(double beta, int64_t step) {
  return beta == 0 ? 1.0
                   : -std::expm1(static_cast<double>(step) * std::log(beta));
}

} // namespace

Status TrainLoop::trainStep(const Data &data, StepRecord &record) {
  Clock::time_point start = Clock::now();
  stepPosition = state.position;
  for (float &loss : losses)
    LLMC_TRY(microStep(data, loss));
  if (state.step == 0 && !options.dumpGradients.empty())
    LLMC_TRY(dumpGradients());
  record.learningRate = options.schedule(state.step);
  LLMC_TRY(duringStep(update(state.step, record)));
  // While the device computes.
  LLMC_TRY(stageBatch(data));
  LLMC_TRY(duringStep(device.finish()));
  record.step = ++state.step;

  double seconds = secondsSince(start);
  trainSeconds += seconds;
  record.milliseconds = seconds * 1e3;
  record.tokensPerSecond =
      static_cast<double>(program.batch * program.sequence *
                          options.accumulate) /
      std::max(seconds, 1e-9);
  record.flopsPerSecond =
      flopsPerSecond(static_cast<double>(options.accumulate), seconds);
  record.peakFlopsPerSecond = ceilings.peak.flopsPerSecond;
  return Status::ok();
}

/// Has the device fetch the micro-batch at the current position.
Status TrainLoop::stageBatch(const Data &data) {
  if (batchStaged)
    return Status::ok();
  LLMC_TRY(data.trainBatch(state.seed, state.position, program.batch,
                           tokens.data(), targets.data()));
  LLMC_TRY(duringStep(device.writeBatch(tokens.data(), targets.data())));
  batchStaged = true;
  return Status::ok();
}

Status TrainLoop::microStep(const Data &data, float &loss) {
  LLMC_TRY(stageBatch(data));
  LLMC_TRY(duringStep(device.run(program.microStep)));
  batchStaged = false;
  state.position += program.batch;
  return duringStep(
      device.readLater(LlmcArenaIo, program.lossOffset, &loss, 4));
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
  set(LlmcHyperGradientScale, 1.0 / static_cast<double>(options.accumulate));
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
  for (float loss : losses) {
    if (!std::isfinite(loss))
      return diverged(record.step - 1, "loss", loss);
    sum += loss;
  }
  record.loss =
      static_cast<float>(sum / static_cast<double>(options.accumulate));
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
  return Status::error(
      "step {}: the {} is {}; lower --lr, lengthen --warmup or lower --clip, "
      "then {}",
      step + 1, what, value, howToGoOn());
}

std::string TrainLoop::howToGoOn() const {
  if (lastCheckpoint.empty())
    return "start again: no checkpoint was written before";
  return "go on with --resume: the last checkpoint is " + lastCheckpoint;
}

Status TrainLoop::dumpGradients() {
  Result<FileSeal> seal =
      writeSafetensors(options.dumpGradients,
                       parameterSources(program, device, LlmcArenaGradient),
                       {{"accumulate", std::to_string(options.accumulate)}});
  if (!seal.isOk())
    return Status::error("--dump-gradients: {}", seal.message());
  console.line(fmt::format("gradients: of the first step, summed over {} "
                           "micro-batches, in {}",
                           options.accumulate, options.dumpGradients));
  return Status::ok();
}

Status TrainLoop::evaluate(const Data &data, Metrics &metrics) {
  const int64_t available =
      std::max<int64_t>(1, data.heldOutWindows() / program.batch);
  const int64_t count = options.evalBatches == 0
                            ? available
                            : std::min(options.evalBatches, available);
  std::vector<float> parts(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    // The same batches at every evaluation, spread evenly over the split.
    int64_t first = i * available / count * program.batch;
    LLMC_TRY(
        data.heldOutBatch(first, program.batch, tokens.data(), targets.data()));
    LLMC_TRY(device.writeBatch(tokens.data(), targets.data()));
    LLMC_TRY(device.run(program.evaluate));
    LLMC_TRY(device.readLater(LlmcArenaIo, program.lossOffset,
                              &parts[static_cast<size_t>(i)], 4));
  }
  batchStaged = false;
  LLMC_TRY(device.finish());
  double sum = std::accumulate(parts.begin(), parts.end(), 0.0);
  double loss = sum / static_cast<double>(count);
  evaluatedStep = state.step;
  console.line(fmt::format("step {}: held-out loss {:.4f} nats per token",
                           state.step, loss));
  if (!std::isfinite(loss))
    return diverged(state.step - 1, "held-out loss", static_cast<float>(loss));
  return metrics.addHeldOut(state.step, loss);
}

} // namespace llmc::runtime
