//===- OptionsTests.cpp - what the command line makes of a program --------===//

#include "RunSupport.h"

#include "train/Safetensors.h"
#include "train/TokenShard.h"

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

using OptionsTest = RunTest;

TEST_F(OptionsTest, SamplesComeFromTheNewestCheckpoint) {
  expectError(run("--sample x"), "--sample: no checkpoint in out");
  ASSERT_EQ(train("--steps 200 --out o").exitStatus, 0);
  Outcome sample =
      run("--sample 'God' --out o --sample-tokens 40 --temperature 0 ");
  ASSERT_EQ(sample.exitStatus, 0) << sample.output;
  EXPECT_NE(sample.output.find("every token recomputes all 8 positions"),
            std::string::npos);
  EXPECT_NE(sample.output.find("\nGod "), std::string::npos) << sample.output;
  const std::string quiet =
      "--quiet --sample 'God' --out o --sample-tokens 64 ";
  Outcome first = run(quiet), again = run(quiet),
          other = run(quiet + "--seed 2");
  EXPECT_EQ(first.output.size(), 3u + 64u + 1u) << first.output;
  EXPECT_EQ(first.output, again.output);
  EXPECT_NE(first.output, other.output);
}

TEST_F(OptionsTest, LogitsOfAPromptAreWritten) {
  ASSERT_EQ(train("--steps 50 --out o").exitStatus, 0);
  Outcome dumped = run("--quiet --out o --sample abc --sample-tokens 0 "
                       "--dump-logits l");
  ASSERT_EQ(dumped.exitStatus, 0) << dumped.output;
  EXPECT_EQ(dumped.output, "abc\n");
  Result<SafetensorsFile> file = SafetensorsFile::open(path("l"));
  Result<SafetensorsFile> weights =
      SafetensorsFile::open(path("o/step_000050/model.safetensors"));
  ASSERT_TRUE(file.isOk() && weights.isOk()) << file.message();
  const SafetensorsFile::Entry *entry = file->find("logits");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->shape, (std::vector<int64_t>{3, 256}));
  float logit, weight, bias; // of an 'e' after the 'b'
  EXPECT_OK(file->readFloats(*entry, 256 + 'e', 1, &logit));
  EXPECT_OK(weights->readFloats(*weights->find("bigram.weight"),
                                'b' * 256 + 'e', 1, &weight));
  EXPECT_OK(weights->readFloats(*weights->find("bigram.bias"), 'e', 1, &bias));
  EXPECT_EQ(logit, weight + bias);

  expectError(run("--out o --sample abcdefghi --dump-logits m"),
              "--dump-logits: the prompt has 9 tokens, the program sees 8 at a "
              "time; give a shorter prompt");
  expectError(run("--out o --sample a --dump-logits none/m"),
              "--dump-logits: cannot write none/m");
  expectError(run("--out o --dump-logits m --data data"),
              "--dump-logits is for the prompt of --sample, without --data");
}

TEST_F(OptionsTest, OutputFollowsItsOptions) {
  Outcome quiet = train("--steps 3 --out a --quiet");
  EXPECT_EQ(quiet.exitStatus, 0);
  EXPECT_EQ(quiet.output, "");
  Outcome sparse = train("--steps 6 --out b --log-every 3");
  EXPECT_EQ(sparse.output.find("\n2/6 |"), std::string::npos);
  EXPECT_NE(sparse.output.find("\n3/6 |"), std::string::npos);
  Outcome bar = train("--steps 3 --out c --progress=on");
  EXPECT_NE(bar.output.find("\r\033[K"), std::string::npos);
  EXPECT_NE(bar.output.find(" left"), std::string::npos);
  Outcome profile = train("--steps 3 --out d --quiet --profile");
  EXPECT_NE(profile.output.find("adamw"), std::string::npos);
  EXPECT_NE(profile.output.find("bigram.mlir:3"), std::string::npos);
  Outcome help = run("--help");
  EXPECT_EQ(help.exitStatus, 0);
  EXPECT_NE(help.output.find("Trains bigram (65792 parameters)"),
            std::string::npos)
      << help.output;
}

TEST_F(OptionsTest, MistakesAreErrorsWithAPlace) {
  expectError(run(""), "nothing to do");
  expectError(run("--data none"), "--data: cannot read the directory none");
  expectError(run("--data data --steps x"), "--steps: expected a number");
  expectError(
      run("--data data --accumulate 1000001"),
      "--accumulate: expected a number of micro-batches, a whole number "
      "from 1 to 1000000, found");
  expectError(run("--data data --stesp 4"),
              "unknown argument '--stesp', did you mean '--steps'?; --help");
  expectError(run("--data data --frobnicate"),
              "unknown argument '--frobnicate'; --help lists");
  expectError(run("--steps 3 --steps 4"), "--steps is given more than once");
  expectError(run("--data"), "--data: expected a value after it");
  expectError(run("--betas 0.9"), "--betas: expected more values, separated");
  expectError(run("--data data --out ''"), "--out: expected a directory");
  expectError(run("--data ''"), "--data: expected a directory, found an empty");
  expectError(run("--data data --init-from ''"),
              "--init-from: expected a path");
  write("file", "");
  expectError(run("--data data --out file"), "--out: ");
  expectError(run("--data data --out file/x"),
              "--out: cannot make the directory file/x: Not a directory; name "
              "another one");
  expectError(run("--data data --init-from none"), "--init-from: none");
  expectError(train("--steps 1 --dump-gradients none/g"),
              "--dump-gradients: cannot write none/g");
  EXPECT_OK(
      writeTokenShard(path("data/train.bin"), std::vector<uint32_t>(100, 300)));
  expectError(train("--out o"), "data/train.bin: token 300 at position");
}

} // namespace
