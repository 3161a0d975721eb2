//===- MpiProcess.cpp - what the ranks of one process share under MPI -----===//
//
// Made of messages between two ranks, which may be waited for with a time-out
// and leave the order of sums to us; MPI_Allreduce promises neither.
//
//===----------------------------------------------------------------------===//

#include "comm/MpiProcess.h"

#include "comm/Launch.h"
#include "comm/MpiCommunicator.h"
#include "core/Clock.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace llmc::runtime {
namespace {

/// Says that its sender has an error and ends.
constexpr int farewellTag = 0;
constexpr int firstDataTag = 1;
/// MPI counts in int.
constexpr int64_t largestMessage = int64_t(1) << 30;

/// How long an error that others have announced is looked for, before this one
/// is announced: the library takes some calls to see a message.
constexpr std::chrono::milliseconds listenTime(20);
/// How long an announcement may take to arrive, there and back.
constexpr std::chrono::milliseconds announceTime(200);
/// By then whoever prints the error has done so, on a busy machine too.
constexpr std::chrono::milliseconds leaveTime(2000);

/// Ends the program if it still lives when `patience` is over.
class StartTimer {
public:
  explicit StartTimer(std::chrono::seconds patience) {
    thread = std::thread([this, patience] {
      const Launch launch = readLaunch().value_or(Launch());
      // The first of those that came up says it; its launcher ends the others.
      const std::chrono::seconds turn(std::min(launch.rank, 10));
      std::unique_lock<std::mutex> lock(mutex);
      if (changed.wait_for(lock, patience + turn, [this] { return done; }))
        return;
      fmt::print(stderr,
                 "error: rank {} of {} on {}: not all ranks came up within {} "
                 "s; see what the others print, and that every machine can "
                 "run the program, or give --comm-timeout\n",
                 launch.rank, launch.size, hostName(), patience.count());
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

Result<std::unique_ptr<MpiProcess>>
MpiProcess::connect(int ranks, int here, std::chrono::seconds patience) {
  const Launch launch = readLaunch().value_or(Launch());
  mpi::Library library;
  LLMC_TRY(library.load());
  StartTimer timer(patience);
  int level = 0, number = 0, size = 0;
  LLMC_TRY(library.check(
      library.Init_thread(nullptr, nullptr, mpi::threadSerialized, &level),
      "MPI_Init_thread"));
  if (level < mpi::threadSerialized)
    return Status::error("this Open MPI was built without threads, which "
                         "the program needs; install another");
  LLMC_TRY(library.check(
      library.Comm_set_errhandler(library.world, library.errorsReturn),
      "MPI_Comm_set_errhandler"));
  LLMC_TRY(library.check(library.Comm_rank(library.world, &number),
                         "MPI_Comm_rank"));
  LLMC_TRY(
      library.check(library.Comm_size(library.world, &size), "MPI_Comm_size"));
  if (size != launch.size)
    return Status::error(
        "Open MPI connects {} of the {} processes that were started: it does "
        "not know their launcher; start them with the mpirun that belongs to "
        "it, or with 'srun --mpi=pmix'",
        size, launch.size);
  std::unique_ptr<MpiProcess> result(new MpiProcess(library, ranks, patience));
  result->own = static_cast<size_t>(number);
  result->peers.resize(static_cast<size_t>(size));
  LLMC_TRY(result->meet(here));
  result->watch();
  return result;
}

Status MpiProcess::meet(int here) {
  struct Card {
    char host[256];
    int64_t pid;
    int64_t here;
  };
  std::vector<Card> cards(peers.size());
  Card &card = cards[own];
  std::string host = hostName();
  std::memcpy(card.host, host.data(),
              std::min(host.size(), sizeof(card.host) - 1));
  card.pid = ::getpid();
  card.here = here;
  std::vector<Transfer> transfers;
  for (size_t process = 0; process < peers.size(); ++process) {
    if (process == own)
      continue;
    const auto number = static_cast<int>(process);
    transfers.push_back({number, -1, -1, true, &cards[process], sizeof(Card)});
    transfers.push_back({number, -1, -1, false, &card, sizeof(Card)});
  }
  Result<std::vector<Transfer>> left = exchange(transfers);
  LLMC_TRY(left.status());
  std::string names;
  for (const Transfer &one : *left)
    if (one.receives)
      names +=
          fmt::format("{}number {}", names.empty() ? "" : ", ", one.process);
  if (!left->empty())
    return silence(
        fmt::format("process number {} of {} on {}", own, peers.size(), host),
        names);
  for (size_t process = 0; process < peers.size(); ++process)
    peers[process] = {cards[process].host, cards[process].pid, 0,
                      static_cast<int>(cards[process].here)};
  return shareOut();
}

/// Processes take the ranks one after the other. An error is the same in all.
Status MpiProcess::shareOut() {
  const auto processes = static_cast<int>(peers.size());
  const bool isEqual = std::all_of(peers.begin(), peers.end(),
                                   [](const Peer &one) { return !one.ranks; });
  int next = 0;
  std::string list;
  for (Peer &one : peers) {
    list += fmt::format("{}{}", list.empty() ? "" : " + ", one.ranks);
    if (isEqual)
      one.ranks = ranks / processes;
    one.first = next;
    next += one.ranks;
  }
  if (next == ranks &&
      std::all_of(peers.begin(), peers.end(),
                  [](const Peer &one) { return one.ranks > 0; }))
    return Status::ok();
  return isEqual
             ? Status::error("the program was compiled for {} ranks, which {} "
                             "processes cannot share equally; say with "
                             "--ranks-here how many each process runs",
                             ranks, processes)
             : Status::error("the program was compiled for {} ranks, but "
                             "--ranks-here says that its processes run {}; "
                             "give it to each process, {} in all",
                             ranks, list, ranks);
}

void MpiProcess::watch() {
  std::vector<int64_t> pids(peers.size(), 0);
  for (size_t process = 0; process < peers.size(); ++process)
    if (process != own && peers[process].host == peers[own].host)
      pids[process] = peers[process].pid;
  watchdog = std::make_unique<Watchdog>(
      std::move(pids), [this](size_t lost, std::chrono::milliseconds blind) {
        // Who was stopped himself for so long is what the others gave up on.
        if (blind >= waitTime)
          leave();
        reportLoss(lost);
      });
}

std::unique_ptr<Communicator> MpiProcess::join(int number) {
  return std::make_unique<MpiCommunicator>(*this, peers[own].first + number,
                                           ranks);
}

Status MpiProcess::disconnect() {
  std::lock_guard<std::mutex> lock(calling);
  return library.check(library.Finalize(), "MPI_Finalize");
}

int MpiProcess::processOf(int rank) const {
  size_t process = 0;
  while (rank >= peers[process].first + peers[process].ranks)
    ++process;
  return static_cast<int>(process);
}

std::string MpiProcess::describeRank(int rank) const {
  return fmt::format("rank {} of {} on {}", rank, ranks,
                     peers[static_cast<size_t>(processOf(rank))].host);
}

std::string MpiProcess::describeProcess(size_t process) const {
  const Peer &peer = peers[process];
  if (peer.ranks == 1)
    return fmt::format("{}, process {}", describeRank(peer.first), peer.pid);
  return fmt::format("ranks {} to {} of {} on {}, process {}", peer.first,
                     peer.first + peer.ranks - 1, ranks, peer.host, peer.pid);
}

Status MpiProcess::silence(const std::string &who,
                           const std::string &names) const {
  return Status::error("{}: no answer from {} within {} s; see whether it "
                       "still runs and what it printed, or give a larger "
                       "--comm-timeout",
                       who, names, waitTime.count());
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

int MpiProcess::tagOf(const Transfer &transfer) const {
  return transfer.sender < 0
             ? firstDataTag
             : firstDataTag + 1 + transfer.sender * ranks + transfer.receiver;
}

Status MpiProcess::post(const Transfer &transfer,
                        std::vector<Pending> &pending) {
  auto *data = static_cast<uint8_t *>(transfer.data);
  const int tag = tagOf(transfer);
  for (int64_t at = 0; at < transfer.bytes; at += largestMessage) {
    auto bytes =
        static_cast<int>(std::min(largestMessage, transfer.bytes - at));
    mpi::Request request = nullptr;
    int result =
        transfer.receives
            ? library.Irecv(data + at, bytes, library.byte, transfer.process,
                            tag, library.world, &request)
            : library.Isend(data + at, bytes, library.byte, transfer.process,
                            tag, library.world, &request);
    LLMC_TRY(
        library.check(result, transfer.receives ? "receiving" : "sending"));
    pending.push_back({request, &transfer});
  }
  return Status::ok();
}

Result<std::vector<MpiProcess::Transfer>>
MpiProcess::exchange(const std::vector<Transfer> &transfers) {
  std::vector<Pending> pending;
  const Clock::time_point start = Clock::now();
  for (int64_t round = 0;; ++round) {
    int told = 0;
    {
      std::lock_guard<std::mutex> lock(calling);
      if (round == 0)
        for (const Transfer &transfer : transfers)
          LLMC_TRY(post(transfer, pending));
      size_t left = 0;
      for (Pending &one : pending) {
        int done = 0;
        LLMC_TRY(library.check(library.Test(&one.request, &done, nullptr),
                               "a message of or to another rank"));
        if (!done)
          pending[left++] = one;
      }
      pending.resize(left);
      if (left == 0)
        return std::vector<Transfer>();
      LLMC_TRY(library.check(library.Iprobe(mpi::anySource, farewellTag,
                                            library.world, &told, nullptr),
                             "MPI_Iprobe"));
    }
    if (told)
      leaveToOthers();
    if (Clock::now() - start > waitTime)
      break;
    // Ranks may share processors: who waits must not take them for long.
    if (round < 100)
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  std::vector<Transfer> left;
  for (const Pending &one : pending)
    left.push_back(*one.transfer);
  return left;
}

//===----------------------------------------------------------------------===//
// Ending with an error
//===----------------------------------------------------------------------===//

bool MpiProcess::hears(size_t processes, std::chrono::milliseconds time) {
  const Clock::time_point start = Clock::now();
  do {
    for (size_t process = 0; process < processes; ++process) {
      if (process == own)
        continue;
      int told = 0;
      std::lock_guard<std::mutex> lock(calling);
      if (library.Iprobe(static_cast<int>(process), farewellTag, library.world,
                         &told, nullptr) == mpi::success &&
          told)
        return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  } while (Clock::now() - start < time);
  return false;
}

void MpiProcess::announce() {
  std::lock_guard<std::mutex> lock(calling);
  for (size_t process = 0; process < peers.size(); ++process) {
    mpi::Request request = nullptr;
    if (process != own)
      library.Isend(nullptr, 0, library.byte, static_cast<int>(process),
                    farewellTag, library.world, &request);
  }
}

/// Two that announce an error at the same time hear each other, and the lower
/// one prints. Who comes later has heard the first before, and is silent.
bool MpiProcess::report(const std::function<void()> &print) {
  std::lock_guard<std::mutex> lock(reporting);
  if (hasReported)
    return hasPrinted;
  hasReported = true;
  if (hears(peers.size(), listenTime))
    return false;
  announce();
  if (hears(own, announceTime))
    return false;
  print();
  std::fflush(stderr);
  return hasPrinted = true;
}

void MpiProcess::reportLoss(size_t lost) {
  const bool printed = report([&] {
    fmt::print(stderr,
               "error: {}, {} gone: it was killed or ended without a word; all "
               "ranks stop, the last checkpoint stays: go on with --resume\n",
               describeProcess(lost), peers[lost].ranks == 1 ? "is" : "are");
  });
  if (!printed)
    leaveToOthers();
  leave();
}

void MpiProcess::leaveToOthers() {
  // A launcher ends all when the first one has left.
  std::this_thread::sleep_for(leaveTime);
  leave();
}

void MpiProcess::leave() {
  std::fflush(stdout);
  std::fflush(stderr);
  // Not through MPI, which would wait for those that are gone.
  ::_exit(1);
}

void MpiProcess::abort() {
  // Whoever reports in this process is let finish.
  std::lock_guard<std::mutex> lock(reporting);
  // Who has an error has announced it, unless another one was first, which an
  // announcement now would silence.
  if (!hasReported) {
    announce();
    // Gives the library time to send: nobody will take its calls afterwards.
    hears(own, announceTime);
  }
  if (!hasPrinted)
    leaveToOthers();
  leave();
}

} // namespace llmc::runtime
