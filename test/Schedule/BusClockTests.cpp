//===- BusClockTests.cpp - when transfers begin and end -------------------===//
//
// A link on which a copy takes a byte a second, and a ring half of it, so that
// times are bytes.
//
//===----------------------------------------------------------------------===//

#include "compiler/Support/BusClock.h"

#include "gtest/gtest.h"

using namespace llmc;
using plan::CollectiveKind;
using plan::CopyDirection;

namespace {

constexpr double kNear = 1e-9;

LinkModel makeLink() {
  LinkModel link{"test", "a test", /*bytesPerSecond=*/0.5, /*stepSeconds=*/0};
  link.copyBytesPerSecond = 1;
  link.copyLatency = 0;
  link.hostBytesPerSecond = 1e9;
  return link;
}

/// A collective over which each of two ranks sends `bytes`.
size_t gather(BusClock &bus, int64_t bytes, double ready) {
  return bus.startCollective(CollectiveKind::AllGather, 2 * bytes, ready);
}

} // namespace

TEST(BusClock, ATransferAloneHasItsRateBehindItsLatency) {
  LinkModel link = makeLink();
  link.copyLatency = 3;
  link.stepSeconds = 2;
  BusClock bus(link, 2);
  size_t copy = bus.startCopy(CopyDirection::ToHost, 10, 5);
  EXPECT_NEAR(bus.finish(copy), 18, kNear);
  EXPECT_NEAR(bus.beginOf(copy), 5, kNear);
  EXPECT_NEAR(bus.finish(gather(bus, 10, 20)), 42, kNear);
}

TEST(BusClock, CopiesOfOneDirectionRunOneBehindTheOther) {
  BusClock bus(makeLink(), 1);
  bus.startCopy(CopyDirection::ToHost, 10, 0);
  size_t second = bus.startCopy(CopyDirection::ToHost, 10, 1);
  size_t other = bus.startCopy(CopyDirection::ToDevice, 10, 1);
  EXPECT_NEAR(bus.finish(second), 20, kNear);
  EXPECT_NEAR(bus.beginOf(second), 10, kNear);
  // PCIe is full duplex.
  EXPECT_NEAR(bus.finish(other), 11, kNear);
}

TEST(BusClock, ACopyBesideACollectiveSlowsBoth) {
  // Together they would take 1.5 wires: each has two thirds of its rate.
  BusClock bus(makeLink(), 2);
  size_t collective = gather(bus, 10, 0);
  size_t copy = bus.startCopy(CopyDirection::ToHost, 6, 3);
  EXPECT_NEAR(bus.finish(copy), 3 + 9, kNear);
  // 3 seconds alone, 9 beside the copy: 1.5 + 3 of 10 bytes.
  EXPECT_NEAR(bus.finish(collective), 12 + 5.5 / 0.5, kNear);
}

TEST(BusClock, ThreeTransfersAreBoundByTheFullestWire) {
  // Both directions' copies leave the collective no less than one of them.
  BusClock bus(makeLink(), 2);
  size_t collective = gather(bus, 10, 0);
  size_t out = bus.startCopy(CopyDirection::ToHost, 100, 0);
  size_t in = bus.startCopy(CopyDirection::ToDevice, 100, 0);
  EXPECT_NEAR(bus.finish(collective), 30, kNear);
  EXPECT_NEAR(bus.finish(out), 30 + 80, kNear);
  EXPECT_NEAR(bus.finish(in), 30 + 80, kNear);
}

TEST(BusClock, NvlinkLeavesTheWiresToCopies) {
  LinkModel link = makeLink();
  link.sharesWires = link.passesHost = false;
  BusClock bus(link, 2);
  size_t collective = gather(bus, 10, 0);
  size_t copy = bus.startCopy(CopyDirection::ToHost, 10, 0);
  EXPECT_NEAR(bus.finish(copy), 10, kNear);
  EXPECT_NEAR(bus.finish(collective), 20, kNear);
}

TEST(BusClock, DevicesOfAMachineShareItsMemory) {
  LinkModel link = makeLink();
  link.hostBytesPerSecond = 6;
  // 1.5 for each of four, of 2 that both directions take.
  BusClock four(link, 4);
  size_t out = four.startCopy(CopyDirection::ToHost, 12, 0);
  size_t in = four.startCopy(CopyDirection::ToDevice, 12, 0);
  EXPECT_NEAR(four.finish(out), 16, kNear);
  EXPECT_NEAR(four.finish(in), 16, kNear);
  BusClock two(link, 2);
  two.startCopy(CopyDirection::ToHost, 12, 0);
  EXPECT_NEAR(two.finish(two.startCopy(CopyDirection::ToDevice, 12, 0)), 12,
              kNear);
  // Over a network each machine has one of them.
  link.isNetwork = true;
  BusClock apart(link, 4);
  apart.startCopy(CopyDirection::ToHost, 12, 0);
  EXPECT_NEAR(apart.finish(apart.startCopy(CopyDirection::ToDevice, 12, 0)), 12,
              kNear);
}

TEST(BusClock, NothingIsLostOrWonByEvents) {
  // A transfer that is started while others run: the order of asking is not
  // the order of ending.
  BusClock bus(makeLink(), 2);
  size_t collective = gather(bus, 50, 0);
  size_t first = bus.startCopy(CopyDirection::ToHost, 10, 10);
  EXPECT_NEAR(bus.finish(first), 25, kNear);
  size_t second = bus.startCopy(CopyDirection::ToHost, 10, 40);
  EXPECT_NEAR(bus.finish(collective), 110, kNear);
  EXPECT_NEAR(bus.endOf(second), 55, kNear);
}

TEST(BusClock, SharesSayWhatOneMoreCopyWouldGet) {
  BusClock bus(makeLink(), 2);
  gather(bus, 10, 5);
  bus.startCopy(CopyDirection::ToHost, 6, 10);
  // 5 to 10 the collective alone, to 19 with the copy, then alone: 2.5 + 3 of
  // its bytes are through at 19.
  std::vector<BusClock::Share> shares =
      bus.findCopyShares(CopyDirection::ToHost);
  ASSERT_EQ(shares.size(), 3u);
  EXPECT_NEAR(shares[0].begin, 5, kNear);
  EXPECT_NEAR(shares[0].end, 10, kNear);
  EXPECT_NEAR(shares[0].share, 2 / 3.0, kNear);
  EXPECT_NEAR(shares[1].end, 19, kNear);
  EXPECT_EQ(shares[1].share, 0);
  EXPECT_NEAR(shares[2].end, 28, kNear);
  EXPECT_NEAR(shares[2].share, 2 / 3.0, kNear);
  // The other direction's wire is the collective's alone.
  for (const BusClock::Share &share :
       bus.findCopyShares(CopyDirection::ToDevice))
    EXPECT_NEAR(share.share, 2 / 3.0, kNear);
}
