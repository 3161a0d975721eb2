//===- HostStayTests.cpp - which activations wait on the host -------------===//
//
// Layers that each leave a tensor of 100 bytes: launch i of the forward pass
// makes tensor i, which launch i + 1 reads and, counted from the end, launch i
// of the backward pass. All launches take a second.
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/SavedActivations.h"

#include "gtest/gtest.h"

using namespace llmc;

namespace {

std::vector<SavedTensor> makeLayers(int64_t layers) {
  std::vector<SavedTensor> tensors;
  for (int64_t layer = 0; layer != layers; ++layer)
    tensors.push_back({100, {layer, layer + 1, 2 * layers - 1 - layer + 1}});
  return tensors;
}

std::vector<HostStay> choose(llvm::ArrayRef<SavedTensor> tensors,
                             int64_t launches, double copySeconds,
                             CopyRate toHost = {}, CopyRate toDevice = {},
                             int64_t mostBytes = 1000000) {
  auto seconds = [=](int64_t bytes) { return bytes * copySeconds / 100; };
  BusTimes times{{}, toHost, toDevice, seconds};
  for (int64_t launch = 0; launch <= launches; ++launch)
    times.begins.push_back(launch);
  return chooseHostStays(times, tensors, mostBytes);
}

/// Bytes that are alive during each launch, those on their way counted.
std::vector<int64_t> findAlive(llvm::ArrayRef<SavedTensor> tensors,
                               llvm::ArrayRef<HostStay> stays,
                               int64_t launches) {
  std::vector<int64_t> alive(launches);
  for (auto [index, tensor] : llvm::enumerate(tensors))
    for (int64_t at = tensor.uses.front(); at <= tensor.uses.back(); ++at) {
      bool isAway =
          llvm::any_of(stays, [&, index = index](const HostStay &stay) {
            return stay.tensor == index && stay.goneBefore <= at &&
                   at < stay.bringBefore;
          });
      alive[at] += isAway ? 0 : tensor.bytes;
    }
  return alive;
}

} // namespace

TEST(HostStays, PeakIsWhereMostBytesAreAlive) {
  EXPECT_EQ(findPeak(9, makeLayers(4)), 3);
  std::vector<SavedTensor> two = {{10, {0, 1}}, {30, {2, 3}}};
  EXPECT_EQ(findPeak(4, two), 2);
}

TEST(HostStays, NoneWithoutTensors) {
  EXPECT_TRUE(choose({}, 4, 0.1).empty());
  EXPECT_TRUE(choose({}, 0, 0.1).empty());
}

TEST(HostStays, FastCopiesTakeAllButTheLastFew) {
  std::vector<SavedTensor> tensors = makeLayers(16);
  std::vector<HostStay> stays = choose(tensors, 33, 0.4);
  EXPECT_EQ(stays.size(), 13u);
  std::vector<int64_t> before = findAlive(tensors, {}, 33),
                       after = findAlive(tensors, stays, 33);
  EXPECT_EQ(*std::max_element(before.begin(), before.end()), 1600);
  EXPECT_EQ(after[15], 300);
  EXPECT_LE(*std::max_element(after.begin(), after.end()), 300);
}

TEST(HostStays, EachCopyHasItsTimeAndTheBusCarriesOneAtATime) {
  for (double copy : {0.3, 0.8, 1.7, 3.0, 5.0}) {
    std::vector<SavedTensor> tensors = makeLayers(24);
    std::vector<HostStay> stays = choose(tensors, 49, copy);
    EXPECT_FALSE(stays.empty()) << copy;
    int64_t peak = findPeak(49, tensors);
    double out = 0, in = 0;
    for (const HostStay &stay : stays) {
      const SavedTensor &tensor = tensors[stay.tensor];
      EXPECT_EQ(stay.leavesBehind, tensor.uses[1]);
      EXPECT_EQ(stay.backBefore, tensor.uses[2]);
      out = std::max<double>(out, stay.leavesBehind + 1) + copy;
      EXPECT_GE(stay.goneBefore, out) << copy;
      EXPECT_LE(stay.goneBefore, peak) << copy;
      EXPECT_GT(stay.bringBefore, peak) << copy;
    }
    // In the order in which they come back.
    for (const HostStay &stay : llvm::reverse(stays)) {
      in = std::max<double>(in, stay.bringBefore) + copy;
      EXPECT_LE(in, stay.backBefore) << copy;
    }
  }
}

TEST(HostStays, SlowCopiesTakeWhatTheBusCarries) {
  // A copy of two layers' time: about every second tensor leaves.
  std::vector<SavedTensor> tensors = makeLayers(32);
  size_t fast = choose(tensors, 65, 0.4).size();
  size_t slow = choose(tensors, 65, 1.6).size();
  EXPECT_LT(slow, fast * 2 / 3);
  EXPECT_GT(slow, fast / 3);
  EXPECT_TRUE(choose(tensors, 65, 100).empty());
}

