//===- RankTests.cpp - what several ranks share out and exchange ----------===//
//
// Ranks as threads of this process; MPI itself is under test in
// MpiRankTests.cpp and test/Execution/ranks-*.test.
//
//===----------------------------------------------------------------------===//

#include "TestSupport.h"

#include "comm/CollectiveQueue.h"
#include "train/Program.h"
#include "train/Shards.h"

#include <cstring>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

/// One of two ranks whose other one always sends `other`.
class EchoCommunicator final : public Communicator {
public:
  EchoCommunicator(int rank, std::vector<float> other)
      : Communicator(rank, 2), other(std::move(other)) {}

  std::string describe(int rank) const override {
    return fmt::format("rank {}", rank);
  }
  Status reduceScatter(const float *source, float *destination,
                       int64_t elements, float *) override {
    calls += "r";
    if (fails)
      return Status::error("the wire was cut");
    const int64_t part = elements / 2;
    for (int64_t i = 0; i < part; ++i)
      destination[i] =
          source[rank() * part + i] + other[static_cast<size_t>(i)];
    return Status::ok();
  }
  Status allGather(const void *source, void *destination,
                   int64_t bytes) override {
    calls += "g";
    auto *all = static_cast<uint8_t *>(destination);
    std::memmove(all + bytes * rank(), source, static_cast<size_t>(bytes));
    if (static_cast<size_t>(bytes) <= other.size() * sizeof(float))
      std::memcpy(all + bytes * (1 - rank()), other.data(),
                  static_cast<size_t>(bytes));
    else
      std::memset(all + bytes * (1 - rank()), 0, static_cast<size_t>(bytes));
    return Status::ok();
  }
  Status broadcast(void *, int64_t, int) override { return Status::ok(); }
  Status barrier() override { return Status::ok(); }
  [[noreturn]] void abort() override { std::abort(); }
  Status finish() override { return Status::ok(); }

  std::vector<float> other;
  std::string calls;
  bool fails = false;
};

TEST(Shards, EveryElementHasOneOwner) {
  const LlmcBucket buckets[] = {{0, 12}, {12, 6}, {18, 12}};
  LlmcProgram program{};
  program.ranks = 3;
  program.numBuckets = 3;
  program.buckets = buckets;
  // Of shards of 4, 2 and 4 elements.
  std::vector<ShardPiece> pieces = piecesOf(program, 3, 20);
  std::vector<std::vector<int64_t>> found;
  for (const ShardPiece &piece : pieces)
    found.push_back({piece.owner, piece.first, piece.count, piece.stored});
  EXPECT_EQ(found, (std::vector<std::vector<int64_t>>{{0, 3, 1, 3},
                                                      {1, 4, 4, 0},
                                                      {2, 8, 4, 0},
                                                      {0, 12, 2, 4},
                                                      {1, 14, 2, 4},
                                                      {2, 16, 2, 4},
                                                      {0, 18, 4, 6},
                                                      {1, 22, 1, 6}}));
  EXPECT_TRUE(piecesOf(program, 30, 5).empty());
}

TEST(Communicator, AllReduceIsAReduceScatterAndAGather) {
  EchoCommunicator ranks(1, {10, 20});
  float data[] = {1, 2, 3, 4}, scratch[2];
  EXPECT_OK(ranks.allReduce(data, 4, scratch));
  EXPECT_EQ(ranks.calls, "rg");
  // The own part is the second one; the other rank sent its sums as the first.
  EXPECT_EQ(std::vector<float>(data, data + 4),
            (std::vector<float>{10, 20, 13, 24}));
}

TEST(Communicator, AgreementIsAnErrorOfOneForAll) {
  EchoCommunicator ranks(1, {});
  EXPECT_OK(ranks.agree(Status::ok()));
  EXPECT_TRUE(ranks.speaks());
  EXPECT_TRUE(ranks.isOwnError());
  EXPECT_FAILS(ranks.agree(Status::error("no room")), "rank 1: no room");
  // Rank 0 says it.
  EXPECT_FALSE(ranks.speaks());
  EXPECT_TRUE(ranks.canFinish());
  EXPECT_FAILS(Communicator::solo().agree(Status::error("no room")), "no room");
}

