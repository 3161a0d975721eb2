//===- PolicyBoundsTests.cpp - what a policy can reach at the most --------===//
//
// Micro-batches of 100 tokens a sequence, in steps of 1000.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline/PolicyBounds.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace llmc;

namespace {

OffloadSet kinds(llvm::StringRef text) { return *OffloadSet::parse(text); }

PolicyKey key(int64_t zero, llvm::StringRef offload, uint64_t recompute,
              int64_t batch) {
  return {zero, kinds(offload), recompute, batch};
}

PolicyFacts plan(const PolicyKey &key, double computeSeconds) {
  PolicyFacts facts;
  facts.key = key;
  facts.microBatchTokens = 100 * key.batch;
  facts.computeSeconds = computeSeconds;
  return facts;
}

double most(const PolicyBounds &bounds, const PolicyKey &key) {
  return bounds.findMostTokensPerSecond(key, 100 * key.batch);
}

constexpr size_t kOptimizer = static_cast<size_t>(OffloadKind::Optimizer);
constexpr size_t kMasters = static_cast<size_t>(OffloadKind::Masters);
constexpr size_t kActivations = static_cast<size_t>(OffloadKind::Activations);

} // namespace

TEST(PolicyBounds, NothingIsKnownAtFirst) {
  PolicyBounds bounds(4, 1000);
  EXPECT_TRUE(std::isinf(most(bounds, key(1, "none", 0, 1))));
  EXPECT_EQ(bounds.findLeastDeviceBytes(key(1, "none", 0, 1)), 0);
  EXPECT_EQ(bounds.findLeastHostBytes(key(1, "optimizer", 0, 1)), 0);
}

TEST(PolicyBounds, KernelsAreThoseOfOtherStages) {
  PolicyBounds bounds(4, 1000);
  bounds.learn(plan(key(1, "none", 1, 2), 4));
  EXPECT_DOUBLE_EQ(most(bounds, key(3, "optimizer", 1, 2)), 50);
  // What computes more takes no less; what computes less may.
  EXPECT_DOUBLE_EQ(most(bounds, key(1, "none", 2, 2)), 50);
  EXPECT_TRUE(std::isinf(most(bounds, key(1, "none", 0, 2))));
  // A larger micro-batch may be faster; a smaller one is hardly so.
  EXPECT_TRUE(std::isinf(most(bounds, key(1, "none", 1, 4))));
  double smaller = most(bounds, key(1, "none", 1, 1));
  EXPECT_GE(smaller, 50);
  EXPECT_LT(smaller, 52);
}

TEST(PolicyBounds, OfLargerMicroBatchesTheFastestBounds) {
  PolicyBounds bounds(4, 1000);
  bounds.learn(plan(key(1, "none", 0, 4), 8));
  bounds.learn(plan(key(1, "none", 0, 2), 5));
  double smaller = most(bounds, key(1, "none", 0, 1));
  EXPECT_GE(smaller, 50);
  EXPECT_LT(smaller, 52);
}

TEST(PolicyBounds, AStageSendsAsMuchWhateverTheMicroBatch) {
  PolicyBounds bounds(4, 1000);
  PolicyFacts small = plan(key(3, "none", 2, 1), 1);
  small.sendSeconds = 5;
  bounds.learn(small);
  // Ten micro-batches send for 50 seconds, and five for 25.
  EXPECT_DOUBLE_EQ(most(bounds, key(3, "optimizer", 2, 1)), 20);
  EXPECT_DOUBLE_EQ(most(bounds, key(3, "none", 0, 2)), 40);
  EXPECT_DOUBLE_EQ(most(bounds, key(2, "none", 2, 1)), 100);
}

TEST(PolicyBounds, WhatCopiesMoreIsNoFaster) {
  PolicyBounds bounds(1, 1000);
  PolicyFacts less = plan(key(0, "optimizer", 2, 1), 1);
  less.updateSeconds = 10;
  less.copySeconds = 3;
  bounds.learn(less);
  EXPECT_DOUBLE_EQ(most(bounds, key(0, "optimizer,masters", 2, 1)), 25);
  EXPECT_DOUBLE_EQ(most(bounds, key(0, "masters", 2, 1)), 100);
}

TEST(PolicyBounds, WhatIsNotMovedLiesOnTheDevice) {
  PolicyBounds bounds(4, 1000);
  PolicyFacts all = plan(key(1, "optimizer,masters", 2, 1), 1);
  all.stateBytes = 100;
  all.activationBytes = 7;
  all.hostBytes[kOptimizer] = 20;
  all.hostBytes[kMasters] = 10;
  bounds.learn(all);
  EXPECT_EQ(bounds.findLeastDeviceBytes(key(1, "none", 2, 1)), 137);
  EXPECT_EQ(bounds.findLeastDeviceBytes(key(1, "optimizer", 0, 2)), 117);
  // A stage before has as much state and may have fewer windows.
  EXPECT_EQ(bounds.findLeastDeviceBytes(key(0, "optimizer", 2, 1)), 110);
  // Less state and more windows, or activations that leave: only the other
  // half.
  EXPECT_EQ(bounds.findLeastDeviceBytes(key(3, "optimizer", 2, 1)), 7);
  EXPECT_EQ(bounds.findLeastDeviceBytes(key(1, "masters,activations", 2, 1)),
            120);
}

TEST(PolicyBounds, TheHostHasWhatIsMovedForAllRanks) {
  PolicyBounds bounds(4, 1000);
  PolicyFacts some = plan(key(1, "optimizer,activations", 2, 1), 1);
  some.hostBytes[kOptimizer] = 20;
  some.hostBytes[kActivations] = 5;
  bounds.learn(some);
  EXPECT_EQ(bounds.findLeastHostBytes(key(1, "optimizer,activations", 2, 1)),
            100);
  EXPECT_EQ(bounds.findLeastHostBytes(key(1, "optimizer,masters", 2, 1)), 80);
  EXPECT_EQ(bounds.findLeastHostBytes(key(0, "optimizer", 0, 8)), 80);
  EXPECT_EQ(bounds.findLeastHostBytes(key(2, "optimizer", 2, 1)), 0);
  EXPECT_EQ(bounds.findLeastHostBytes(key(1, "masters", 2, 1)), 0);
}
