//===- Options.h - the options of a training program ----------------------===//

#ifndef LLMC_RUNTIME_TRAIN_OPTIONS_H
#define LLMC_RUNTIME_TRAIN_OPTIONS_H

#include "abi/ProgramAbi.h"
#include "core/Status.h"
#include "train/Schedule.h"

#include <cstdint>
#include <optional>
#include <string>

namespace llmc::runtime {

struct Options {
  // Where things lie.
  std::string data;
  std::string out = "out";
  std::string initFrom;
  std::string dumpGradients;
  std::string dumpLogits;
  bool resume = false;

  // The run.
  int64_t steps = 1000;
  int64_t accumulate = 1;
  std::optional<uint64_t> seed;
  unsigned threads = 0;      // 0: every processor
  int64_t commTimeout = 600; // seconds
  int64_t ranksHere = 0;     // 0: an equal share of all
  int device = -1;           // number of a GPU; -1: LLMC_DEVICE, else the first

  // The optimizer.
  Schedule schedule;
  double weightDecay = 0.1;
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double clip = 1.0;

  // What happens on the way; 0 means never, except evalBatches: all.
  int64_t logEvery = 1;
  int64_t evalEvery = 250;
  int64_t evalBatches = 20;
  int64_t saveEvery = 500;
  int64_t keep = 3;
  int64_t sampleEvery = 0;

  // Generation.
  std::optional<std::string> sample;
  int64_t sampleTokens = 200;
  double temperature = 0.8;
  int64_t topK = 0;
  double topP = 1.0;

  // Output.
  bool profile = false;
  bool ceilings = false;
  bool quiet = false;
  bool progress = false;
};

constexpr uint64_t defaultSeed = 1;

/// What parsing came to: options, or a text to print and an exit status.
struct ParsedOptions {
  std::optional<Options> options;
  std::string text;
};

/// Parses the command line. `--help` yields a text; a mistake yields an error
/// that names the option, what was expected and what was found.
Result<ParsedOptions> parseOptions(const LlmcProgram &program, int argc,
                                   const char *const *argv);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_OPTIONS_H
