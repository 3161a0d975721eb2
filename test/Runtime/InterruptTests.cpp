//===- InterruptTests.cpp - runs that are stopped, and go on --------------===//

#include "RunSupport.h"

#include "device/cpu/CpuDevice.h"
#include "train/Checkpoint.h"
#include "train/ImportWeights.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

class InterruptTest : public RunTest {};

TEST_F(InterruptTest, AResumedRunIsTheSameBitForBit) {
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

TEST_F(InterruptTest, ResumeSkipsADamagedCheckpointAndSaysWhy) {
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

TEST_F(InterruptTest, ResumeChecksWhatItIsGiven) {
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

TEST_F(InterruptTest, SignalsSaveAndStopAndTheRunGoesOnAsIfNothingHappened) {
  for (int signal : {SIGHUP, SIGINT, SIGTERM}) {
    EXPECT_OK(removeTree(path("cut")));
    EXPECT_OK(removeTree(path("log"))); // it is what tells that steps run
    pid_t child = ::fork();
    if (child == 0) {
      // Under nohup the child would inherit that SIGHUP is ignored.
      ::signal(signal, SIG_DFL);
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

TEST_F(InterruptTest, ASignalDoesNotWaitForTheEndOfALongStep) {
  const std::string common = "--data data --schedule constant --warmup 0 "
                             "--save-every 0 --eval-every 0 --steps ";
  ASSERT_EQ(run(common + "2 --out cut").exitStatus, 0);
  // Of so many micro-batches no step comes to its end.
  Outcome outcome =
      shell("mkfifo pipe; " LLMC_BIGRAM_PROGRAM " " + common +
            "3 --accumulate 1000000 --out cut --resume > pipe 2> error & "
            "program=$!; exec 3< pipe; grep -m 1 -q '^run:' <&3; sleep 0.2; "
            "kill -TERM $program; cat <&3 > log; wait $program; echo $?; "
            "grep -o 'signal .* given up after' log; cat cut/latest");
  EXPECT_EQ(outcome.output, "143\nsignal 15: step 3 is given up after\n"
                            "step_000002\n");
  EXPECT_EQ(run(common + "4 --out cut --resume").exitStatus, 0);
  EXPECT_EQ(run(common + "4 --out whole").exitStatus, 0);
  expectSameRun("whole", "cut", "step_000004");
}

TEST_F(InterruptTest, AReaderThatGoesAwayIsASignalToSaveAndStop) {
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

TEST_F(InterruptTest, TwoProgramsDoNotShareAnOutput) {
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

TEST_F(InterruptTest, ACheckpointBeforeTheFirstStepIsGoneOnFrom) {
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

TEST_F(InterruptTest, ARunThatWasCutOffAfterItsLastCheckpointIsFinished) {
  ASSERT_EQ(train("--steps 4 --out o").exitStatus, 0);
  std::string whole = contentsOf(path("o/metrics.jsonl"));
  write("o/metrics.jsonl", whole.substr(0, whole.find("{\"step\":4,\"held")));
  EXPECT_OK(removeTree(path("o/loss.png")));
  Outcome resumed = train("--steps 4 --out o --resume");
  EXPECT_EQ(resumed.exitStatus, 0) << resumed.output;
  EXPECT_EQ(contentsOf(path("o/metrics.jsonl")), whole);
  EXPECT_TRUE(pathExists(path("o/loss.png")));
}

TEST_F(InterruptTest, AFullDiskLeavesNoPartAndKeepsTheLastCheckpoint) {
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

TEST_F(InterruptTest, AShardThatIsCutShortUnderTheProgramIsAnError) {
  write("text", someText(400000));
  EXPECT_OK(removeTree(path("data")));
  EXPECT_OK(writeByteShards({path("text")}, path("data")));
  // Stopped while the shard is cut: some window lies in what is gone.
  Outcome outcome = shell(
      "mkfifo pipe; " LLMC_BIGRAM_PROGRAM
      " --data data --out o --steps 1000000 "
      "--save-every 0 --eval-every 0 > pipe 2> error & program=$!; "
      "exec 3< pipe; head -n 6 <&3 > /dev/null; kill -STOP $program; "
      "truncate -s 2000 data/train.bin; kill -CONT $program; cat <&3 > log; "
      "wait $program; echo $?; cat error");
  EXPECT_EQ(outcome.output,
            "1\nerror: a token shard was cut short, or its disk failed, while "
            "the program read it; make it whole again and go on with "
            "--resume\n");
}

TEST_F(InterruptTest, CodeForAnotherProcessorIsAnError) {
  Outcome outcome =
      shell("mkfifo pipe; " LLMC_BIGRAM_PROGRAM
            " --data data --out o --steps 1000000 "
            "--save-every 0 --eval-every 0 > pipe 2> error & program=$!; "
            "exec 3< pipe; head -n 6 <&3 > /dev/null; kill -ILL $program; "
            "cat <&3 > log; wait $program; echo $?; cat error");
  EXPECT_EQ(outcome.output,
            "1\nerror: this processor lacks an instruction that the program "
            "uses, which was compiled for cpu: by hand; compile it on this "
            "machine, or with --cpu=NAME for what both processors have, such "
            "as x86-64-v3\n");
}

} // namespace
