//===- TrainTests.cpp - whole runs of a training program ------------------===//
//
// Runs the bigram program as a user would and looks at what it prints, writes
// and returns.
//
//===----------------------------------------------------------------------===//

#include "RunSupport.h"

#include "device/cpu/CpuDevice.h"
#include "train/Checkpoint.h"
#include "train/ImportWeights.h"
#include "train/Safetensors.h"
#include "train/TokenShard.h"

#include <cmath>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

class TrainTest : public RunTest {};

TEST_F(TrainTest, LearnsAndLeavesEverythingBehind) {
  Outcome outcome = train("--steps 200 --eval-every 100 --save-every 80 "
                          "--keep 2 --out o --sample 'God '");
  ASSERT_EQ(outcome.exitStatus, 0) << outcome.output;
  std::vector<std::string> losses = metrics("o", "loss");
  ASSERT_EQ(losses.size(), 200u);
  EXPECT_NEAR(std::stod(losses.front()), std::log(256.0), 0.1);
  EXPECT_LT(std::stod(losses.back()), 1.5);
  for (const char *share : {"flops_per_s", "peak_share"}) {
    ASSERT_EQ(metrics("o", share).size(), 200u);
    EXPECT_GT(std::stod(metrics("o", share).back()), 0);
  }
  std::vector<std::string> heldOut = metrics("o", "held_out_loss");
  ASSERT_EQ(heldOut.size(), 2u);
  EXPECT_LT(std::stod(heldOut[1]), 1.5);
  EXPECT_FALSE(pathExists(path("o/step_000080")));
  EXPECT_TRUE(pathExists(path("o/step_000160/model.safetensors")));
  EXPECT_EQ(contentsOf(path("o/latest")), "step_000200\n");
  EXPECT_TRUE(pathExists(path("o/loss.png")));
  EXPECT_TRUE(pathExists(path("o/loss.svg")));
  for (const char *part :
       {"\n  1/200 | loss 5.5", " tokens/s | ", " % of peak\n",
        " GFLOP/s, f32 multiply-adds in ", "memory: ", "held out",
        "step 200: held-out loss ", "step 160: saved o/step_000160",
        "loss curve: o/loss.svg", "memory: peak ", "\nGod "})
    EXPECT_NE(outcome.output.find(part), std::string::npos)
        << part << " is not in\n"
        << outcome.output;
}

TEST_F(TrainTest, CeilingsArePrintedWithoutDataOrMemory) {
  Outcome outcome = run("--ceilings --threads 2 --quiet");
  ASSERT_EQ(outcome.exitStatus, 0) << outcome.output;
  double gigaflops = 0, gigabytes = 0;
  EXPECT_EQ(std::sscanf(outcome.output.c_str(),
                        "peak: %lf GFLOP/s, f32 multiply-adds in %*[^\n]\n"
                        "bandwidth: %lf GB/s, a = b + s c over",
                        &gigaflops, &gigabytes),
            2)
      << outcome.output;
  EXPECT_GT(gigaflops, 0);
  EXPECT_GT(gigabytes, 0);
  EXPECT_FALSE(pathExists(path("out")));
}

TEST_F(TrainTest, ThreadsDoNotChangeABit) {
  EXPECT_EQ(train("--steps 20 --out a --threads 1").exitStatus, 0);
  EXPECT_EQ(train("--steps 20 --out b --threads 5").exitStatus, 0);
  expectSameRun("a", "b", "step_000020");
}

TEST_F(TrainTest, SeedsGiveOtherRuns) {
  EXPECT_EQ(train("--steps 3 --out a --seed 1").exitStatus, 0);
  EXPECT_EQ(train("--steps 3 --out b --seed 2").exitStatus, 0);
  EXPECT_NE(metrics("a", "loss"), metrics("b", "loss"));
}

