//===- RankChecks.cpp - that all ranks do the same thing ------------------===//

#include "train/RankChecks.h"

#include "core/Checksum.h"
#include "core/File.h"

#include <fmt/ranges.h>

namespace llmc::runtime {
namespace {

/// What has to be equal, as numbers that can be sent.
struct Identity {
  uint64_t program = 0;
  uint64_t data = 0;
  uint64_t options = 0;
};

uint64_t checksumOf(const std::string &text) {
  Checksum checksum;
  checksum.add(text.data(), text.size());
  return checksum.value();
}

/// Everything that decides what a rank does, and when it meets the others.
std::string describeOptions(const Options &o) {
  const Schedule &s = o.schedule;
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {} "
                     "{} {} {} {}",
                     o.steps, o.accumulate, s.rate, s.minFraction, s.warmup,
                     static_cast<int>(s.kind), o.weightDecay, o.beta1, o.beta2,
                     o.epsilon, o.clip, o.evalEvery, o.evalBatches, o.saveEvery,
                     o.resume, o.initFrom, o.dumpGradients, o.sampleEvery,
                     o.sample.value_or(""), o.sampleTokens, o.temperature,
                     o.topK, o.topP);
}

} // namespace

Status checkSameOnAllRanks(Communicator &ranks, const Options &options,
                           uint64_t data) {
  if (ranks.size() == 1)
    return Status::ok();
  Identity own;
  Result<FileSeal> program = sealOfFile("/proc/self/exe");
  LLMC_TRY(ranks.agree(program.isOk() ? Status::ok() : program.status()));
  own.program = program->checksum;
  own.data = data;
  own.options = checksumOf(describeOptions(options));
  std::vector<Identity> all(static_cast<size_t>(ranks.size()));
  LLMC_TRY(ranks.allGather(&own, all.data(), sizeof(own)));
  for (int rank = 1; rank < ranks.size(); ++rank) {
    const Identity &found = all[static_cast<size_t>(rank)], &first = all[0];
    auto differs = [&](const char *what) {
      return ranks.common(Status::error("{} {}", ranks.describe(rank), what));
    };
    if (found.program != first.program)
      return differs("runs another program than rank 0; start all ranks with "
                     "copies of one file");
    if (found.data != first.data)
      return differs("reads other tokens than rank 0; give all ranks the same "
                     "shards as --data");
    if (found.options != first.options)
      return differs("was given other options than rank 0; give all ranks the "
                     "same command line");
  }
  return Status::ok();
}

Status checkSameStart(Communicator &ranks, const RunState &state) {
  const uint64_t own = checksumOf(
      fmt::format("{} {} {}", state.step, state.position, state.seed));
  std::vector<uint64_t> all(static_cast<size_t>(ranks.size()));
  LLMC_TRY(ranks.allGather(&own, all.data(), sizeof(own)));
  for (int rank = 1; rank < ranks.size(); ++rank)
    if (all[static_cast<size_t>(rank)] != all[0])
      return ranks.common(
          Status::error("{} begins at another step than rank 0, or with "
                        "another seed; --out must be one directory that all "
                        "ranks see",
                        ranks.describe(rank)));
  return Status::ok();
}

} // namespace llmc::runtime
