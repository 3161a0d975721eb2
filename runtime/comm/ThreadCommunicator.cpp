//===- ThreadCommunicator.cpp - ranks are threads of one process ----------===//

#include "comm/ThreadCommunicator.h"

#include "comm/Launch.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace llmc::runtime {

class ThreadCommunicator final : public Communicator {
public:
  ThreadCommunicator(ThreadGroup &group, int rank)
      : Communicator(rank, static_cast<int>(group.gifts.size())), group(group) {
  }

  int localSize() const override { return size(); }
  int localRank() const override { return rank(); }
  std::chrono::seconds patience() const override { return group.patience; }
  int processSize() const override { return size(); }
  int processRank() const override { return rank(); }
  std::string engine() const override { return "as threads of one process"; }
  std::string describe(int rank) const override {
    return fmt::format("rank {} of {} on {}", rank, size(), group.host);
  }
  Status reduceScatter(const float *source, float *destination,
                       int64_t elements, float *scratch) override;
  Status allGather(const void *source, void *destination,
                   int64_t bytes) override;
  Status broadcast(void *data, int64_t bytes, int root) override;
  Status barrier() override { return meet(nullptr); }
  void report(const Status &error) override;
  [[noreturn]] void abort() override;
  Status finish() override { return barrier(); }

private:
  Status meet(const void *given);
  template <typename T> const T *gift(int rank) const {
    return static_cast<const T *>(group.gifts[static_cast<size_t>(rank)]);
  }

  ThreadGroup &group;
};

ThreadGroup::ThreadGroup(int ranks, std::chrono::seconds patience)
    : patience(patience), host(hostName()),
      gifts(static_cast<size_t>(ranks), nullptr),
      isHere(static_cast<size_t>(ranks), false) {}

std::unique_ptr<Communicator> ThreadGroup::join(int rank) {
  return std::make_unique<ThreadCommunicator>(*this, rank);
}

std::vector<int> ThreadGroup::meet(int rank, const void *given) {
  std::unique_lock<std::mutex> lock(mutex);
  const auto own = static_cast<size_t>(rank);
  // Others may still be reading what was given before.
  if (given)
    gifts[own] = given;
  isHere[own] = true;
  if (++arrived == gifts.size()) {
    arrived = 0;
    isHere.assign(isHere.size(), false);
    ++meetings;
    lock.unlock();
    changed.notify_all();
    return {};
  }
  const uint64_t meeting = meetings;
  if (changed.wait_for(lock, patience, [&] { return meetings != meeting; }))
    return {};
  std::vector<int> missing;
  for (size_t other = 0; other < isHere.size(); ++other)
    if (!isHere[other])
      missing.push_back(static_cast<int>(other));
  return missing;
}

Status ThreadCommunicator::meet(const void *given) {
  std::vector<int> missing = group.meet(rank(), given);
  if (missing.empty())
    return Status::ok();
  std::string names;
  for (int other : missing)
    names += (names.empty() ? "" : ", ") + describe(other);
  setBroken();
  return Status::error("{}: no answer from {} within {} s; see whether its "
                       "device still works, or give a larger --comm-timeout",
                       describe(rank()), names, group.patience.count());
}

Status ThreadCommunicator::reduceScatter(const float *source,
                                         float *destination, int64_t elements,
                                         float *) {
  const int64_t part = elements / size();
  LLMC_TRY(meet(source));
  // The destination may be this rank's own part of its source, which nobody
  // else reads, so that a sum is stored only when it is complete.
  constexpr int64_t block = 1024;
  float sum[block];
  for (int64_t first = 0; first < part; first += block) {
    const int64_t count = std::min(block, part - first);
    const int64_t at = part * rank() + first;
    std::copy_n(gift<float>(0) + at, count, sum);
    for (int other = 1; other < size(); ++other)
      for (int64_t i = 0; i < count; ++i)
        sum[i] += gift<float>(other)[at + i];
    std::copy_n(sum, count, destination + first);
  }
  return barrier();
}

Status ThreadCommunicator::allGather(const void *source, void *destination,
                                     int64_t bytes) {
  LLMC_TRY(meet(source));
  auto *all = static_cast<uint8_t *>(destination);
  for (int other = 0; other < size(); ++other) {
    uint8_t *place = all + bytes * other;
    // This rank's own part may be its source, which others are reading.
    if (place != gift<uint8_t>(other))
      std::memmove(place, gift<uint8_t>(other), static_cast<size_t>(bytes));
  }
  return barrier();
}

Status ThreadCommunicator::broadcast(void *data, int64_t bytes, int root) {
  LLMC_TRY(meet(data));
  if (rank() != root)
    std::memcpy(data, gift<uint8_t>(root), static_cast<size_t>(bytes));
  return barrier();
}

/// Whoever comes first says it for all: they end together.
void ThreadCommunicator::report(const Status &error) {
  std::lock_guard<std::mutex> lock(group.reporting);
  if (!group.hasReported)
    print(error);
  group.hasReported = true;
}

void ThreadCommunicator::abort() {
  std::fflush(nullptr);
  // Other ranks are in the middle of something: no destructor may run.
  ::_exit(1);
}

} // namespace llmc::runtime