TEST_F(TrainTest, AResumedRunIsTheSameBitForBit) {
  const std::string common = "--steps 40 --save-every 15 --accumulate 3 "
                             "--seed 4 ";
  ASSERT_EQ(train(common + "--out whole").exitStatus, 0);
  ASSERT_EQ(train(common + "--out cut").exitStatus, 0);
  // What a crash at step 31 leaves: metrics beyond the last checkpoint too.
  EXPECT_OK(removeTree(path("cut/step_000040")));
  write("cut/latest", "step_000030\n");
  Outcome resumed = train(common + "--out cut --resume");
  ASSERT_EQ(resumed.exitStatus, 0) << resumed.output;
  EXPECT_NE(resumed.output.find("resume: cut/step_000030, step 30, "
                                "the newest complete checkpoint"),
            std::string::npos);
  EXPECT_EQ(resumed.output.find("warning"), std::string::npos)
      << resumed.output;
  expectSameRun("whole", "cut", "step_000040");
}

TEST_F(TrainTest, ResumeSkipsADamagedCheckpointAndSaysWhy) {
  const std::string common = "--steps 20 --save-every 10 ";
  ASSERT_EQ(train(common + "--out whole").exitStatus, 0);
  ASSERT_EQ(train(common + "--out cut").exitStatus, 0);
  damage(path("cut/step_000020/model.safetensors"), 70000);
  Outcome resumed = train(common + "--out cut --resume");
  ASSERT_EQ(resumed.exitStatus, 0) << resumed.output;
  EXPECT_NE(resumed.output.find("warning: cut/step_000020 skipped: "
                                "cut/step_000020/model.safetensors is damaged"),
            std::string::npos)
      << resumed.output;
  expectSameRun("whole", "cut", "step_000020");
  damage(path("cut/step_000010/state.json"), 30);
  damage(path("cut/step_000020/state.json"), 30);
  expectError(train(common + "--out cut --resume"),
              "--resume: no checkpoint in cut can be used");
}

TEST_F(TrainTest, ResumeChecksWhatItIsGiven) {
  Outcome fresh = train("--steps 4 --out o --resume");
  EXPECT_EQ(fresh.exitStatus, 0);
  EXPECT_NE(fresh.output.find("warning: resume: no checkpoint in o, "
                              "starting at step 1"),
            std::string::npos);
  expectError(train("--steps 4 --out o"),
              "--out: o already holds a checkpoint of step 4");
  expectError(train("--steps 8 --out o --resume --seed 77"),
              "--seed 77 does not match the seed 1 of o/step_000004");
  Outcome done = train("--steps 4 --out o --resume");
  EXPECT_EQ(done.exitStatus, 0);
  EXPECT_NE(done.output.find("nothing left to do"), std::string::npos);
  Outcome changed = train("--steps 8 --out o --resume");
  EXPECT_EQ(changed.exitStatus, 0);
  EXPECT_NE(
      changed.output.find(
          "warning: steps was 4 when the checkpoint was written and is 8"),
      std::string::npos)
      << changed.output;
}

TEST_F(TrainTest, SignalsSaveAndStopAndTheRunGoesOnAsIfNothingHappened) {
  for (int signal : {SIGHUP, SIGINT, SIGTERM}) {
    EXPECT_OK(removeTree(path("cut")));
    EXPECT_OK(removeTree(path("log"))); // it is what tells that steps run
    pid_t child = ::fork();
    if (child == 0) {
      if (::chdir(directory.c_str()) != 0 || !std::freopen("log", "w", stdout))
        ::_exit(99);
      ::execl(LLMC_BIGRAM_PROGRAM, "bigram", "--data", "data", "--out", "cut",
              "--steps", "1000000", "--schedule", "constant", "--warmup", "0",
              "--save-every", "0", "--eval-every", "0", nullptr);
      ::_exit(99);
    }
    for (int wait = 0; wait < 1000; ++wait) {
      Result<std::string> log = readWholeFile(path("log"));
      if (log.isOk() && log->find(" 20/1000000 ") != std::string::npos)
        break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ::kill(child, signal);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 128 + signal) << contentsOf(path("log"));
    EXPECT_NE(contentsOf(path("log"))
                  .find(fmt::format("stopped by signal {}", signal)),
              std::string::npos);
    EXPECT_TRUE(pathExists(path("cut/latest")));
  }
  size_t steps = metrics("cut", "loss").size() + 5;
  const std::string common =
      fmt::format("--data data --schedule constant --warmup 0 --steps {} "
                  "--save-every 0 --eval-every 0 --quiet --out ",
                  steps);
  EXPECT_EQ(run(common + "whole").exitStatus, 0);
  EXPECT_EQ(run(common + "cut --resume").exitStatus, 0);
  expectSameRun("whole", "cut", fmt::format("step_{:06}", steps));
}

