//===- FakeNccl.cpp - NCCL for tests, over the threads of one process -----===//
//
// What NCCL promises and no more: an operation happens on the stream that it
// was given, when all ranks have come to theirs, in the order in which they
// were started. It is a host function on a stream of the driver that
// LLMC_CUDA_DRIVER names, so that it is captured and replayed with graphs.
// Ranks that do not exchange the same thing are an error. Calls return that
// they are in progress, and are so until they were asked about some times; who
// does something else before has an error.
//
// The environment's LLMC_FAKE_NCCL holds words:
//   version=22809
//   fail=FUNCTION:N:R   the N-th call of the function yields the result R
//   lost=N:R            after N operations CommGetAsyncError tells of R
//   hang=N              the N-th operation of rank 1 never ends
//   late=MICROSECONDS   rank 1 comes that much later to each operation
//   lies=1              what is sent arrives as zeros
//   channels=N          NCCL_MAX_NCHANNELS must be that
//
//===----------------------------------------------------------------------===//

#include "comm/NcclLibrary.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <dlfcn.h>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace llmc::runtime::nccl;

namespace {

/// One message, or this rank's part of a gather to every rank.
struct Message {
  int peer;
  bool receives;
  char *data;
  size_t bytes;
};
using Operation = std::vector<Message>;

struct Group {
  explicit Group(int ranks) : offers(static_cast<size_t>(ranks)) {}
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<const Operation *> offers; // [rank], of the operation in hand
  size_t arrived = 0, joined = 0;
  long meetings = 0;
  bool isAborted = false;
};

std::string setting(const std::string &key) {
  const char *text = std::getenv("LLMC_FAKE_NCCL");
  std::istringstream words(text ? text : "");
  for (std::string word; words >> word;)
    if (word.rfind(key + "=", 0) == 0)
      return word.substr(key.size() + 1);
  return "";
}

/// Counts a call; the result that was asked for it, else success.
int enter(const char *function) {
  static std::mutex mutex;
  static std::map<std::string, long> calls;
  std::lock_guard<std::mutex> lock(mutex);
  const long call = ++calls[function];
  const std::string wanted = setting("fail");
  const std::string name = wanted.substr(0, wanted.find(':'));
  if (name != function)
    return success;
  const std::string rest = wanted.substr(name.size() + 1);
  return std::atol(rest.c_str()) == call
             ? std::atoi(rest.substr(rest.find(':') + 1).c_str())
             : success;
}

} // namespace

namespace llmc::runtime::nccl {
struct ncclComm {
  ncclComm(std::shared_ptr<Group> group, int rank)
      : group(std::move(group)), rank(rank) {}

  std::shared_ptr<Group> group;
  int rank = 0;
  long operations = 0; // run so far
  std::atomic<int> asks{0};
  bool isFinalized = false;
  std::deque<Operation> kept; // those that graphs may still run
  std::mutex mutex;

  bool meet(const Operation *offer);
  void run(const Operation &operation);
};
} // namespace llmc::runtime::nccl

namespace {

using LaunchHost = int (*)(Stream, void (*)(void *), void *);
LaunchHost launchHost() {
  static auto found = [] {
    const char *path = std::getenv("LLMC_CUDA_DRIVER");
    void *library = path ? ::dlopen(path, RTLD_NOW | RTLD_LOCAL) : nullptr;
    return reinterpret_cast<LaunchHost>(
        library ? ::dlsym(library, "cuLaunchHostFunc") : nullptr);
  }();
  return found;
}

struct Started {
  Comm comm;
  const Operation *operation;
};

// The group that this thread has begun.
thread_local int depth = 0;
thread_local Operation posted;
thread_local Comm postedComm = nullptr;
thread_local Stream postedStream = nullptr;

int submit() {
  Operation operation = std::move(posted);
  posted.clear();
  if (operation.empty())
    return success;
  const Operation *kept;
  {
    std::lock_guard<std::mutex> lock(postedComm->mutex);
    kept = &postedComm->kept.emplace_back(std::move(operation));
  }
  postedComm->asks = 0;
  // Lives as long as a graph may run it: for ever.
  auto *started = new Started{postedComm, kept};
  int result = launchHost()(
      postedStream,
      [](void *data) {
        auto *one = static_cast<Started *>(data);
        one->comm->run(*one->operation);
      },
      started);
  return result == 0 ? inProgress : unhandledCudaError;
}

/// NCCL refuses a communicator whose last call was not seen to be done. What
/// is posted within a group belongs to one call.
bool isReady(Comm comm) { return !posted.empty() || comm->asks > 3; }

int post(Comm comm, Stream stream, Message message) {
  if (!isReady(comm))
    return invalidUsage;
  postedComm = comm;
  postedStream = stream;
  posted.push_back(message);
  return depth ? success : submit();
}

} // namespace

/// Waits for all ranks; false when the communicator was aborted.
bool llmc::runtime::nccl::ncclComm::meet(const Operation *offer) {
  std::unique_lock<std::mutex> lock(group->mutex);
  if (offer)
    group->offers[static_cast<size_t>(rank)] = offer;
  const long meeting = group->meetings;
  if (++group->arrived == group->offers.size()) {
    group->arrived = 0;
    ++group->meetings;
    group->changed.notify_all();
  }
  group->changed.wait(
      lock, [&] { return group->isAborted || group->meetings != meeting; });
  return !group->isAborted;
}

