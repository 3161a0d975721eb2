//===- MomentShardTests.cpp - checkpoints that several ranks write --------===//

#include "TestSupport.h"

#include "comm/ThreadCommunicator.h"
#include "device/cpu/CpuDevice.h"
#include "train/Checkpoint.h"
#include "train/CheckpointFiles.h"
#include "train/MomentShards.h"
#include "train/Program.h"
#include "train/Shards.h"
#include "train/TensorStorage.h"

#include <csignal>
#include <functional>
#include <set>
#include <sys/resource.h>
#include <thread>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

/// The bigram program with its storage shared out over ranks, in buckets of
/// which the first ends within the weight. `narrow`: moments are bf16.
struct SharedProgram {
  LlmcProgram program = llmcProgram;
  std::vector<LlmcArena> arenas{llmcProgram.arenas,
                                llmcProgram.arenas + llmcProgram.numArenas};
  std::vector<LlmcBucket> buckets;
  bool narrow;

  SharedProgram(int ranks, int zero, bool narrow = false) : narrow(narrow) {
    program.arenas = arenas.data();
    if (narrow)
      for (LlmcArenaKind kind : {LlmcArenaMoment1, LlmcArenaMoment2})
        arenas[kind].bytes /= 2;
    if (ranks == 1)
      return;
    const int64_t total = llmcProgram.parameters;
    buckets = {{0, 40960}, {40960, total - 40960 - 256}, {total - 256, 256}};
    for (LlmcArena &arena : arenas)
      if (arena.kind == LlmcArenaMoment1 || arena.kind == LlmcArenaMoment2 ||
          (arena.kind == LlmcArenaGradient && zero >= 2) ||
          (arena.kind == LlmcArenaParameter && zero >= 3)) {
        arena.sharded = 1;
        arena.bytes /= ranks;
      }
    program.ranks = ranks;
    program.zeroStage = zero;
    if (zero < 2) {
      program.lastMicroStep = program.microStep;
      program.onlyMicroStep = program.firstMicroStep;
    }
    program.numBuckets = static_cast<int64_t>(buckets.size());
    program.buckets = buckets.data();
    EXPECT_OK(checkProgram(program));
  }

  /// Runs `body` as each of the ranks.
  void together(const std::function<void(Device &)> &body) {
    ThreadGroup group(program.ranks, std::chrono::seconds(60));
    std::vector<std::unique_ptr<Communicator>> ranks;
    std::vector<std::thread> threads;
    for (int rank = 0; rank < program.ranks; ++rank)
      ranks.push_back(group.join(rank));
    for (std::unique_ptr<Communicator> &own : ranks)
      threads.emplace_back([&] {
        ThreadPool pool{1};
        CpuDevice device(program, pool, *own);
        EXPECT_OK(device.allocate());
        body(device);
      });
    for (std::thread &thread : threads)
      thread.join();
  }
};

constexpr LlmcArenaKind kinds[] = {LlmcArenaParameter, LlmcArenaMoment1,
                                   LlmcArenaMoment2};

float valueOf(LlmcArenaKind kind, const LlmcTensor &tensor, int64_t element) {
  return static_cast<float>(tensor.offset / 4 + element) +
         0.25f * static_cast<float>(kind);
}

/// As the program keeps them.
std::vector<float> valuesOf(const SharedProgram &shared, LlmcArenaKind kind,
                            const LlmcTensor &tensor) {
  std::vector<float> values;
  for (int64_t i = 0; i < tensor.elements; ++i) {
    float value = valueOf(kind, tensor, i);
    bool rounded = shared.narrow && kind != LlmcArenaParameter;
    values.push_back(rounded ? fromBf16(toBf16(value)) : value);
  }
  return values;
}

class MomentShardTest : public DirectoryTest {
protected:
  void save(SharedProgram &shared, int64_t step) {
    shared.together([&](Device &device) {
      for (LlmcArenaKind kind : kinds)
        for (const LlmcTensor *tensor : parametersOf(shared.program))
          EXPECT_OK(TensorStorage(shared.program, device, kind)
                        .write(*tensor, 0, tensor->elements,
                               valuesOf(shared, kind, *tensor).data()));
      RunState state;
      state.step = step;
      EXPECT_OK(
          CheckpointStore(shared.program, device, directory, 0).save(state));
    });
  }

  /// Every rank loads, and finds all values; `skipped` is why one was not
  /// taken, empty for none.
  void expectLoads(SharedProgram &shared, int64_t step,
                   const std::string &skipped = "") {
    shared.together([&](Device &device) {
      auto loaded = CheckpointStore(shared.program, device, directory, 0)
                        .loadNewest(/*withOptimizer=*/true);
      ASSERT_TRUE(loaded.isOk()) << loaded.message();
      ASSERT_TRUE(loaded->has_value());
      EXPECT_EQ((*loaded)->state.step, step);
      ASSERT_EQ((*loaded)->skipped.size(), skipped.empty() ? 0u : 1u);
      if (!skipped.empty())
        EXPECT_NE((*loaded)->skipped[0].find(skipped), std::string::npos)
            << (*loaded)->skipped[0];
      // What was skipped is no error of the run.
      EXPECT_TRUE(device.ranks().isOwnError());
      for (LlmcArenaKind kind : kinds)
        for (const LlmcTensor *tensor : parametersOf(shared.program)) {
          std::vector<float> found(static_cast<size_t>(tensor->elements));
          EXPECT_OK(TensorStorage(shared.program, device, kind)
                        .read(*tensor, 0, tensor->elements, found.data()));
          EXPECT_EQ(found, valuesOf(shared, kind, *tensor));
        }
    });
  }

