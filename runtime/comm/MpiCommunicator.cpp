//===- MpiCommunicator.cpp - ranks are processes that MPI connects --------===//
//
// Made of messages between two ranks, which may be waited for with a time-out
// and leave the order of sums to us; MPI_Allreduce promises neither.
//
//===----------------------------------------------------------------------===//

#include "comm/MpiCommunicator.h"

#include "comm/Launch.h"
#include "core/Clock.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <unistd.h>

namespace llmc::runtime {
namespace {

constexpr int dataTag = 0;
/// Says that its sender has reported an error and ends.
constexpr int farewellTag = 1;
/// MPI counts in int.
constexpr int64_t largestMessage = int64_t(1) << 30;

/// Ends the program if it still lives when `patience` is over.
class StartTimer {
public:
  StartTimer(std::chrono::seconds patience, int ranks) {
    thread = std::thread([this, patience, ranks] {
      std::unique_lock<std::mutex> lock(mutex);
      if (changed.wait_for(lock, patience, [this] { return done; }))
        return;
      std::optional<Launch> launch = readLaunch();
      fmt::print(stderr,
                 "error: rank {} of {} on {}: not all ranks came up within {} "
                 "s; see what the others print, and that every machine can "
                 "run the program, or give --comm-timeout\n",
                 launch ? launch->rank : 0, ranks, hostName(),
                 patience.count());
      std::fflush(stderr);
      ::_exit(1);
    });
  }
  ~StartTimer() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      done = true;
    }
    changed.notify_one();
    thread.join();
  }

private:
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  std::thread thread;
};

} // namespace

Result<std::unique_ptr<Communicator>>
MpiCommunicator::create(int ranks, std::chrono::seconds patience) {
  mpi::Library library;
  LLMC_TRY(library.load());
  int level = 0, rank = 0, size = 0;
  std::unique_ptr<MpiCommunicator> result;
  {
    StartTimer timer(patience, ranks);
    LLMC_TRY(library.check(
        library.Init_thread(nullptr, nullptr, mpi::threadSerialized, &level),
        "MPI_Init_thread"));
    if (level < mpi::threadSerialized)
      return Status::error("this Open MPI was built without threads, which "
                           "the program needs; install another");
    LLMC_TRY(library.check(
        library.Comm_set_errhandler(library.world, library.errorsReturn),
        "MPI_Comm_set_errhandler"));
    LLMC_TRY(library.check(library.Comm_rank(library.world, &rank),
                           "MPI_Comm_rank"));
    LLMC_TRY(library.check(library.Comm_size(library.world, &size),
                           "MPI_Comm_size"));
    result.reset(new MpiCommunicator(library, rank, size, patience));
    LLMC_TRY(result->meet());
  }
  return std::unique_ptr<Communicator>(std::move(result));
}

MpiCommunicator::~MpiCommunicator() {
  // Whoever leaves without `finish` has not told the others.
  if (!isFinished)
    abort();
}

/// Learns where the other ranks are.
Status MpiCommunicator::meet() {
  struct Card {
    char host[256];
    int64_t pid;
  };
  Card own = {};
  std::string host = hostName();
  std::memcpy(own.host, host.data(),
              std::min(host.size(), sizeof(own.host) - 1));
  own.pid = ::getpid();
  std::vector<Card> cards(static_cast<size_t>(size()));
  peers.resize(cards.size());
  LLMC_TRY(allGather(&own, cards.data(), sizeof(own)));
  std::vector<int64_t> local(cards.size(), 0);
  numLocal = numberHere = 0;
  for (size_t other = 0; other < cards.size(); ++other) {
    peers[other] = {cards[other].host, cards[other].pid};
    if (peers[other].host != host)
      continue;
    ++numLocal;
    if (static_cast<int>(other) < rank())
      ++numberHere;
    if (static_cast<int>(other) != rank())
      local[other] = peers[other].pid;
  }
  watchdog = std::make_unique<Watchdog>(
      std::move(local), [this](int lost, std::chrono::milliseconds blind) {
        // Who was stopped himself for so long is what the others gave up on.
        if (blind >= waitTime)
          leave();
        reportLoss(lost);
      });
  return Status::ok();
}

std::string MpiCommunicator::describe(int rank) const {
  const Peer &peer = peers[static_cast<size_t>(rank)];
  return fmt::format("rank {} of {}{}", rank, size(),
                     peer.host.empty() ? "" : " on " + peer.host);
}

