//===- CheckpointTests.cpp - saving, damage and the choice on resume ------===//

#include "TestSupport.h"

#include "device/cpu/CpuDevice.h"
#include "train/Checkpoint.h"
#include "train/CheckpointFiles.h"
#include "train/ImportWeights.h"
#include "train/MomentShards.h"

#include <sys/inotify.h>
#include <unistd.h>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

class CheckpointTest : public DirectoryTest {
protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    EXPECT_OK(device.allocate());
  }

  /// Saves a checkpoint whose first weight is `step`.
  void save(int64_t step, int64_t keep = 0) {
    float value = static_cast<float>(step);
    EXPECT_OK(device.write(LlmcArenaParameter, 0, &value, 4));
    EXPECT_OK(device.write(LlmcArenaMoment1, 4, &value, 4));
    EXPECT_OK(device.write(LlmcArenaMoment2, 8, &value, 4));
    RunState state;
    state.step = step;
    state.position = 16 * step;
    state.seed = 9;
    state.tokenizer = "bytes";
    state.settings = {{"lr", "0.5"}};
    EXPECT_OK(
        CheckpointStore(llmcProgram, device, directory, keep).save(state));
  }

  Result<std::optional<CheckpointStore::Loaded>> load() {
    return CheckpointStore(llmcProgram, device, directory, 0).loadNewest(true);
  }

  /// Loads, and expects step `step` after skipping one with `reason`.
  void expectSkipped(int64_t step, const std::string &reason) {
    auto loaded = load();
    ASSERT_TRUE(loaded.isOk()) << loaded.message();
    ASSERT_TRUE(loaded->has_value());
    EXPECT_EQ((*loaded)->state.step, step);
    ASSERT_EQ((*loaded)->skipped.size(), 1u);
    EXPECT_NE((*loaded)->skipped[0].find(reason), std::string::npos)
        << (*loaded)->skipped[0];
    float value = 0;
    EXPECT_OK(device.read(LlmcArenaParameter, 0, &value, 4));
    EXPECT_EQ(value, static_cast<float>(step));
  }

  ThreadPool pool{1};
  CpuDevice device{llmcProgram, pool};
};

TEST_F(CheckpointTest, TheStateComesBackWhole) {
  save(3);
  for (LlmcArenaKind kind :
       {LlmcArenaParameter, LlmcArenaMoment1, LlmcArenaMoment2}) {
    std::vector<float> zeros(4);
    EXPECT_OK(device.write(kind, 0, zeros.data(), 16));
  }
  auto loaded = load();
  ASSERT_TRUE(loaded.isOk()) << loaded.message();
  const RunState &state = (*loaded)->state;
  EXPECT_EQ(state.step, 3);
  EXPECT_EQ(state.position, 48);
  EXPECT_EQ(state.seed, 9u);
  EXPECT_EQ(state.tokenizer, "bytes");
  EXPECT_EQ(state.settings.at("lr"), "0.5");
  float values[3];
  EXPECT_OK(device.read(LlmcArenaParameter, 0, &values[0], 4));
  EXPECT_OK(device.read(LlmcArenaMoment1, 4, &values[1], 4));
  EXPECT_OK(device.read(LlmcArenaMoment2, 8, &values[2], 4));
  for (float value : values)
    EXPECT_EQ(value, 3.0f);
  EXPECT_EQ(contentsOf(path("latest")), "step_000003\n");
}

TEST_F(CheckpointTest, TheConfigLiesBesideTheWeightsAndMayBeEdited) {
  save(3);
  const std::string config = path("step_000003/config.json");
  EXPECT_EQ(contentsOf(config), llmcProgram.config);
  EXPECT_OK(writeFileAtomically(config, "{\"eos_token_id\": 0}\n"));
  auto loaded = load();
  ASSERT_TRUE(loaded.isOk() && loaded->has_value()) << loaded.message();
  EXPECT_TRUE((*loaded)->skipped.empty());
}

TEST_F(CheckpointTest, NothingThereIsNoError) {
  auto loaded = load();
  ASSERT_TRUE(loaded.isOk()) << loaded.message();
  EXPECT_FALSE(loaded->has_value());
}