  /// A file of pieces of moments, each as long as its name says but for `more`.
  std::string
  pieces(const std::string &file,
         const std::vector<std::pair<std::string, int64_t>> &parts) {
    std::vector<TensorSource> sources;
    for (const auto &[name, count] : parts)
      sources.push_back(
          {name, {count}, count, [](int64_t, int64_t some, float *out) {
             std::fill_n(out, some, 1.0f);
             return Status::ok();
           }});
    EXPECT_OK(writeSafetensors(path(file), sources, {}));
    return path(file);
  }
};

TEST_F(MomentShardTest, AnyNumberOfRanksReadsWhatAnyOtherWrote) {
  for (bool narrow : {false, true})
    for (int writers : {1, 2, 4})
      for (int zero : {1, 3}) {
        SharedProgram from(writers, zero, narrow);
        save(from, 3);
        std::vector<std::string> names = *listDirectory(path("step_000003"));
        EXPECT_EQ(std::count_if(names.begin(), names.end(), isMomentShardName),
                  writers == 1 ? 0 : writers);
        for (int readers : {1, 2, 4}) {
          SharedProgram to(readers, 4 - zero, narrow);
          expectLoads(to, 3);
        }
        EXPECT_OK(removeTree(path("step_000003")));
      }
}

/// All ranks write into the file of the weights, each its part of what is
/// shared out and of what all have: the same bytes as of one, and its seal.
TEST_F(MomentShardTest, TheWeightsAreOneFileHoweverManyWriteIt) {
  SharedProgram alone(1, 0);
  save(alone, 1);
  const std::string file = path("step_000001/") + modelFile;
  const std::string expected = contentsOf(file);
  const FileSeal seal = readState(path("step_000001"))->files.at(modelFile);
  for (int writers : {2, 4})
    for (int zero : {1, 3}) {
      EXPECT_OK(removeTree(path("step_000001")));
      SharedProgram shared(writers, zero);
      save(shared, 1);
      EXPECT_TRUE(contentsOf(file) == expected) << writers << " " << zero;
      const FileSeal found =
          readState(path("step_000001"))->files.at(modelFile);
      EXPECT_EQ(found.bytes, seal.bytes);
      EXPECT_EQ(found.checksum, seal.checksum);
    }
}

/// One rank's full disk is an error of all, and leaves nothing.
TEST_F(MomentShardTest, WeightsThatCannotBeWrittenAreAnErrorOfAll) {
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit little = {100000, before.rlim_max};
  auto *handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  SharedProgram shared(2, 3);
  shared.together([&](Device &device) {
    Result<std::string> saved =
        CheckpointStore(shared.program, device, directory, 0).save({});
    EXPECT_FAILS(saved, "the checkpoint could not be written: cannot write ");
    EXPECT_FALSE(device.ranks().isOwnError());
  });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(listDirectory(directory)->empty());
}

TEST_F(MomentShardTest, ADamagedOrLostShardIsFoundAndSkipped) {
  SharedProgram shared(2, 1);
  save(shared, 1);
  save(shared, 2);
  const std::string second = "optimizer-00002-of-00002.safetensors";
  damage(path("step_000002/" + second), 5000);
  expectLoads(shared, 1, second + " is damaged: expected checksum ");
  EXPECT_OK(removeTree(path("step_000002/" + second)));
  expectLoads(shared, 1, "cannot read");
  // One of a checkpoint of more ranks is no shard of this one.
  save(shared, 2);
  write("step_000002/optimizer-00003-of-00003.safetensors", "nothing");
  expectLoads(shared, 2);
}

/// A rank compares the checksums of its share alone: who finds the damage says
/// it, but for rank 0, and all take the older checkpoint.
TEST_F(MomentShardTest, ChecksumsAreSharedOut) {
  SharedProgram shared(4, 1);
  save(shared, 1);
  save(shared, 2);
  const FileSeals files = readState(path("step_000002"))->files;
  ASSERT_EQ(files.size(), 5u);
  std::set<std::string> seen;
  for (int rank = 0; rank < 4; ++rank)
    for (const std::string &name : shareOfFiles(files, rank, 4)) {
      EXPECT_TRUE(seen.insert(name).second) << name;
      damage(path("step_000002/" + name), 5000);
      expectLoads(shared, 1,
                  fmt::format("step_000002 skipped: {}{}",
                              rank == 0 ? directory
                                        : fmt::format("rank {} of 4 on ", rank),
                              rank == 0 ? "/step_000002/" + name : ""));
      expectLoads(shared, 1, name + " is damaged: expected checksum ");
      save(shared, 2);
    }
  EXPECT_EQ(seen.size(), 5u);
}

