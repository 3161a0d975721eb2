//===- CudaRunTests.cpp - whole runs of a program for a GPU ---------------===//
//
// The bigram program, compiled by hand for the fake CUDA driver, against the
// same program on the CPU.
//
//===----------------------------------------------------------------------===//

#include "RunSupport.h"

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

class CudaRunTest : public RunTest {
protected:
  /// A run on the fake driver, which is set up by `words`.
  Outcome onGpu(const std::string &words, const std::string &arguments) {
    return shell("LLMC_CUDA_DRIVER='" LLMC_FAKE_DRIVER "' LLMC_FAKE_CUDA='" +
                 words + "' " LLMC_BIGRAM_CUDA_PROGRAM " " + arguments);
  }
  Outcome trainOnGpu(const std::string &words, const std::string &arguments) {
    return onGpu(words, "--data data --lr 0.05 --warmup 0 " + arguments);
  }
};

TEST_F(CudaRunTest, TheSameBitsAsOnTheCpu) {
  const std::string common = "--steps 25 --accumulate 3 --seed 9 --eval-every "
                             "4 --save-every 10 --out ";
  ASSERT_EQ(train(common + "cpu --dump-gradients g").exitStatus, 0);
  for (const char *words : {"eager=0", "eager=1"}) {
    Outcome gpu =
        trainOnGpu(words, common + "gpu --dump-gradients h --sample 'God ' "
                                   "--sample-every 7");
    ASSERT_EQ(gpu.exitStatus, 0) << gpu.output;
    expectSameRun("cpu", "gpu", "step_000025");
    EXPECT_EQ(metrics("cpu", "held_out_loss"), metrics("gpu", "held_out_loss"));
    EXPECT_TRUE(contentsOf(path("g")) == contentsOf(path("h")));
    for (const char *part :
         {"GPU 0: NVIDIA GeForce RTX 4090, sm_89, driver of CUDA 13.0, peak "
          "82.6 TFLOP/s (f32, by table)",
          "FLOP/s, 0.0 % of peak\n", "memory: peak ",
          "host memory: 771 KiB pinned: parameters 257 KiB, optimizer m 257 "
          "KiB, optimizer v 257 KiB\n"})
      EXPECT_NE(gpu.output.find(part), std::string::npos)
          << part << " is not in\n"
          << gpu.output;
    EXPECT_OK(removeTree(path("gpu")));
  }
}

TEST_F(CudaRunTest, AProfileAndSingleLaunchesChangeNothing) {
  const std::string common = "--steps 5 --accumulate 2 --out ";
  ASSERT_EQ(train(common + "cpu").exitStatus, 0);
  Outcome profile = trainOnGpu("", common + "profile --profile");
  ASSERT_EQ(profile.exitStatus, 0) << profile.output;
  expectSameRun("cpu", "profile", "step_000005");
  EXPECT_NE(profile.output.find("add_gradients "), std::string::npos)
      << profile.output;
  Outcome blocking = shell("LLMC_LAUNCH_BLOCKING=1 LLMC_CUDA_DRIVER="
                           "'" LLMC_FAKE_DRIVER "' " LLMC_BIGRAM_CUDA_PROGRAM
                           " --data data --lr 0.05 --warmup 0 " +
                           common + "blocking");
  ASSERT_EQ(blocking.exitStatus, 0) << blocking.output;
  expectSameRun("cpu", "blocking", "step_000005");
}

TEST_F(CudaRunTest, CopiesOfTheWeightsAreMadeWhereverWeightsComeFrom) {
  const std::string common = "--steps 20 --save-every 10 --out ";
  ASSERT_EQ(train(common + "whole").exitStatus, 0);
  ASSERT_EQ(trainOnGpu("", common + "gpu").exitStatus, 0);
  EXPECT_OK(removeTree(path("gpu/step_000020")));
  Outcome resumed = trainOnGpu("", common + "gpu --resume");
  ASSERT_EQ(resumed.exitStatus, 0) << resumed.output;
  expectSameRun("whole", "gpu", "step_000020");

  const std::string from = "--steps 3 --init-from whole --out ";
  ASSERT_EQ(train(from + "a").exitStatus, 0);
  ASSERT_EQ(trainOnGpu("", from + "b").exitStatus, 0);
  expectSameRun("a", "b", "step_000003");

  const std::string sample = "--sample 'And ' --sample-tokens 20 --out whole";
  Outcome cpu = run(sample), gpu = onGpu("", sample);
  EXPECT_EQ(gpu.exitStatus, 0) << gpu.output;
  EXPECT_EQ(cpu.output, gpu.output);
}

