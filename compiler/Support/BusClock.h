//===- BusClock.h - when transfers begin and end ----------------*- C++ -*-===//
//
// The one model of the bus: the predicted step and the policies that place
// copies both ask it. Three streams, each of which runs its transfers one
// behind the other as a device does: collectives, copies to the device and
// copies to the host. What runs at one time shares what it crosses:
// - the device's wires, one for each direction (PCIe is full duplex): a copy
//   takes one of them, a collective between devices without NVLink both;
// - the memory of the host, which all devices of a machine share: a copy
//   crosses it once, a byte that collectives hand on through it twice.
// Each transfer alone goes at the rate of its sort. Where those that run
// together would take more than there is, all of them that cross it are slowed
// by the same factor. So a copy is never held up until a collective is done,
// and a collective is slower beside copies, although through the host's memory
// it fills no more than half of a wire: it is bound by latencies there, and
// these grow when something else fills the wire.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SUPPORT_BUSCLOCK_H
#define LLMC_COMPILER_SUPPORT_BUSCLOCK_H

#include "compiler/Support/LinkModel.h"

#include <array>
#include <deque>
#include <vector>

namespace llmc {

/// Rates are predictions: so much longer may a copy take before it holds a
/// launch up.
inline constexpr double kCopyMargin = 1.25;

class BusClock {
public:
  BusClock(const LinkModel &link, int64_t ranks);

  /// Times in seconds from the function's start. `ready` is when the kernels
  /// before it are done; it must not be before the end of what was asked for
  /// with `finish`. Returns the transfer's number.
  size_t startCollective(plan::CollectiveKind kind, int64_t wholeBytes,
                         double ready);
  size_t startCopy(plan::CopyDirection direction, int64_t bytes, double ready);
  /// When a transfer is done. Everything that begins before was started.
  double finish(size_t transfer);
  /// Of a transfer that is done.
  double beginOf(size_t transfer) const { return transfers[transfer].begin; }
  double endOf(size_t transfer) const { return transfers[transfer].end; }

  /// A time during which one more copy would go at `share` of its rate.
  struct Share {
    double begin, end, share;
  };
  /// Of a direction, with all that was started, ascending; outside of them a
  /// copy has its rate. Finishes all transfers.
  std::vector<Share> findCopyShares(plan::CopyDirection direction);

private:
  enum Stream { Collectives, ToDevice, ToHost, NumStreams };
  enum Resource { WireIn, WireOut, HostMemory, NumResources };
  struct Transfer {
    Stream stream;
    double ready;
    double latency; // left
    double bytes;   // left
    double begin = -1, end = -1;
  };
  /// What the transfers of a stream take of each resource a second, at their
  /// rate.
  using Demand = std::array<double, NumResources>;

  size_t start(Stream stream, double latency, double bytes, double ready);
  /// The part of their rates that those which move have.
  std::array<double, NumStreams>
  findRates(const std::array<bool, NumStreams> &moves) const;
  void advance();

  std::array<double, NumStreams> rates; // alone
  std::array<Demand, NumStreams> demands;
  Demand capacities;
  LinkModel link;
  int64_t ranks;
  double now = 0;
  std::vector<Transfer> transfers;
  std::array<std::deque<size_t>, NumStreams> queues; // those that are not done
};

} // namespace llmc

#endif