TEST_F(TrainTest, AReaderThatGoesAwayIsASignalToSaveAndStop) {
  Outcome outcome =
      shell("{ " LLMC_BIGRAM_PROGRAM " --data data --out cut --steps 1000000 "
            "--save-every 0 --eval-every 0; echo $? > status; } | head -n 8");
  EXPECT_EQ(outcome.exitStatus, 0);
  EXPECT_EQ(contentsOf(path("status")), "141\n"); // 128 + SIGPIPE
  ASSERT_TRUE(pathExists(path("cut/latest")));
  EXPECT_TRUE(pathExists(path("cut/loss.png")));
  size_t steps = metrics("cut", "loss").size();
  EXPECT_EQ(contentsOf(path("cut/latest")), fmt::format("step_{:06}\n", steps));
}

TEST_F(TrainTest, TwoProgramsDoNotShareAnOutput) {
  const std::string common = "--data data --out o --steps 1000000 "
                             "--save-every 0 --eval-every 0 ";
  Outcome outcome =
      shell("mkfifo pipe; " LLMC_BIGRAM_PROGRAM " " + common +
            "> pipe & first=$!; exec 3< pipe; head -n 6 <&3 > /dev/null; kill "
            "-STOP $first; ls -l o > a;"
            "for more in '' --resume; do " LLMC_BIGRAM_PROGRAM " " +
            common +
            "$more; echo $?; done; ls -l o | diff a - && echo unchanged; "
            "kill -9 $first; echo $first");
  std::string process = outcome.output.substr(
      outcome.output.rfind('\n', outcome.output.size() - 2) + 1);
  process.pop_back();
  std::string error = fmt::format("error: --out: another program, process {}, "
                                  "is writing into o; wait until it has ended, "
                                  "stop it, or name another directory\n1\n",
                                  process);
  EXPECT_EQ(outcome.output, error + error + "unchanged\n" + process + "\n");
  // The lock goes with its holder, even a killed one.
  Outcome after = train("--out o --steps 2 --resume");
  EXPECT_EQ(after.exitStatus, 0) << after.output;
}

TEST_F(TrainTest, ACheckpointBeforeTheFirstStepIsGoneOnFrom) {
  ASSERT_EQ(train("--steps 30 --out a").exitStatus, 0);
  ASSERT_EQ(train("--steps 2 --out b --init-from a").exitStatus, 0);
  // What a signal between loading the weights and the first step leaves.
  ThreadPool pool(1);
  CpuDevice device(llmcProgram, pool);
  EXPECT_OK(device.allocate());
  Console console(/*quiet=*/true, /*progress=*/false);
  EXPECT_OK(importWeights(llmcProgram, device, path("a"), console));
  RunState state;
  state.seed = 1;
  EXPECT_OK(
      CheckpointStore(llmcProgram, device, path("c"), 0).save(state).status());
  Outcome resumed = train("--steps 2 --out c --resume");
  EXPECT_EQ(resumed.exitStatus, 0) << resumed.output;
  expectSameRun("b", "c", "step_000002");
}

TEST_F(TrainTest, ARunThatWasCutOffAfterItsLastCheckpointIsFinished) {
  ASSERT_EQ(train("--steps 4 --out o").exitStatus, 0);
  std::string whole = contentsOf(path("o/metrics.jsonl"));
  write("o/metrics.jsonl", whole.substr(0, whole.find("{\"step\":4,\"held")));
  EXPECT_OK(removeTree(path("o/loss.png")));
  Outcome resumed = train("--steps 4 --out o --resume");
  EXPECT_EQ(resumed.exitStatus, 0) << resumed.output;
  EXPECT_EQ(contentsOf(path("o/metrics.jsonl")), whole);
  EXPECT_TRUE(pathExists(path("o/loss.png")));
}