TEST_F(MomentShardTest, RanksThatSeeDifferentDirectories) {
  SharedProgram shared(2, 1);
  save(shared, 1);
  shared.together([&](Device &device) {
    const bool isFirst = device.ranks().rank() == 0;
    auto loaded = CheckpointStore(shared.program, device,
                                  isFirst ? directory : path("elsewhere"), 0)
                      .loadNewest(/*withOptimizer=*/true);
    EXPECT_FALSE(loaded.isOk());
    EXPECT_NE(loaded.message().find("rank 1 of 2 on "), std::string::npos);
    EXPECT_NE(loaded.message().find("elsewhere than rank 0; it must be one "
                                    "directory that all ranks see"),
              std::string::npos)
        << loaded.message();
  });
}

TEST_F(MomentShardTest, PiecesMustMakeUpTheMoments) {
  const LlmcTensor &weight = llmcProgram.tensors[0];
  const LlmcTensor &bias = llmcProgram.tensors[1];
  using Parts = std::vector<std::pair<std::string, int64_t>>;
  auto name = [](const std::string &tensor, int64_t first, int64_t end) {
    return fmt::format("{}[{}:{}]", tensor, first, end);
  };
  const int64_t half = weight.elements / 2, all = weight.elements;
  Parts rest = {{name("v.bigram.weight", 0, all), all},
                {name("m.bigram.bias", 0, bias.elements), bias.elements},
                {name("v.bigram.bias", 0, bias.elements), bias.elements}};
  auto check = [&](const Parts &parts) -> Status {
    Parts both = rest;
    both.insert(both.end(), parts.begin(), parts.end());
    Result<MomentShards> shards = MomentShards::open({pieces("a", both)});
    return shards.isOk() ? shards->check(llmcProgram) : shards.status();
  };
  const Parts halves = {{name("m.bigram.weight", half, all), half},
                        {name("m.bigram.weight", 0, half), half}};
  EXPECT_OK(check(halves));
  const char *incomplete = "the shards of m.bigram.weight do not make up its ";
  EXPECT_FAILS(check({}), incomplete);
  EXPECT_FAILS(check({halves[0]}), incomplete);
  EXPECT_FAILS(check({halves[1]}), incomplete);
  EXPECT_FAILS(
      check(
          {halves[0], halves[1], {name("m.bigram.weight", half, half + 1), 1}}),
      incomplete);
  EXPECT_FAILS(check({halves[0], {name("m.bigram.weight", 1, half), half - 1}}),
               incomplete);
  EXPECT_FAILS(check({halves[0], {name("m.bigram.weight", 0, half), half - 1}}),
               "is no part of a moment");
  for (const char *odd : {"m.bigram.weight", "m.bigram.weight[0:7] ",
                          "m.bigram.weight[00:7]", "m.bigram.weight[:7]"})
    EXPECT_FAILS(check({{odd, 7}}), "is no part of a moment");
}

// Without stage 1 every rank updates all of a bucket; beyond 2^32 they wrap.
TEST(MomentShards, PlacesAreWhereTheRanksPartsBegin) {
  SharedProgram shared(2, 1);
  auto firsts = [&](int64_t rank) {
    std::vector<int64_t> result;
    std::vector<int32_t> places = placesOf(shared.program, rank);
    for (size_t i = 0; i < places.size(); i += LlmcPlaceStride)
      result.push_back(static_cast<uint32_t>(places[i]));
    return result;
  };
  const int64_t total = llmcProgram.parameters, half = (total - 41216) / 2;
  EXPECT_EQ(firsts(0), (std::vector<int64_t>{0, 40960, total - 256}));
  EXPECT_EQ(firsts(1),
            (std::vector<int64_t>{20480, 40960 + half, total - 128}));
  shared.program.zeroStage = 0;
  EXPECT_EQ(firsts(1), firsts(0));
  shared.buckets[2].first += int64_t(5) << 32;
  EXPECT_EQ(firsts(0), firsts(1));
  EXPECT_EQ(firsts(0).back(), total - 256);
}

TEST(MomentShardNames, TellTheRankAndTheNumberOfRanks) {
  EXPECT_EQ(momentShardName(0, 4), "optimizer-00001-of-00004.safetensors");
  EXPECT_TRUE(isMomentShardName("optimizer-00004-of-00004.safetensors"));
  for (const char *other :
       {"optimizer.safetensors", "optimizer-00005-of-00004.safetensors",
        "optimizer-00000-of-00004.safetensors", "optimizer-1-of-4.safetensors",
        "optimizer-00001-of-00004.safetensors2",
        "model-00001-of-00004.safetensors"})
    EXPECT_FALSE(isMomentShardName(other)) << other;
}

} // namespace