TEST_F(CheckpointTest, OnlyTheNewestAreKept) {
  for (int64_t step : {1, 2, 10, 1000000})
    save(step, 2);
  Result<std::vector<int64_t>> steps =
      CheckpointStore(llmcProgram, device, directory, 2).steps();
  ASSERT_TRUE(steps.isOk());
  EXPECT_EQ(*steps, (std::vector<int64_t>{1000000, 10}));
}

/// Cut off in the middle, a removal must not leave a checkpoint that says by
/// its name that it is complete: it loses its name before it loses a file.
TEST_F(CheckpointTest, AnOldOneLosesItsNameBeforeItsFiles) {
  save(1, 1);
  const int events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  ASSERT_GE(events, 0);
  ASSERT_GE(inotify_add_watch(events, path("step_000001").c_str(), IN_DELETE),
            0);
  ASSERT_GE(inotify_add_watch(events, directory.c_str(), IN_MOVED_FROM), 0);
  save(2, 1);
  alignas(inotify_event) char buffer[16384];
  const ssize_t bytes = ::read(events, buffer, sizeof buffer);
  ::close(events);
  int deleted = 0;
  bool isRenamed = false;
  for (ssize_t at = 0; at < bytes;) {
    const auto *event = reinterpret_cast<inotify_event *>(buffer + at);
    at += static_cast<ssize_t>(sizeof *event + event->len);
    if (event->mask & IN_MOVED_FROM)
      isRenamed |= std::string(event->name) == "step_000001";
    if (event->mask & IN_DELETE) {
      ++deleted;
      EXPECT_TRUE(isRenamed) << event->name;
    }
  }
  EXPECT_TRUE(isRenamed);
  EXPECT_GE(deleted, 3);
}

TEST_F(CheckpointTest, DamagedOnesAheadDoNotPushOutTheOneJustWritten) {
  for (int64_t step : {10, 20, 30})
    save(step);
  damage(path("step_000020/state.json"), 30);
  damage(path("step_000030/state.json"), 30);
  save(15, 1);
  Result<std::vector<int64_t>> steps =
      CheckpointStore(llmcProgram, device, directory, 1).steps();
  ASSERT_TRUE(steps.isOk());
  EXPECT_EQ(*steps, (std::vector<int64_t>{30, 20, 15}));
  save(31, 1);
  steps = CheckpointStore(llmcProgram, device, directory, 1).steps();
  EXPECT_EQ(*steps, (std::vector<int64_t>{31}));
}

TEST_F(CheckpointTest, WhatWasCutOffIsRemovedAndNothingElse) {
  save(1);
  save(2);
  EXPECT_OK(makeDirectories(path("step_000003.tmp")));
  write("step_000003.tmp/model.safetensors", "half");
  EXPECT_OK(renamePath(path("step_000001"), path("step_000001.tmp")));
  write("notes.tmp", "mine");
  EXPECT_OK(makeDirectories(path("step_7.tmp"))); // no name of ours
  CheckpointStore store(llmcProgram, device, directory, 0);
  Result<std::vector<std::string>> removed = store.removeUnfinished();
  ASSERT_TRUE(removed.isOk()) << removed.message();
  EXPECT_EQ(*removed, (std::vector<std::string>{path("step_000001.tmp"),
                                                path("step_000003.tmp")}));
  EXPECT_FALSE(pathExists(path("step_000003.tmp")));
  EXPECT_TRUE(pathExists(path("notes.tmp")));
  EXPECT_TRUE(pathExists(path("step_7.tmp")));
  EXPECT_TRUE(load()->has_value());
}

TEST_F(CheckpointTest, AnIndexThatIsWrongIsSaidAndDoesNotDecide) {
  save(1);
  write("latest", "step_000009\n");
  expectSkipped(1, "latest names step_000009, which is not there");
  for (const char *text : {"", "step_000001\n\n", "step_1", "../step_000001",
                           "step_99999999999999999999"}) {
    write("latest", text);
    expectSkipped(1, "latest names no checkpoint");
  }
  // Cut off between the checkpoint and its name in the index.
  save(2);
  write("latest", "step_000001\n");
  auto loaded = load();
  ASSERT_TRUE(loaded.isOk() && loaded->has_value());
  EXPECT_EQ((*loaded)->state.step, 2);
  EXPECT_TRUE((*loaded)->skipped.empty());
}

