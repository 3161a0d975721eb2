//===- BusClock.cpp - when transfers begin and end ------------------------===//

#include "compiler/Support/BusClock.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <limits>

using namespace llmc;

BusClock::BusClock(const LinkModel &link, int64_t ranks)
    : link(link), ranks(ranks) {
  double copy = link.copyBytesPerSecond, ring = link.bytesPerSecond;
  rates = {ring, copy, copy};
  bool crosses = link.sharesWires, passes = link.passesHost;
  demands[Collectives] = {crosses ? ring : 0, crosses ? ring : 0,
                          passes ? 2 * ring : 0};
  demands[ToDevice] = {copy, 0, copy};
  demands[ToHost] = {0, copy, copy};
  // A wire carries what the faster of both sorts reaches on it.
  double wire = crosses ? std::max(copy, ring) : copy;
  int64_t onMachine = link.isNetwork ? 1 : ranks;
  capacities = {wire, wire, link.hostBytesPerSecond / onMachine};
  // One transfer alone has its rate, whatever the memory of the host: rates
  // were measured.
  for (const Demand &demand : demands)
    capacities[HostMemory] =
        std::max(capacities[HostMemory], demand[HostMemory]);
}

size_t BusClock::start(Stream stream, double latency, double bytes,
                       double ready) {
  queues[stream].push_back(transfers.size());
  transfers.push_back({stream, ready, latency, bytes});
  return transfers.size() - 1;
}

size_t BusClock::startCollective(plan::CollectiveKind kind, int64_t wholeBytes,
                                 double ready) {
  return start(Collectives, link.getLatency(kind, ranks),
               LinkModel::getSentBytes(kind, wholeBytes, ranks), ready);
}

size_t BusClock::startCopy(plan::CopyDirection direction, int64_t bytes,
                           double ready) {
  return start(direction == plan::CopyDirection::ToHost ? ToHost : ToDevice,
               link.copyLatency, bytes, ready);
}

std::array<double, BusClock::NumStreams>
BusClock::findRates(const std::array<bool, NumStreams> &moves) const {
  std::array<double, NumResources> slowed;
  for (int resource = 0; resource != NumResources; ++resource) {
    double demand = 0;
    for (int stream = 0; stream != NumStreams; ++stream)
      demand += moves[stream] ? demands[stream][resource] : 0;
    slowed[resource] =
        demand > 0 ? std::min(1.0, capacities[resource] / demand) : 1;
  }
  std::array<double, NumStreams> part;
  for (int stream = 0; stream != NumStreams; ++stream) {
    part[stream] = 1;
    for (int resource = 0; resource != NumResources; ++resource)
      if (demands[stream][resource] > 0)
        part[stream] = std::min(part[stream], slowed[resource]);
  }
  return part;
}

/// To the next time at which a transfer begins, moves its first byte or ends.
void BusClock::advance() {
  std::array<bool, NumStreams> moves = {};
  for (int stream = 0; stream != NumStreams; ++stream)
    if (!queues[stream].empty()) {
      Transfer &front = transfers[queues[stream].front()];
      // The one before it is done.
      if (front.begin < 0)
        front.begin = std::max(now, front.ready);
      moves[stream] = front.begin <= now && front.latency <= 0;
    }
  std::array<double, NumStreams> part = findRates(moves);
  double next = std::numeric_limits<double>::infinity();
  std::array<double, NumStreams> times; // of what each stream does next
  for (int stream = 0; stream != NumStreams; ++stream) {
    times[stream] = std::numeric_limits<double>::infinity();
    if (queues[stream].empty())
      continue;
    const Transfer &front = transfers[queues[stream].front()];
    times[stream] = front.begin > now ? front.begin
                    : moves[stream]
                        ? now + front.bytes / (part[stream] * rates[stream])
                        : now + front.latency;
    next = std::min(next, times[stream]);
  }
  for (int stream = 0; stream != NumStreams; ++stream) {
    if (queues[stream].empty())
      continue;
    Transfer &front = transfers[queues[stream].front()];
    bool isDue = times[stream] <= next;
    if (front.begin > now) {
      // It begins, and that is all.
    } else if (!moves[stream]) {
      front.latency = isDue ? 0 : front.latency - (next - now);
    } else if (!isDue) {
      front.bytes -= (next - now) * part[stream] * rates[stream];
    } else {
      front.end = next;
      queues[stream].pop_front();
    }
  }
  now = next;
}

double BusClock::finish(size_t transfer) {
  while (transfers[transfer].end < 0)
    advance();
  return transfers[transfer].end;
}

std::vector<BusClock::Share>
BusClock::findCopyShares(plan::CopyDirection direction) {
  Stream own = direction == plan::CopyDirection::ToHost ? ToHost : ToDevice;
  // What begins (1) or ends (-1) on which stream, and when.
  struct Change {
    double time;
    int by;
    Stream stream;
  };
  std::vector<Change> changes;
  for (size_t number = 0; number != transfers.size(); ++number) {
    finish(number);
    const Transfer &transfer = transfers[number];
    changes.push_back({transfer.begin, 1, transfer.stream});
    changes.push_back({transfer.end, -1, transfer.stream});
  }
  llvm::sort(changes,
             [](const Change &a, const Change &b) { return a.time < b.time; });
  std::vector<Share> shares;
  std::array<int, NumStreams> running = {};
  for (size_t index = 0; index != changes.size(); ++index) {
    running[changes[index].stream] += changes[index].by;
    if (index + 1 == changes.size() ||
        changes[index + 1].time <= changes[index].time)
      continue;
    std::array<bool, NumStreams> moves;
    for (int stream = 0; stream != NumStreams; ++stream)
      moves[stream] = running[stream] > 0;
    // Those of one direction run one behind the other.
    double share = 0;
    if (!moves[own]) {
      moves[own] = true;
      share = findRates(moves)[own];
    }
    if (share < 1)
      shares.push_back({changes[index].time, changes[index + 1].time, share});
  }
  return shares;
}
