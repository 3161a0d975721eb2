//===- MpiCommunicator.cpp - a rank that MPI connects with the others -----===//

#include "comm/MpiCommunicator.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <set>

namespace llmc::runtime {

MpiCommunicator::MpiCommunicator(MpiProcess &process, int rank, int size)
    : Communicator(rank, size), process(process) {
  const std::string &host = process.peers[process.own].host;
  for (const MpiProcess::Peer &one : process.peers)
    if (one.host == host) {
      numLocal += one.ranks;
      numberHere += std::clamp(rank - one.first, 0, one.ranks);
    }
}

MpiCommunicator::~MpiCommunicator() {
  // Whoever leaves without `finish` has not told the others.
  if (!isFinished)
    abort();
}

std::string MpiCommunicator::engine() const {
  const size_t processes = process.peers.size();
  return static_cast<int>(processes) == size()
             ? "with MPI"
             : fmt::format("as threads of {} processes, with MPI", processes);
}

MpiCommunicator::Transfer MpiCommunicator::receive(int other, void *data,
                                                   int64_t bytes) const {
  return {process.processOf(other), other, rank(), true, data, bytes};
}

MpiCommunicator::Transfer MpiCommunicator::send(int other, const void *data,
                                                int64_t bytes) const {
  return {process.processOf(other), rank(), other, false,
          const_cast<void *>(data), bytes};
}

Status MpiCommunicator::exchange(const std::vector<Transfer> &transfers) {
  Result<std::vector<Transfer>> left = process.exchange(transfers);
  LLMC_TRY(left.status());
  if (left->empty())
    return Status::ok();
  std::set<int> silent;
  for (const Transfer &one : *left)
    silent.insert(one.receives ? one.sender : one.receiver);
  std::string names;
  for (int other : silent)
    names += (names.empty() ? "" : ", ") + describe(other);
  setBroken();
  return process.silence(describe(rank()), names);
}

/// An error that not all ranks know of, or can be told of, may have come to
/// several at the same time.
void MpiCommunicator::report(const Status &error) {
  if (canFinish())
    return Communicator::report(error);
  process.report([&] { print(error); });
}

Status MpiCommunicator::finish() {
  LLMC_TRY(barrier());
  // Everyone is past training: from here on ranks may end.
  std::lock_guard<std::mutex> lock(process.finishing);
  process.watchdog.reset();
  isFinished = true;
  return Status::ok();
}

Status MpiCommunicator::reduceScatter(const float *source, float *destination,
                                      int64_t elements, float *scratch) {
  const int64_t part = elements / size();
  const int64_t bytes = part * static_cast<int64_t>(sizeof(float));
  std::vector<Transfer> transfers;
  std::vector<const float *> parts(static_cast<size_t>(size()));
  for (int other = 0; other < size(); ++other) {
    if (other == rank()) {
      parts[static_cast<size_t>(other)] = source + part * rank();
      continue;
    }
    float *received = scratch + part * (other < rank() ? other : other - 1);
    parts[static_cast<size_t>(other)] = received;
    transfers.push_back(receive(other, received, bytes));
    transfers.push_back(send(other, source + part * other, bytes));
  }
  LLMC_TRY(exchange(transfers));
  // The destination may be this rank's own part, so that a sum is stored only
  // when it is complete.
  constexpr int64_t block = 1024;
  float sum[block];
  for (int64_t first = 0; first < part; first += block) {
    const int64_t count = std::min(block, part - first);
    std::copy_n(parts[0] + first, count, sum);
    for (size_t other = 1; other < parts.size(); ++other)
      for (int64_t i = 0; i < count; ++i)
        sum[i] += parts[other][first + i];
    std::copy_n(sum, count, destination + first);
  }
  return Status::ok();
}

Status MpiCommunicator::allGather(const void *source, void *destination,
                                  int64_t bytes) {
  auto *all = static_cast<uint8_t *>(destination);
  std::vector<Transfer> transfers;
  for (int other = 0; other < size(); ++other) {
    uint8_t *place = all + bytes * other;
    if (other == rank()) {
      std::memmove(place, source, static_cast<size_t>(bytes));
      continue;
    }
    transfers.push_back(receive(other, place, bytes));
    transfers.push_back(send(other, source, bytes));
  }
  return exchange(transfers);
}

Status MpiCommunicator::broadcast(void *data, int64_t bytes, int root) {
  if (rank() != root)
    return exchange({receive(root, data, bytes)});
  std::vector<Transfer> transfers;
  for (int other = 0; other < size(); ++other)
    if (other != root)
      transfers.push_back(send(other, data, bytes));
  return exchange(transfers);
}

Status MpiCommunicator::barrier() {
  uint8_t own = 0;
  std::vector<uint8_t> all(static_cast<size_t>(size()));
  return allGather(&own, all.data(), 1);
}

} // namespace llmc::runtime