Status MpiCommunicator::post(const Transfer &transfer) {
  auto *data = static_cast<uint8_t *>(transfer.data);
  for (int64_t at = 0; at < transfer.bytes; at += largestMessage) {
    auto bytes =
        static_cast<int>(std::min(largestMessage, transfer.bytes - at));
    mpi::Request request = nullptr;
    int result =
        transfer.receives
            ? library.Irecv(data + at, bytes, library.byte, transfer.peer,
                            dataTag, library.world, &request)
            : library.Isend(data + at, bytes, library.byte, transfer.peer,
                            dataTag, library.world, &request);
    LLMC_TRY(
        library.check(result, transfer.receives ? "receiving" : "sending"));
    pending.push_back({request, transfer.peer});
  }
  return Status::ok();
}

Status MpiCommunicator::exchange(const std::vector<Transfer> &transfers) {
  for (const Transfer &transfer : transfers)
    LLMC_TRY(post(transfer));
  return complete();
}

Status MpiCommunicator::complete() {
  const Clock::time_point start = Clock::now();
  for (int64_t round = 0; !pending.empty(); ++round) {
    size_t left = 0;
    for (Pending &one : pending) {
      int done = 0;
      LLMC_TRY(library.check(
          library.Test(&one.request, &done, nullptr),
          fmt::format("a message of or to {}", describe(one.peer))));
      if (!done)
        pending[left++] = one;
    }
    pending.resize(left);
    if (left == 0)
      break;
    int told = 0;
    LLMC_TRY(library.check(library.Iprobe(mpi::anySource, farewellTag,
                                          library.world, &told, nullptr),
                           "MPI_Iprobe"));
    if (told)
      leave();
    if (Clock::now() - start > waitTime)
      return reportSilence();
    // Ranks may share processors: who waits must not take them for long.
    if (round < 100)
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return Status::ok();
}

/// A rank does not answer: one of the others says so.
Status MpiCommunicator::reportSilence() {
  std::vector<bool> isSilent(static_cast<size_t>(size()), false);
  std::string names;
  for (const Pending &one : pending) {
    if (isSilent[static_cast<size_t>(one.peer)])
      continue;
    isSilent[static_cast<size_t>(one.peer)] = true;
    names += (names.empty() ? "" : ", ") + describe(one.peer);
  }
  auto first = std::find(isSilent.begin(), isSilent.end(), false);
  setBroken(static_cast<int>(first - isSilent.begin()));
  return Status::error(
      "{}: no answer from {} within {} s; see whether it still runs and what "
      "it printed, or give a larger --comm-timeout",
      describe(rank()), names, waitTime.count());
}

void MpiCommunicator::reportLoss(int lost) {
  // The lowest rank that is still there speaks, as far as this one can see.
  int first = 0;
  while (first < rank() && (first == lost || watchdog->isGone(first)))
    ++first;
  if (first == rank()) {
    fmt::print(stderr,
               "error: {}, process {}, is gone: it was killed or ended without "
               "a word; all ranks stop, the last checkpoint stays: go on with "
               "--resume\n",
               describe(lost), peers[static_cast<size_t>(lost)].pid);
    std::fflush(stderr);
  }
  leave();
}

void MpiCommunicator::leave() {
  std::fflush(stdout);
  std::fflush(stderr);
  // Not through MPI, which would wait for those that are gone.
  ::_exit(1);
}

void MpiCommunicator::abort() {
  for (int other = 0; other < size(); ++other) {
    mpi::Request request = nullptr;
    if (other != rank())
      library.Isend(nullptr, 0, library.byte, other, farewellTag, library.world,
                    &request);
  }
  // Gives the library time to send: nobody will take its calls afterwards.
  const Clock::time_point start = Clock::now();
  while (Clock::now() - start < std::chrono::milliseconds(200)) {
    int told = 0;
    library.Iprobe(mpi::anySource, farewellTag, library.world, &told, nullptr);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  leave();
}

Status MpiCommunicator::finish() {
  LLMC_TRY(barrier());
  // Everyone is past training: from here on ranks may end.
  watchdog.reset();
  isFinished = true;
  return library.check(library.Finalize(), "MPI_Finalize");
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
    transfers.push_back({other, true, received, bytes});
    transfers.push_back(
        {other, false, const_cast<float *>(source + part * other), bytes});
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
    transfers.push_back({other, true, place, bytes});
    transfers.push_back({other, false, const_cast<void *>(source), bytes});
  }
  return exchange(transfers);
}

Status MpiCommunicator::broadcast(void *data, int64_t bytes, int root) {
  if (rank() != root)
    return exchange({{root, true, data, bytes}});
  std::vector<Transfer> transfers;
  for (int other = 0; other < size(); ++other)
    if (other != root)
      transfers.push_back({other, false, data, bytes});
  return exchange(transfers);
}

Status MpiCommunicator::barrier() {
  uint8_t own = 0;
  std::vector<uint8_t> all(static_cast<size_t>(size()));
  return allGather(&own, all.data(), 1);
}

} // namespace llmc::runtime