TEST(HostStays, OfMoreThanTheHostHoldsSomeStayEvenly) {
  std::vector<SavedTensor> tensors = makeLayers(32);
  std::vector<HostStay> all = choose(tensors, 65, 0.4);
  ASSERT_GT(all.size(), 20u);
  EXPECT_EQ(choose(tensors, 65, 0.4, {}, {}, 100 * all.size()).size(),
            all.size());
  EXPECT_TRUE(choose(tensors, 65, 0.4, {}, {}, 99).empty());
  std::vector<HostStay> some = choose(tensors, 65, 0.4, {}, {}, 1099);
  ASSERT_EQ(some.size(), 10u);
  for (size_t index = 1; index != some.size(); ++index) {
    EXPECT_GE(some[index].tensor, some[index - 1].tensor + 2);
    EXPECT_LE(some[index].tensor, some[index - 1].tensor + 4);
  }
}

TEST(HostStays, SmallTensorsWaitForLargeOnes) {
  // In each layer a small one beside a large one, whose copy takes most of the
  // layer's time.
  std::vector<SavedTensor> tensors;
  for (int64_t layer = 0; layer != 16; ++layer)
    for (int64_t bytes : {80, 20})
      tensors.push_back({bytes, {layer, layer + 1, 33 - layer}});
  size_t small =
      llvm::count_if(choose(tensors, 35, 0.7), [&](const HostStay &stay) {
        return tensors[stay.tensor].bytes == 20;
      });
  EXPECT_GT(small, 10u);
}

TEST(HostStays, WhatMayNotLeaveOrIsSmallStays) {
  std::vector<SavedTensor> tensors = makeLayers(16);
  tensors[0].mayLeave = false;
  tensors[1].bytes = 3; // of 100: less than a thirty-second
  tensors[2].bytes = 4;
  std::vector<HostStay> stays = choose(tensors, 33, 0.4);
  auto leaves = [&](size_t tensor) {
    return llvm::any_of(
        stays, [=](const HostStay &stay) { return stay.tensor == tensor; });
  };
  EXPECT_FALSE(leaves(0));
  EXPECT_FALSE(leaves(1));
  EXPECT_TRUE(leaves(2));
  EXPECT_TRUE(leaves(3));
}

TEST(HostStays, WhatIsUsedAtThePeakStays) {
  std::vector<SavedTensor> tensors = makeLayers(16);
  tensors[0].uses = {0, 1, 15, 32};
  for (const HostStay &stay : choose(tensors, 33, 0.4))
    EXPECT_NE(stay.tensor, 0u);
}

TEST(HostStays, ACopyTakesLongerBesideWhatElseIsOnTheBus) {
  CopyRate rate;
  rate.limit(2, 4, 0.5);
  rate.limit(4, 5, 0);
  rate.limit(7, 9, 0.25);
  EXPECT_EQ(rate.findEnd(0, 1), 1);
  EXPECT_EQ(rate.findEnd(0, 2.5), 3);
  EXPECT_EQ(rate.findEnd(0, 3.5), 5.5);
  EXPECT_EQ(rate.findEnd(4.5, 1), 6);
  EXPECT_EQ(rate.findEnd(8, 0.125), 8.5);
  EXPECT_EQ(rate.findEnd(8, 1.25), 10);
  // And back.
  EXPECT_EQ(rate.findBegin(1, 1), 0);
  EXPECT_EQ(rate.findBegin(3, 2.5), 0);
  EXPECT_EQ(rate.findBegin(5.5, 3.5), 0);
  EXPECT_EQ(rate.findBegin(6, 1), 5);
  EXPECT_EQ(rate.findBegin(8.5, 0.125), 8);
  EXPECT_EQ(rate.findBegin(10, 1.25), 8);
}

TEST(HostStays, ABusyBusTakesFewerAndBringsThemEarlier) {
  std::vector<SavedTensor> tensors = makeLayers(32);
  CopyRate busy;
  busy.limit(0, 1000, 0.5);
  std::vector<HostStay> idle = choose(tensors, 65, 0.7),
                        slow = choose(tensors, 65, 1.4),
                        both = choose(tensors, 65, 0.7, busy, busy),
                        back = choose(tensors, 65, 0.7, {}, busy);
  EXPECT_LT(both.size(), idle.size());
  ASSERT_EQ(both.size(), slow.size());
  for (auto [a, b] : llvm::zip_equal(both, slow)) {
    EXPECT_EQ(a.tensor, b.tensor);
    EXPECT_EQ(a.goneBefore, b.goneBefore);
    EXPECT_EQ(a.bringBefore, b.bringBefore);
  }
  // Leaving has the bus to itself: gone as soon as on an idle one.
  EXPECT_EQ(back.front().goneBefore, idle.front().goneBefore);
  EXPECT_LT(back.size(), idle.size());
}
