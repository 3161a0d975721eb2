//===- SampleOnly.cpp - a program that writes instead of training ---------===//

#include "train/SampleOnly.h"

#include "train/Checkpoint.h"
#include "train/ImportWeights.h"
#include "train/Parameters.h"
#include "train/Program.h"
#include "train/RankChecks.h"
#include "train/Sampler.h"
#include "train/TrainLoop.h"

namespace llmc::runtime {

/// Takes the weights from --init-from, or from the newest checkpoint in --out.
/// By all ranks together; an error is the same for all.
static Status loadWeights(const LlmcProgram &program, const Options &options,
                          Device &device, Console &console, RunState &state) {
  Communicator &ranks = device.ranks();
  if (!options.initFrom.empty())
    return ranks.agree(
        importWeights(program, device, options.initFrom, console));
  CheckpointStore store(program, device, options.out, options.keep);
  Result<std::optional<CheckpointStore::Loaded>> loaded =
      store.loadNewest(/*withOptimizer=*/false);
  if (!loaded.isOk())
    return Status::error("--sample: {}", loaded.message());
  if (!*loaded)
    return ranks.common(
        Status::error("--sample: no checkpoint in {}; name the --out of a "
                      "training run, or weights with --init-from",
                      options.out));
  const CheckpointStore::Loaded &found = **loaded;
  for (const std::string &reason : found.skipped)
    console.warning(reason);
  state = found.state;
  console.line(
      fmt::format("weights: {}, step {}", found.path, found.state.step));
  return Status::ok();
}

Status sampleOnly(const LlmcProgram &program, const Options &options,
                  Device &device, ThreadPool &pool, Console &console) {
  Communicator &ranks = device.ranks();
  RunState state;
  auto fill = [&]() -> Status {
    LLMC_TRY(device.allocate());
    return initializeTensors(program, device, pool, LlmcArenaConstant,
                             defaultSeed);
  };
  LLMC_TRY(ranks.agree(fill(), Communicator::Subject::Machine));
  LLMC_TRY(checkSameOnAllRanks(ranks, options, /*data=*/0));
  LLMC_TRY(loadWeights(program, options, device, console, state));
  LLMC_TRY(checkSameStart(ranks, state));
  const std::string &tokenizer = state.tokenizer;
  if (program.prepare)
    LLMC_TRY(device.run(program.prepare));
  if (!options.dumpLogits.empty())
    LLMC_TRY(dumpLogits(program, device, *options.sample,
                        meansBytes(tokenizer, program), options.dumpLogits));
  console.line(fmt::format("sampling: every token recomputes all {} positions, "
                           "there is no key/value cache",
                           program.sequence));
  SamplerOptions sampler;
  sampler.tokens = options.sampleTokens;
  sampler.temperature = options.temperature;
  sampler.topK = options.topK;
  sampler.topP = options.topP;
  sampler.seed = options.seed.value_or(defaultSeed);
  LLMC_TRY(printSample(program, device, *options.sample,
                       meansBytes(tokenizer, program), sampler, console));
  return checkStandardOutput();
}

} // namespace llmc::runtime
