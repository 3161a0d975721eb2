//===- TrainReport.cpp - what a run says of itself ------------------------===//

#include "train/TrainLoop.h"

namespace llmc::runtime {

std::map<std::string, std::string> TrainLoop::settings(const Data &data) const {
  const Schedule &schedule = options.schedule;
  return {
      {"steps", std::to_string(options.steps)},
      {"lr", fmt::format("{}", schedule.rate)},
      {"min-lr", fmt::format("{}", schedule.minFraction)},
      {"warmup", std::to_string(schedule.warmup)},
      {"schedule", std::to_string(static_cast<int>(schedule.kind))},
      {"weight-decay", fmt::format("{}", options.weightDecay)},
      {"betas", fmt::format("{},{}", options.beta1, options.beta2)},
      {"epsilon", fmt::format("{}", options.epsilon)},
      {"clip", fmt::format("{}", options.clip)},
      {"accumulate", std::to_string(options.accumulate)},
      {"batch", std::to_string(program.batch)},
      {"ranks", std::to_string(ranks.size())},
      {"sequence", std::to_string(program.sequence)},
      {"training windows in the data", std::to_string(data.trainWindows())},
      {"tokens in the data", std::to_string(data.tokens())},
  };
}

void TrainLoop::noteChangedSettings(
    const std::map<std::string, std::string> &saved) {
  for (const auto &[name, value] : state.settings) {
    auto before = saved.find(name);
    if (before != saved.end() && before->second != value)
      console.warning(fmt::format("{} was {} when the checkpoint was written "
                                  "and is {} now; the run will differ from one "
                                  "that was never stopped",
                                  name, before->second, value));
  }
}

void TrainLoop::describe(const Data &data) {
  console.line(fmt::format("model: {}, {} parameters, from {} for {}",
                           program.modelName, program.parameters,
                           program.modelFile, program.target));
  std::string arenas[2]; // of the device, of the host
  for (int64_t i = 0; i < program.numArenas; ++i) {
    const LlmcArena &arena = program.arenas[i];
    bool perThread = program.deviceKind == LlmcDeviceCpu &&
                     arena.kind == LlmcArenaWorkspace && pool.size() > 1;
    std::string &list = arenas[arena.host ? 1 : 0];
    list += fmt::format("{}{} {}{}", list.empty() ? "" : ", ", arena.name,
                        formatBytes(arena.bytes), perThread ? " a thread" : "");
  }
  console.line(fmt::format("memory: {} planned: {}",
                           formatBytes(device.plannedBytes()), arenas[0]));
  if (!arenas[1].empty())
    console.line(fmt::format("host memory: {} pinned: {}",
                             formatBytes(device.hostBytes()), arenas[1]));
  console.line(fmt::format(
      "data: {} tokens in {}, {} training windows of {}, {} held out ({})",
      data.tokens(), options.data, data.trainWindows(), program.sequence,
      data.heldOutWindows(),
      data.hasOwnHeldOutFiles() ? "files named val" : "the last 5%"));
  if (program.noConfig)
    console.line(fmt::format("checkpoints: no config.json, transformers has no "
                             "class for this model: {}",
                             program.noConfig));
  const int64_t windows = program.batch * microBatches();
  std::string together;
  if (ranks.size() > 1) {
    together = fmt::format("{} x ", ranks.size());
    console.line(fmt::format("ranks: {} {}, {} of them on this machine, "
                             "ZeRO stage {}; this is {}",
                             ranks.size(), ranks.engine(), ranks.localSize(),
                             program.zeroStage, ranks.describe(ranks.rank())));
  }
  console.line(fmt::format(
      "run: {} steps of {} tokens ({}{} x {} x {}), {:.2f} epochs, {}, seed {}",
      options.steps, windows * program.sequence, together, options.accumulate,
      program.batch, program.sequence,
      static_cast<double>(options.steps) * static_cast<double>(windows) /
          static_cast<double>(data.trainWindows()),
      device.description(), state.seed));
  // A GPU's description holds its peak, which is looked up, not measured.
  if (program.deviceKind == LlmcDeviceCpu)
    console.line(fmt::format("peak: {}, {}",
                             formatFlops(ceilings.peak.flopsPerSecond, 0),
                             ceilings.peak.rule));
}

void TrainLoop::showProgress(const StepRecord &record) {
  double perStep = trainSeconds / static_cast<double>(state.step - firstStep);
  std::string left =
      formatSeconds(perStep * static_cast<double>(options.steps - state.step));
  std::string text =
      fmt::format("{} | {} left", formatStep(record, options.steps), left);
  if (text.size() > Console::barRoom())
    text = fmt::format("{}/{} | loss {:.4f} | {:.0f} tokens/s | {} left",
                       record.step, options.steps, record.loss,
                       record.tokensPerSecond, left);
  if (text.size() > Console::barRoom())
    text = fmt::format("{}/{} {:.4f}", record.step, options.steps, record.loss);
  console.bar(state.step, options.steps, text);
}

Status TrainLoop::describeMemory() {
  const bool onCpu = program.deviceKind == LlmcDeviceCpu;
  struct Peak {
    int64_t bytes;
    int64_t together; ///< ranks that have taken it
  };
  // What ranks of one process take on the CPU cannot be told apart.
  const Peak own = {peakBytes, onCpu ? ranks.processSize() : 1};
  std::vector<Peak> peaks(static_cast<size_t>(ranks.size()));
  LLMC_TRY(ranks.allGather(&own, peaks.data(), sizeof(own)));
  for (int64_t rank = 0; rank < ranks.size();
       rank += peaks[static_cast<size_t>(rank)].together) {
    const auto [peak, together] = peaks[static_cast<size_t>(rank)];
    if (peak <= 0)
      continue;
    // On the CPU all memory is the host's.
    const int64_t plannedBytes =
        (device.plannedBytes() + (onCpu ? device.hostBytes() : 0)) * together;
    const auto planned = static_cast<double>(plannedBytes);
    std::string who;
    if (together > 1)
      who = fmt::format("{} ranks: ", together);
    else if (ranks.size() > 1)
      who = fmt::format("rank {}: ", rank);
    console.line(fmt::format(
        "memory: {}peak {} while training, {} planned ({:+.2f} %); {}", who,
        formatBytes(peak), formatBytes(plannedBytes),
        100 * (static_cast<double>(peak) - planned) / planned,
        !onCpu ? "of the GPU, with code and graphs"
        : ranks.size() > together
            ? "the mapped token files and MPI are not counted"
            : "the mapped token files are not counted"));
  }
  return Status::ok();
}

} // namespace llmc::runtime
