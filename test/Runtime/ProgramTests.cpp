//===- ProgramTests.cpp - checks of the table, and of the command line ----===//

#include "TestSupport.h"

#include "train/Options.h"
#include "train/Program.h"

#include <cmath>

using namespace llmc::runtime;

namespace {

/// The bigram program with copies of its tables, to be broken one at a time.
struct Copy {
  LlmcProgram program = llmcProgram;
  std::vector<LlmcArena> arenas{program.arenas,
                                program.arenas + program.numArenas};
  std::vector<LlmcTensor> tensors{program.tensors,
                                  program.tensors + program.numTensors};
  Copy(const Copy &) = delete; // the program points into the vectors
  Copy() {
    program.arenas = arenas.data();
    program.tensors = tensors.data();
  }
};

TEST(Program, TheBigramProgramIsValid) { EXPECT_OK(checkProgram(llmcProgram)); }

TEST(Program, AnotherVersionIsRefused) {
  LlmcProgram program = llmcProgram;
  program.abiVersion += 1;
  EXPECT_FAILS(checkProgram(program),
               fmt::format("compiled for version {}", LLMC_ABI_VERSION + 1));
  program = llmcProgram;
  program.structBytes -= 8;
  EXPECT_FAILS(checkProgram(program),
               fmt::format("({} bytes)", sizeof(LlmcProgram) - 8));
}

TEST(Program, BrokenTablesAreRefused) {
  Copy copy;
  copy.program.update = nullptr;
  EXPECT_FAILS(checkProgram(copy.program), "an entry point is missing");
  Copy twice;
  twice.arenas[1].kind = LlmcArenaParameter;
  EXPECT_FAILS(checkProgram(twice.program), "two arenas of parameters");
  Copy missing;
  missing.program.numArenas = 2;
  EXPECT_FAILS(checkProgram(missing.program), "no arena of optimizer m");
  Copy alignment;
  alignment.arenas[0].alignment = 48;
  EXPECT_FAILS(checkProgram(alignment.program), "at alignment 48");
  Copy onHost;
  onHost.arenas[LlmcArenaActivation].host = 1;
  EXPECT_FAILS(checkProgram(onHost.program),
               "the arena of activations lies in the host's memory");
  Copy onDevice;
  onDevice.arenas[LlmcArenaActivation].kind = LlmcArenaSaved;
  EXPECT_FAILS(checkProgram(onDevice.program),
               "the arena of saved activations lies on the device");
  Copy copies;
  const LlmcCopy wrong[] = {{"m", 4, LlmcCopyToHost}, {"m", 4, 2}};
  copies.program.numCopies = 2;
  copies.program.copies = wrong;
  EXPECT_FAILS(checkProgram(copies.program),
               "copy 1 has 4 bytes in the unknown direction 2");
  Copy small;
  small.arenas[LlmcArenaGradient].bytes -= 4;
  EXPECT_FAILS(checkProgram(small.program),
               "bigram.bias does not fit into the arena of gradients");
  Copy elements;
  elements.tensors[1].elements = 255;
  EXPECT_FAILS(checkProgram(elements.program),
               "of shape [256] claims 255 elements");
  Copy arguments;
  arguments.tensors[2].initArguments = nullptr;
  EXPECT_FAILS(checkProgram(arguments.program),
               "tensor rope.cos lacks its initializer's arguments");
  Copy names;
  names.tensors[3].name = "rope.cos";
  EXPECT_FAILS(checkProgram(names.program), "two tensors rope.cos");
  Copy io;
  io.program.logitsOffset += 4;
  EXPECT_FAILS(checkProgram(io.program), "lies outside the arena of inputs");
}

Result<ParsedOptions> parse(std::vector<const char *> arguments) {
  arguments.insert(arguments.begin(), "program");
  return parseOptions(llmcProgram, static_cast<int>(arguments.size()),
                      arguments.data());
}

TEST(Options, DefaultsAndValues) {
  Result<ParsedOptions> parsed =
      parse({"--data", "d", "--steps=200", "--betas", "0.8,0.99",
             "--schedule=wsd", "--seed", "7", "--sample", ""});
  ASSERT_TRUE(parsed.isOk()) << parsed.message();
  const Options &options = *parsed->options;
  EXPECT_EQ(options.schedule.steps, 200);
  EXPECT_EQ(options.schedule.warmup, 10); // 5% of the steps
  EXPECT_EQ(options.schedule.kind, ScheduleKind::WarmupStableDecay);
  EXPECT_EQ(options.beta1, 0.8);
  EXPECT_EQ(options.beta2, 0.99);
  EXPECT_EQ(options.seed, std::optional<uint64_t>(7));
  EXPECT_EQ(options.sample, std::optional<std::string>(""));
  EXPECT_EQ(options.out, "out");
}

TEST(Options, HelpNamesEveryOption) {
  Result<ParsedOptions> parsed = parse({"--help"});
  ASSERT_TRUE(parsed.isOk()) << parsed.message();
  EXPECT_FALSE(parsed->options);
  for (const char *name :
       {"--data",           "--steps",         "--lr",
        "--min-lr",         "--warmup",        "--schedule",
        "--weight-decay",   "--betas",         "--epsilon",
        "--clip",           "--accumulate",    "--seed",
        "--eval-every",     "--eval-batches",  "--save-every",
        "--keep",           "--sample-every",  "--out",
        "--resume",         "--init-from",     "--threads",
        "--sample ",        "--sample-tokens", "--temperature",
        "--top-k",          "--top-p",         "--profile",
        "--dump-gradients", "--quiet",         "--progress",
        "--log-every"})
    EXPECT_NE(parsed->text.find(name), std::string::npos) << name;
}

TEST(Options, WrongValuesHaveOneClearError) {
  struct Case {
    std::vector<const char *> arguments;
    const char *error;
  };
  const Case cases[] = {
      {{}, "nothing to do: give --data DIR to train"},
      {{"--data", "d", "--steps", "0"},
       "--steps: expected a number of steps, a whole number from 1"},
      {{"--data", "d", "--steps", "ten"}, "found 'ten'"},
      {{"--data", "d", "--steps", "1.5"}, "found '1.5'"},
      {{"--data", "d", "--threads", "100000"}, "from 1 to 1024"},
      {{"--data", "d", "--lr", "-1"},
       "--lr: expected a learning rate, a number of at least 0, found '-1'"},
      {{"--data", "d", "--lr", "nan"}, "found 'nan'"},
      {{"--data", "d", "--min-lr", "2"}, "at most 1, found '2'"},
      {{"--data", "d", "--betas", "0.9,1"}, "--betas: expected a beta"},
      {{"--data", "d", "--betas", "0.9"}, "--betas"},
      {{"--data", "d", "--schedule", "step"},
       "one of cosine, linear, constant, wsd, found 'step'"},
      {{"--data", "d", "--progress=yes"}, "one of auto, on, off, found 'yes'"},
      {{"--data", "d", "--top-p", "0"}, "a number above 0 and at most 1"},
      {{"--data", "d", "--seed", "-3"}, "--seed: expected a seed"},
      {{"--data", "d", "--stepz", "3"}, "--stepz"},
      {{"--data", "d", "--steps"}, "--steps"},
      {{"--data", "d", "--steps", "10", "--warmup", "11"},
       "--warmup 11 is longer than the run of --steps 10"},
      {{"--sample", "x", "--resume"}, "--resume needs --data DIR"},
      {{"--data", "d", "--resume", "--init-from", "x"},
       "--resume and --init-from exclude each other"},
      {{"--data", "d", "--resume", "--dump-gradients", "x"},
       "--dump-gradients is for the first step"},
  };
  for (const Case &wrong : cases)
    EXPECT_FAILS(parse(wrong.arguments), wrong.error);
}

} // namespace
