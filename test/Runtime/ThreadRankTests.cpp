//===- ThreadRankTests.cpp - ranks that are threads of one process --------===//

#include "TestSupport.h"

#include "comm/ThreadCommunicator.h"
#include "device/cpu/CpuDevice.h"

#include <functional>
#include <numeric>
#include <thread>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

/// Runs `body` as each of the ranks.
void together(int ranks, const std::function<void(Communicator &)> &body,
              std::chrono::seconds patience = std::chrono::seconds(60)) {
  ThreadGroup group(ranks, patience);
  std::vector<std::unique_ptr<Communicator>> all;
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank)
    all.push_back(group.join(rank));
  for (std::unique_ptr<Communicator> &one : all)
    threads.emplace_back([&body, &one] { body(*one); });
  for (std::thread &thread : threads)
    thread.join();
}

/// A value whose sums depend on their order.
float valueOf(int rank, int64_t element) {
  return (rank % 2 ? -1.0f : 1.0f) *
         (1e8f / static_cast<float>(rank + 1) + static_cast<float>(element));
}

TEST(ThreadRanks, SumsAreTakenInTheOrderOfRanks) {
  for (int ranks : {1, 2, 3, 4}) {
    const int64_t part = 1500, elements = part * ranks;
    together(ranks, [&](Communicator &own) {
      for (int round = 0; round < 20; ++round) {
        std::vector<float> data(static_cast<size_t>(elements));
        for (int64_t i = 0; i < elements; ++i)
          data[static_cast<size_t>(i)] = valueOf(own.rank(), i + round);
        std::vector<float> summed = data;
        // In place, as the entry points do it.
        EXPECT_OK(own.reduceScatter(summed.data(),
                                    summed.data() + part * own.rank(), elements,
                                    nullptr));
        EXPECT_OK(own.allReduce(data.data(), elements, nullptr));
        for (int64_t i = 0; i < elements; ++i) {
          float expected = valueOf(0, i + round);
          for (int rank = 1; rank < ranks; ++rank)
            expected += valueOf(rank, i + round);
          ASSERT_EQ(data[static_cast<size_t>(i)], expected);
          if (i / part == own.rank())
            ASSERT_EQ(summed[static_cast<size_t>(i)], expected);
        }
      }
    });
  }
}

TEST(ThreadRanks, GathersAndBroadcasts) {
  together(3, [](Communicator &own) {
    for (int round = 0; round < 100; ++round) {
      int gift = 10 * round + own.rank(), all[3] = {};
      EXPECT_OK(own.allGather(&gift, all, sizeof(gift)));
      EXPECT_EQ(std::vector<int>(all, all + 3),
                (std::vector<int>{10 * round, 10 * round + 1, 10 * round + 2}));
      int told = own.rank() == round % 3 ? round : -1;
      EXPECT_OK(own.broadcast(&told, sizeof(told), round % 3));
      EXPECT_EQ(told, round);
    }
    EXPECT_OK(own.barrier());
    EXPECT_EQ(own.processSize(), 3);
    EXPECT_EQ(own.processRank(), own.rank());
    EXPECT_EQ(own.localSize(), 3);
    EXPECT_OK(own.finish());
  });
}

TEST(ThreadRanks, AnErrorOfOneIsKnownToAll) {
  together(2, [](Communicator &own) {
    Status status =
        own.agree(own.rank() == 1 ? Status::error("no room") : Status::ok());
    EXPECT_FAILS(status, "rank 1 of 2 on ");
    EXPECT_FAILS(status, ": no room");
    EXPECT_TRUE(own.canFinish());
  });
}

TEST(ThreadRanks, WhatAMachineLacksNamesTheRankOnce) {
  together(2, [](Communicator &own) {
    const Status lack =
        own.rank() == 0 ? Status::error("no room") : Status::ok();
    EXPECT_EQ(own.agree(lack).message(), "no room");
  });
  together(2, [](Communicator &own) {
    const Status lack =
        own.rank() == 0 ? Status::error("no room") : Status::ok();
    Status status = own.agree(lack, Communicator::Subject::Machine);
    EXPECT_FAILS(status, "rank 0 of 2 on ");
    EXPECT_FAILS(status, ": no room");
    EXPECT_EQ(own.agree(status, Communicator::Subject::Machine).message(),
              status.message());
  });
}

TEST(ThreadRanks, TooLittleMemoryIsOfARankAndItsHost) {
  const LlmcArena arenas[] = {
      {"activations", int64_t(1) << 50, LlmcArenaActivation, 64, 0, 0}};
  LlmcProgram program{};
  program.numArenas = 1;
  program.arenas = arenas;
  together(2, [&](Communicator &own) {
    ThreadPool pool(1);
    Status status = CpuDevice(program, pool, own).allocate();
    EXPECT_FAILS(status, "rank 0 of 2 on ");
    EXPECT_FAILS(status, ": the program needs 2048 TiB of memory for 2 ranks");
  });
}

TEST(ThreadRanks, ARankThatDoesNotComeIsNamed) {
  together(
      3,
      [](Communicator &own) {
        if (own.rank() == 1)
          return;
        Status status = own.barrier();
        EXPECT_FAILS(status, "no answer from rank 1 of 3 on ");
        EXPECT_FAILS(status, " within 1 s");
        EXPECT_FALSE(own.canFinish());
        EXPECT_FALSE(own.isOwnError());
      },
      std::chrono::seconds(1));
}

} // namespace