class QueueTest : public testing::Test {
protected:
  QueueTest() {
    program.ranks = 2;
    program.numCollectives = 3;
    program.collectives = collectives;
  }
  const LlmcCollective collectives[3] = {
      {"all_reduce of a", 4, -1, LlmcCollectiveAllReduce, 4},
      {"reduce_scatter of b", 4, -1, LlmcCollectiveReduceScatter, 4},
      {"all_gather of c", 4, -1, LlmcCollectiveAllGather, 4}};
  LlmcProgram program{};
  EchoCommunicator ranks{0, {10, 20}};
  float a[4] = {1, 2, 3, 4}, b[4] = {1, 2, 3, 4}, c[4] = {1, 2, 3, 4};
  float scratch[2];
};

TEST_F(QueueTest, RunsInTheOrderOfStarts) {
  CollectiveQueue queue(program, ranks);
  queue.start(0, a, a, scratch);
  queue.start(1, b, b, scratch);
  queue.start(2, c, c, nullptr);
  // Waiting for the last first changes nothing.
  queue.wait(2);
  queue.wait(1);
  queue.wait(0);
  EXPECT_OK(queue.status());
  EXPECT_EQ(ranks.calls, "rgrg");
  EXPECT_EQ(std::vector<float>(a, a + 4), (std::vector<float>{11, 22, 10, 20}));
  EXPECT_EQ(std::vector<float>(b, b + 2), (std::vector<float>{11, 22}));
  EXPECT_EQ(std::vector<float>(c, c + 4), (std::vector<float>{1, 2, 10, 20}));
  // The same ones again, as in the next step.
  queue.start(2, c, c, nullptr);
  queue.wait(2);
  EXPECT_EQ(ranks.calls, "rgrgg");
}

TEST_F(QueueTest, AFailureIsKeptAndEndsAllWaits) {
  CollectiveQueue queue(program, ranks);
  ranks.fails = true;
  queue.start(1, b, b, scratch);
  queue.start(2, c, c, nullptr);
  queue.wait(2);
  queue.wait(1);
  EXPECT_FAILS(queue.status(), "reduce_scatter of b: the wire was cut");
  queue.start(2, c, c, nullptr);
  queue.wait(2);
  EXPECT_EQ(ranks.calls, "r");
}

TEST(Program, TablesOfRanksAreChecked) {
  LlmcProgram program = llmcProgram;
  program.ranks = 0;
  EXPECT_FAILS(checkProgram(program), "it is for 0 ranks");
  program.ranks = 2;
  EXPECT_FAILS(checkProgram(program),
               "it is for 2 ranks and has no part that sums gradients");
  program.lastMicroStep = program.microStep;
  EXPECT_FAILS(checkProgram(program),
               "it is for 2 ranks and has no part that sums gradients");
  program.onlyMicroStep = program.firstMicroStep;
  const LlmcBucket odd[] = {{0, 3}};
  program.numBuckets = 1;
  program.buckets = odd;
  EXPECT_FAILS(checkProgram(program), "bucket 0 has 3 elements from 0");
  const LlmcBucket few[] = {{0, 2}};
  program.buckets = few;
  EXPECT_FAILS(checkProgram(program), "bytes for buckets of 2 elements");
  const int64_t all = findArena(program, LlmcArenaGradient)->bytes / 4;
  const LlmcBucket whole[] = {{0, all}};
  program.buckets = whole;
  const LlmcCollective collective[] = {
      {"c", 3, -1, LlmcCollectiveAllReduce, 4}};
  program.numCollectives = 1;
  program.collectives = collective;
  EXPECT_FAILS(checkProgram(program), "collective 0 has the kind 0 and 3");
  const LlmcCollective unsummed[] = {{"c", 4, -1, LlmcCollectiveAllReduce, 4}};
  program.collectives = unsummed;
  EXPECT_OK(checkProgram(program));
  program.numCollectives = 0;
  EXPECT_OK(checkProgram(program));
}

} // namespace