TEST_F(CheckpointTest, EachDamagedFileIsFoundAndSkipped) {
  save(1);
  for (const char *name : {"model.safetensors", "optimizer.safetensors"}) {
    save(2);
    damage(path("step_000002/") + name, 5000);
    expectSkipped(1, std::string(name) + " is damaged: expected checksum ");
  }
  save(2);
  damage(path("step_000002/state.json"), 30);
  expectSkipped(1, "step_000002 skipped: ");
  std::string state = contentsOf(path("step_000001/state.json"));
  size_t at = state.find("\"position\": 16");
  ASSERT_NE(at, std::string::npos);
  save(2);
  state.replace(at, 14, "\"position\": 17");
  write("step_000002/state.json", state);
  expectSkipped(1, "does not match its own checksum");
}

TEST_F(CheckpointTest, IncompleteOnesAreSkipped) {
  save(1);
  save(2);
  EXPECT_OK(removeTree(path("step_000002/optimizer.safetensors")));
  expectSkipped(1, "cannot read");
  save(2);
  write("step_000002/model.safetensors",
        contentsOf(path("step_000002/model.safetensors")).substr(0, 4000));
  expectSkipped(1, "is damaged: expected ");
  EXPECT_OK(removeTree(path("step_000002/state.json")));
  expectSkipped(1, "cannot read");
  // One that was being written when the run was cut off is not even looked at.
  EXPECT_OK(removeTree(path("step_000002")));
  EXPECT_OK(renamePath(path("step_000001"), path("step_000003.tmp")));
  EXPECT_FALSE(load()->has_value());
}

TEST_F(CheckpointTest, AnotherModelIsRefusedWithTheReason) {
  save(1);
  LlmcProgram other = llmcProgram;
  other.modelName = "trigram";
  EXPECT_FAILS(CheckpointStore(other, device, directory, 0).loadNewest(true),
               "it is of the model 'bigram', this program trains 'trigram'");

  const int64_t shape[] = {128, 512};
  std::vector<LlmcTensor> tensors(other.tensors,
                                  other.tensors + other.numTensors);
  tensors[0].shape = shape;
  other = llmcProgram;
  other.tensors = tensors.data();
  EXPECT_FAILS(CheckpointStore(other, device, directory, 0).loadNewest(true),
               "tensor bigram.weight has shape [256, 256], the model needs "
               "[128, 512]");
}

TEST_F(CheckpointTest, WeightsTakenFromADamagedCheckpointAreAnError) {
  Console console(/*quiet=*/true, /*progress=*/false);
  save(1);
  const std::string model = path("step_000001/model.safetensors");
  EXPECT_OK(importWeights(llmcProgram, device, directory, console));
  damage(model, 5000);
  for (const std::string &from :
       {directory, path("step_000001"), path("step_000001/")})
    EXPECT_FAILS(importWeights(llmcProgram, device, from, console),
                 "model.safetensors is damaged: expected checksum ");
  // The file by its own name is anyone's.
  EXPECT_OK(importWeights(llmcProgram, device, model, console));
  EXPECT_OK(removeTree(path("step_000001/state.json")));
  EXPECT_OK(importWeights(llmcProgram, device, directory, console));
}

TEST(ShareOfFiles, IsEqualInBytes) {
  FileSeals files = {{"model.safetensors", {80, 0}},
                     {"config.json", {1000, 0}}};
  for (int rank = 0; rank < 4; ++rank)
    files[momentShardName(rank, 4)] = {40 + rank, 0};
  using Names = std::vector<std::string>;
  EXPECT_EQ(shareOfFiles(files, 0, 1).size(), 5u);
  EXPECT_EQ(shareOfFiles(files, 0, 3), Names{"model.safetensors"});
  EXPECT_EQ(shareOfFiles(files, 1, 3),
            (Names{momentShardName(3, 4), momentShardName(0, 4)}));
  EXPECT_EQ(shareOfFiles(files, 2, 3),
            (Names{momentShardName(2, 4), momentShardName(1, 4)}));
  // More readers than files; what is not listed is somebody's to miss.
  EXPECT_EQ(shareOfFiles({}, 0, 3).size() + shareOfFiles({}, 1, 3).size() +
                shareOfFiles({}, 2, 3).size(),
            2u);
}

} // namespace