TEST_F(CudaRunTest, AFaultLeavesTheLastCheckpoint) {
  const std::string common = "--steps 20 --save-every 5 --eval-every 0 --out ";
  ASSERT_EQ(train(common + "whole").exitStatus, 0);
  // prepare is the first graph, then two a step.
  Outcome broken = trainOnGpu("fail=cuGraphLaunch:26:719", common + "cut");
  expectError(broken, "step 13: first_micro_step cannot be started: ");
  EXPECT_NE(broken.output.find("; go on with --resume: the last checkpoint is "
                               "cut/step_000010\n"),
            std::string::npos)
      << broken.output;
  ASSERT_EQ(trainOnGpu("", common + "cut --resume").exitStatus, 0);
  expectSameRun("whole", "cut", "step_000020");
}

// A graph does not say which of its kernels failed; the step is repeated, on
// the weights of the last checkpoint, and nothing is written meanwhile.
TEST_F(CudaRunTest, TheKernelThatFailedIsFound) {
  const std::string common = "--steps 8 --save-every 3 --eval-every 0 --out ";
  // prepare is the first graph, then two a step: the fault of one launch does
  // not come again.
  Outcome once = trainOnGpu("fail=cuGraphLaunch:10:700", common + "a");
  expectError(once, "step 5: first_micro_step cannot be started: ");
  EXPECT_NE(once.output.find("\nrepeating step 5 one kernel at a time"),
            std::string::npos)
      << once.output;
  EXPECT_NE(once.output.find("\nstep 5 repeated: no kernel failed"),
            std::string::npos)
      << once.output;
  EXPECT_EQ(contentsOf(path("a/latest")), "step_000003\n");
  ASSERT_EQ(trainOnGpu("", common + "a --resume").exitStatus, 0);

  Outcome again = trainOnGpu("fault=store_gradients:700", common + "b");
  expectError(again, "step 1: ");
  EXPECT_NE(again.output.find("a kernel failed; start again"),
            std::string::npos)
      << again.output;
  EXPECT_NE(again.output.find("\nstep 1 repeated: kernel store_gradients ("),
            std::string::npos)
      << again.output;

  // Where nothing is trained there is no step to repeat.
  Outcome sampled = onGpu("fault=prompt_logits:700", "--sample 'And ' --out a");
  EXPECT_EQ(sampled.exitStatus, 1);
  EXPECT_NE(sampled.output.find("run again with LLMC_LAUNCH_BLOCKING=1"),
            std::string::npos)
      << sampled.output;
}

TEST_F(CudaRunTest, MistakesAreErrorsOfOneMessage) {
  expectError(trainOnGpu("devices=0", "--out o"), "no GPU: the CUDA driver");
  expectError(trainOnGpu("free=1000", "--out o"), "the program needs 80.");
  expectError(trainOnGpu("fail=cuMemHostRegister_v2:2:2", "--out o"),
              "the driver cannot pin 257 KiB of the host's memory for the "
              "optimizer m, of 771 KiB in all (parameters 257 KiB, optimizer m "
              "257 KiB, optimizer v 257 KiB): CUDA_ERROR_OUT_OF_MEMORY");
  expectError(trainOnGpu("", "--out o --device 1"),
              "there is no GPU 1, choose one of these with --device or "
              "LLMC_DEVICE: 0: NVIDIA GeForce RTX 4090\n");
  expectError(shell("LLMC_CUDA_DRIVER=/none " LLMC_BIGRAM_CUDA_PROGRAM
                    " --data data --out o"),
              "no CUDA driver: /none");
  expectError(run("--data data --out o --device 0"), "");
  EXPECT_NE(onGpu("", "--help").output.find("--device N"), std::string::npos);
}

} // namespace