TEST_F(TrainTest, DivergenceStopsAndKeepsTheLastCheckpoint) {
  Outcome outcome = run("--data data --warmup 0 --steps 50 --save-every 1 "
                        "--lr 1e38 --out o --weight-decay 1e30");
  EXPECT_EQ(outcome.exitStatus, 1) << outcome.output;
  EXPECT_NE(outcome.output.find("error: step 2: the loss is "),
            std::string::npos)
      << outcome.output;
  EXPECT_NE(outcome.output.find("the last checkpoint is o/step_000001"),
            std::string::npos);
}

TEST_F(TrainTest, WithoutACheckpointTheRemedyIsToStartAgain) {
  Outcome outcome = run("--data data --warmup 0 --steps 50 --lr 1e38 --out o "
                        "--weight-decay 1e30");
  EXPECT_EQ(outcome.exitStatus, 1) << outcome.output;
  EXPECT_NE(outcome.output.find("then start again: no checkpoint was written"),
            std::string::npos)
      << outcome.output;
}

TEST_F(TrainTest, AFullDiskLeavesNoPartAndKeepsTheLastCheckpoint) {
  // A limit on the size of files stands for the full disk: the 526 kB of both
  // moments do not fit into 800 blocks of 512 bytes, the weights do.
  const std::string limit = "ulimit -f 800; ";
  ASSERT_EQ(train("--steps 2 --out o").exitStatus, 0);
  Outcome outcome =
      shell(limit + "exec " LLMC_BIGRAM_PROGRAM
                    " --data data --lr 0.05 --steps 4 --out o --resume");
  expectError(outcome, "step 4: the checkpoint could not be written: cannot "
                       "write o/step_000004.tmp/optimizer.safetensors: File "
                       "too large; make room");
  EXPECT_NE(outcome.output.find(
                "go on with --resume: the last checkpoint is o/step_000002"),
            std::string::npos)
      << outcome.output;
  EXPECT_FALSE(pathExists(path("o/step_000004.tmp")));
  EXPECT_TRUE(pathExists(path("o/step_000002/state.json")));
}

TEST_F(TrainTest, GradientsAreTheSumOverMicroSteps) {
  ASSERT_EQ(
      train("--steps 1 --out a --accumulate 2 --dump-gradients g2").exitStatus,
      0);
  ASSERT_EQ(train("--steps 1 --out b --dump-gradients g1").exitStatus, 0);
  Result<SafetensorsFile> one = SafetensorsFile::open(path("g1"));
  Result<SafetensorsFile> two = SafetensorsFile::open(path("g2"));
  ASSERT_TRUE(one.isOk() && two.isOk());
  // Every row of the gradient of a softmax sums to zero; the bias of the first
  // micro-step is part of the sum of both.
  auto squares = [](const SafetensorsFile &file, const char *name) {
    const SafetensorsFile::Entry *entry = file.find(name);
    std::vector<float> values(static_cast<size_t>(entry->elements));
    EXPECT_OK(file.readFloats(*entry, 0, entry->elements, values.data()));
    double sum = 0, square = 0;
    for (float value : values) {
      sum += value;
      square += double(value) * value;
    }
    EXPECT_NEAR(sum, 0, 1e-4);
    return square;
  };
  double weight = squares(*one, "bigram.weight"),
         bias = squares(*one, "bigram.bias");
  EXPECT_NEAR(std::sqrt(weight + bias), std::stod(metrics("b", "norm")[0]),
              1e-5);
  double sum = squares(*two, "bigram.weight") + squares(*two, "bigram.bias");
  EXPECT_NEAR(std::sqrt(sum) / 2, std::stod(metrics("a", "norm")[0]), 1e-5);
}

TEST_F(TrainTest, InitFromGoesOnFromTheWeights) {
  ASSERT_EQ(train("--steps 100 --out a").exitStatus, 0);
  for (const char *from :
       {"a", "a/step_000100", "a/step_000100/model.safetensors"}) {
    EXPECT_OK(removeTree(path("b")));
    Outcome outcome =
        train(std::string("--steps 1 --out b --init-from ") + from);
    ASSERT_EQ(outcome.exitStatus, 0) << outcome.output;
    EXPECT_LT(std::stod(metrics("b", "loss")[0]), 2.5);
  }
}

} // namespace