void llmc::runtime::nccl::ncclComm::run(const Operation &operation) {
  const long number = ++operations;
  if (rank == 1) {
    const std::string late = setting("late"), hang = setting("hang");
    if (!late.empty())
      std::this_thread::sleep_for(
          std::chrono::microseconds(std::atol(late.c_str())));
    if (!hang.empty() && std::atol(hang.c_str()) == number) {
      std::unique_lock<std::mutex> lock(group->mutex);
      group->changed.wait(lock, [&] { return group->isAborted; });
    }
  }
  if (!meet(&operation))
    return;
  for (size_t i = 0; i < operation.size(); ++i) {
    const Message &mine = operation[i];
    if (!mine.receives)
      continue;
    // The k-th that I receive of a rank is the k-th that it sends to me.
    auto skip = 0;
    for (size_t before = 0; before < i; ++before)
      skip += operation[before].receives && operation[before].peer == mine.peer;
    const Message *theirs = nullptr;
    for (const Message &one : *group->offers[static_cast<size_t>(mine.peer)])
      if (!one.receives && one.peer == rank && skip-- == 0)
        theirs = &one;
    if (!theirs || theirs->bytes != mine.bytes) {
      std::fprintf(stderr,
                   "fake NCCL: rank %d wants %zu bytes of rank %d, which sends "
                   "something else\n",
                   rank, mine.bytes, mine.peer);
      std::abort();
    }
    if (!setting("lies").empty())
      std::memset(mine.data, 0, mine.bytes);
    else if (mine.data != theirs->data)
      std::memcpy(mine.data, theirs->data, mine.bytes);
  }
  meet(nullptr);
}

extern "C" {

#define ENTER(name)                                                            \
  if (int injected = enter(#name))                                             \
  return injected

const char *ncclGetErrorString(int result) {
  return result == remoteError ? "remote process exited or there was a network "
                                 "error"
                               : "as the test wants it";
}
const char *ncclGetLastError(Comm) { return ""; }

int ncclGetVersion(int *version) {
  ENTER(ncclGetVersion);
  const std::string wanted = setting("version");
  *version = wanted.empty() ? 22809 : std::atoi(wanted.c_str());
  return success;
}

int ncclGetUniqueId(UniqueId *id) {
  ENTER(ncclGetUniqueId);
  static std::atomic<int> count{0};
  std::memset(id, 0, sizeof(*id));
  std::snprintf(id->bytes, sizeof(id->bytes), "group %d", ++count);
  return success;
}

int ncclCommInitRankConfig(Comm *comm, int ranks, UniqueId id, int rank,
                           Config *config) {
  ENTER(ncclCommInitRankConfig);
  if (config->magic != 0xcafebeef || config->size != sizeof(Config) ||
      config->blocking != 0)
    return 4;
  const char *channels = std::getenv("NCCL_MAX_NCHANNELS");
  if (const std::string wanted = setting("channels"); !wanted.empty())
    if (!channels || wanted != channels)
      return invalidUsage;
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<Group>> groups;
  std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<Group> &group = groups[id.bytes];
  if (!group)
    group = std::make_shared<Group>(ranks);
  *comm = new ncclComm(group, rank);
  std::lock_guard<std::mutex> inner(group->mutex);
  ++group->joined;
  return inProgress;
}

int ncclCommGetAsyncError(Comm comm, int *state) {
  ENTER(ncclCommGetAsyncError);
  const std::string lost = setting("lost");
  bool isComplete;
  {
    std::lock_guard<std::mutex> lock(comm->group->mutex);
    isComplete = comm->group->joined == comm->group->offers.size();
    if (!lost.empty() && comm->group->meetings > 2 * std::atol(lost.c_str())) {
      *state = std::atoi(lost.substr(lost.find(':') + 1).c_str());
      return success;
    }
  }
  *state = isComplete && ++comm->asks > 3 ? success : inProgress;
  return success;
}

int ncclCommFinalize(Comm comm) {
  ENTER(ncclCommFinalize);
  if (!isReady(comm))
    return invalidUsage;
  comm->isFinalized = true;
  comm->asks = 0;
  return inProgress;
}
int ncclCommDestroy(Comm comm) {
  ENTER(ncclCommDestroy);
  if (!comm->isFinalized || !isReady(comm)) {
    std::fprintf(stderr, "fake NCCL: rank %d is destroyed before it is done\n",
                 comm->rank);
    std::abort();
  }
  delete comm;
  return success;
}
int ncclCommAbort(Comm comm) {
  ENTER(ncclCommAbort);
  std::lock_guard<std::mutex> lock(comm->group->mutex);
  comm->group->isAborted = true;
  comm->group->changed.notify_all();
  return success;
}

int ncclGroupStart() {
  ENTER(ncclGroupStart);
  ++depth;
  return success;
}
int ncclGroupEnd() {
  --depth;
  ENTER(ncclGroupEnd);
  return submit();
}

int ncclSend(const void *data, size_t bytes, int, int peer, Comm comm,
             Stream stream) {
  ENTER(ncclSend);
  return post(comm, stream,
              {peer, false, const_cast<char *>(static_cast<const char *>(data)),
               bytes});
}
int ncclRecv(void *data, size_t bytes, int, int peer, Comm comm,
             Stream stream) {
  ENTER(ncclRecv);
  return post(comm, stream, {peer, true, static_cast<char *>(data), bytes});
}

int ncclAllGather(const void *source, void *destination, size_t bytes, int,
                  Comm comm, Stream stream) {
  ENTER(ncclAllGather);
  if (!isReady(comm))
    return invalidUsage;
  ++depth;
  const int ranks = static_cast<int>(comm->group->offers.size());
  auto *from = const_cast<char *>(static_cast<const char *>(source));
  for (int other = 0; other < ranks; ++other) {
    post(comm, stream, {other, false, from, bytes});
    post(comm, stream,
         {other, true, static_cast<char *>(destination) + bytes * size_t(other),
          bytes});
  }
  --depth;
  return submit();
}
}
