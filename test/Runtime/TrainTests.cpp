//===- TrainTests.cpp - whole runs of a training program ------------------===//
//
// Runs the bigram program as a user would and looks at what it prints, writes
// and returns.
//
//===----------------------------------------------------------------------===//

#include "RunSupport.h"

#include "train/ImportWeights.h"
#include "train/Safetensors.h"
#include "train/TokenShard.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tuple>

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

// Lines would be written into whatever file had the number of a stream.
TEST_F(TrainTest, StreamsThatAreClosedGetNoFile) {
  const std::string common =
      LLMC_BIGRAM_PROGRAM " --data data --lr 0.05 --warmup 0 --steps 3 --out ";
  ASSERT_EQ(shell(common + "open").exitStatus, 0);
  ASSERT_EQ(shell(common + "closed <&- >&- 2>&-").exitStatus, 0);
  expectSameRun("open", "closed", "step_000003");
  EXPECT_EQ(metrics("closed", "loss").size(), 3u);
}

TEST_F(TrainTest, WhatWasAskedForMustArrive) {
  ASSERT_EQ(train("--steps 1 --out o").exitStatus, 0);
  for (const char *request : {"--help", "--out o --sample a", "--ceilings",
                              "doctor", "doctor --json"}) {
    expectError(run(std::string(request) + " >/dev/full"),
                "cannot write to standard output");
    expectError(run(std::string(request) + " >&-"),
                "cannot write to standard output");
  }
  // A run is worth more than its lines.
  EXPECT_EQ(train("--steps 1 --out p >/dev/full").exitStatus, 0);
}

#if !defined(__has_feature)
#define __has_feature(name) 0
#endif
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
// Sanitizers reserve more than any limit.
TEST_F(TrainTest, WithoutMemoryItSaysSo) {
  bool said = false;
  // From too little to load the program up to enough for all of it.
  for (int kibibytes = 7000; kibibytes < 40000; kibibytes += 500) {
    Outcome outcome =
        shell(fmt::format("ulimit -v {}; exec " LLMC_BIGRAM_PROGRAM
                          " --data data --steps 1 --threads 1 --out {}",
                          kibibytes, kibibytes));
    EXPECT_EQ(outcome.output.find("terminate called"), std::string::npos)
        << outcome.output;
    said |=
        outcome.output.find("error: the system gives the program no more") !=
        std::string::npos;
    if (outcome.exitStatus == 0)
      break;
  }
  EXPECT_TRUE(said);
}
#endif

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

TEST_F(TrainTest, TheFirstMicroStepOfEachStepStoresItsGradients) {
  for (auto [accumulate, stored, added] :
       {std::tuple{"1", 4, 0}, {"3", 4, 8}}) {
    Outcome outcome = train(std::string("--steps 4 --profile --out ") +
                            accumulate + " --accumulate " + accumulate);
    ASSERT_EQ(outcome.exitStatus, 0) << outcome.output;
    // The first number behind a kernel's name in the profile.
    auto callsOf = [&](const std::string &kernel) {
      size_t row = outcome.output.find("\n" + kernel + " ");
      return row == std::string::npos
                 ? 0
                 : std::stoi(outcome.output.substr(row + kernel.size() + 1));
    };
    EXPECT_EQ(callsOf("store_gradients"), stored) << outcome.output;
    EXPECT_EQ(callsOf("add_gradients"), added) << outcome.output;
  }
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
  expectError(train("--out c --init-from data"),
              "--init-from: data holds no .safetensors file");
  EXPECT_FALSE(pathExists(path("c")));
}

} // namespace
