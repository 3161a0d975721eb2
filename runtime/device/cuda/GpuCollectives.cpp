//===- GpuCollectives.cpp - what GPUs exchange, through NCCL --------------===//

#include "device/cuda/GpuCollectives.h"

#include "core/SignalMask.h"

#include <cstdlib>
#include <unistd.h>

namespace llmc::runtime::cuda {
namespace {

/// How long NCCL may take to give up, before the process ends without it.
constexpr std::chrono::seconds graceTime(10);

CUdeviceptr addressOf(const void *pointer) {
  return static_cast<CUdeviceptr>(reinterpret_cast<uintptr_t>(pointer));
}

} // namespace

GpuCollectives::~GpuCollectives() { disconnect(); }

Status GpuCollectives::connect(const Driver &usedDriver, Cleanup &cleanup,
                               CUstream kernels) {
  driver = &usedDriver;
  compute = kernels;
  // NCCL's memory is that of its channels, of which the plan counts so many. It
  // reads the environment when it connects, which nobody does before the
  // barrier; what a user has set stays.
  if (ranks.processRank() == 0)
    ::setenv("NCCL_MAX_NCHANNELS",
             fmt::format("{}", program.ncclChannels).c_str(), 0);
  LLMC_TRY(ranks.barrier());
  LLMC_TRY(ranks.agree(library.load(), Communicator::Subject::Machine));
  nccl::UniqueId id = {};
  Status made = Status::ok();
  if (ranks.rank() == 0)
    made = library.check(library.GetUniqueId(&id), "cannot connect the ranks");
  LLMC_TRY(ranks.agree(made, Communicator::Subject::Machine));
  LLMC_TRY(ranks.broadcast(&id, sizeof(id), 0));
  if (Status joined = join(cleanup, id); !joined.isOk()) {
    ranks.report(joined);
    ranks.abort();
  }
  const SignalsBlocked blocked;
  watchdog = std::thread([this] { watch(); });
  return Status::ok();
}

Status GpuCollectives::join(Cleanup &cleanup, const nccl::UniqueId &id) {
  const char *what = "cannot connect the ranks";
  nccl::Config config;
  LLMC_TRY(library.check(library.CommInitRankConfig(&comm, ranks.size(), id,
                                                    ranks.rank(), &config),
                         what));
  LLMC_TRY(settle(what));
  cleanup.add([this] { disconnect(); });
  LLMC_TRY(createStream(*driver, cleanup, stream));
  events.resize(static_cast<size_t>(program.numCollectives));
  for (Events &one : events) {
    LLMC_TRY(createEvent(*driver, cleanup, eventUntimed, one.ready));
    LLMC_TRY(createEvent(*driver, cleanup, eventUntimed, one.done));
  }
  return checkWires();
}

Status GpuCollectives::settle(const char *what) {
  const Clock::time_point start = Clock::now();
  for (int64_t round = 0;; ++round) {
    int state = nccl::success;
    LLMC_TRY(
        library.check(library.CommGetAsyncError(comm, &state), what, comm));
    LLMC_TRY(library.check(state, what, comm));
    if (state != nccl::inProgress)
      return Status::ok();
    if (Clock::now() - start > ranks.patience())
      return Status::error("{}: NCCL was not done within {} s; see whether all "
                           "ranks came up, or give a larger --comm-timeout",
                           what, ranks.patience().count());
    if (round < 100)
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

/// Sends a pattern along every way that training uses, so that NCCL connects
/// before anything is captured, and a wire that delivers something else is
/// found before it spoils weights.
Status GpuCollectives::checkWires() {
  constexpr int64_t words = 4096, bytes = words * 4;
  const int size = ranks.size(), rank = ranks.rank();
  const char *what = "the first exchange between GPUs failed";
  auto patternOf = [](int from, int to, int64_t word) {
    return static_cast<uint32_t>((from * 131 + to + 1) * 2654435761u + word);
  };
  Cleanup own;
  CUdeviceptr device = 0;
  LLMC_TRY(allocateGpu(*driver, own, 3 * size * bytes, device,
                       "cannot allocate GPU memory for a first exchange"));
  void *pinned = nullptr;
  LLMC_TRY(allocatePinned(*driver, own, 2 * size * bytes, pinned,
                          "cannot pin host memory for a first exchange"));
  auto *sent = static_cast<uint32_t *>(pinned), *got = sent + size * words;
  for (int to = 0; to < size; ++to)
    for (int64_t word = 0; word < words; ++word)
      sent[to * words + word] = patternOf(rank, to, word);
  auto at = [&](int64_t part) {
    return reinterpret_cast<char *>(static_cast<uintptr_t>(device)) +
           part * bytes;
  };
  auto copyBack = [&](int64_t part, int64_t parts) -> Status {
    LLMC_TRY(driver->check(driver->cuMemcpyDtoHAsync_v2(
                               got, addressOf(at(part)),
                               static_cast<size_t>(parts * bytes), stream),
                           what));
    return driver->check(driver->cuStreamSynchronize(stream), what);
  };
  auto check = [&](const uint32_t *part, int from, int to) -> Status {
    for (int64_t word = 0; word < words; ++word)
      if (part[word] != patternOf(from, to, word))
        return Status::error(
            "what {} sent to {} arrived as something else: set "
            "NCCL_P2P_DISABLE=1, which goes through the host, and see what "
            "PROGRAM doctor says of the copies between these GPUs",
            ranks.describe(from), ranks.describe(rank));
    return Status::ok();
  };
  LLMC_TRY(driver->check(
      driver->cuMemcpyHtoDAsync_v2(addressOf(at(0)), sent,
                                   static_cast<size_t>(size * bytes), stream),
      what));
  LLMC_TRY(exchange(at(0), at(size), bytes));
  LLMC_TRY(copyBack(size, size - 1));
  for (int from = 0; from < size; ++from)
    if (from != rank)
      LLMC_TRY(
          check(got + (from < rank ? from : from - 1) * words, from, rank));
  LLMC_TRY(library.check(library.AllGather(at(rank), at(2 * size), bytes,
                                           nccl::byte, comm, stream),
                         what, comm));
  LLMC_TRY(settle(what));
  LLMC_TRY(copyBack(2 * size, size));
  for (int from = 0; from < size; ++from)
    LLMC_TRY(check(got + from * words, from, from));
  return Status::ok();
}

/// Each rank's part of `source` goes to it; those of the others come to
/// `scratch`, in the order of ranks.
Status GpuCollectives::exchange(const char *source, void *scratch,
                                int64_t partBytes) {
  const char *what = "cannot exchange parts";
  const auto bytes = static_cast<size_t>(partBytes);
  LLMC_TRY(library.check(library.GroupStart(), what, comm));
  Status posted = Status::ok();
  for (int other = 0; other < ranks.size() && posted.isOk(); ++other) {
    if (other == ranks.rank())
      continue;
    char *place = static_cast<char *>(scratch) +
                  partBytes * (other < ranks.rank() ? other : other - 1);
    posted = library.check(library.Send(source + partBytes * other, bytes,
                                        nccl::byte, other, comm, stream),
                           what, comm);
    if (posted.isOk())
      posted = library.check(
          library.Recv(place, bytes, nccl::byte, other, comm, stream), what,
          comm);
  }
  // A group that was begun ends, whatever came of it.
  const int ended = library.GroupEnd();
  LLMC_TRY(posted);
  LLMC_TRY(library.check(ended, what, comm));
  return settle(what);
}

/// ((x0 + x1) + x2) + ...; `own`, this rank's part, may be where the sum goes.
Status GpuCollectives::sum(Kernels &kernels, const LlmcCollective &collective,
                           char *own, char *sum, char *scratch) {
  const int64_t bytes =
      collective.elements / ranks.size() * collective.elementBytes;
  auto add = [&](char *part, char *to) {
    void *arguments[] = {part, to};
    return kernels.launch(*driver, program.kernels[collective.adds],
                          collective.adds, arguments, stream);
  };
  if (sum != own)
    LLMC_TRY(driver->check(
        driver->cuMemcpyDtoDAsync_v2(addressOf(sum), addressOf(own),
                                     static_cast<size_t>(bytes), stream),
        "a copy on the GPU failed"));
  // x + y is y + x, bit for bit, so that what comes before this rank's part may
  // be added to it.
  for (int slot = 1; slot < ranks.rank(); ++slot)
    LLMC_TRY(add(scratch + slot * bytes, scratch));
  if (ranks.rank() > 0)
    LLMC_TRY(add(scratch, sum));
  for (int slot = ranks.rank(); slot + 1 < ranks.size(); ++slot)
    LLMC_TRY(add(scratch + slot * bytes, sum));
  return Status::ok();
}

Status GpuCollectives::start(Kernels &kernels, int64_t index, void *source,
                             void *destination, void *scratch) {
  const LlmcCollective &collective = program.collectives[index];
  const Events &own = events[static_cast<size_t>(index)];
  const char *what = "a collective cannot wait for kernels";
  LLMC_TRY(driver->check(driver->cuEventRecord(own.ready, compute), what));
  LLMC_TRY(
      driver->check(driver->cuStreamWaitEvent(stream, own.ready, 0), what));
  const int64_t bytes =
      collective.elements / ranks.size() * collective.elementBytes;
  std::unique_lock<std::mutex> lock(mutex);
  LLMC_TRY(failure);
  const bool gathers = collective.kind == LlmcCollectiveAllGather;
  auto *from = static_cast<char *>(source);
  Status status = Status::ok();
  if (!gathers) {
    char *part = from + bytes * ranks.rank();
    auto *to = collective.kind == LlmcCollectiveAllReduce
                   ? part
                   : static_cast<char *>(destination);
    status = exchange(from, scratch, bytes);
    if (status.isOk())
      status = sum(kernels, collective, part, to, static_cast<char *>(scratch));
    from = part;
  }
  if (status.isOk() && collective.kind != LlmcCollectiveReduceScatter) {
    status = library.check(library.AllGather(from, destination,
                                             static_cast<size_t>(bytes),
                                             nccl::byte, comm, stream),
                           "cannot gather parts", comm);
    if (status.isOk())
      status = settle("cannot gather parts");
  }
  if (!status.isOk())
    return Status::error("{}: {}", collective.name, status.message());
  return driver->check(driver->cuEventRecord(own.done, stream),
                       "cannot record an event");
}

Status GpuCollectives::wait(int64_t index) {
  return driver->check(driver->cuStreamWaitEvent(
                           compute, events[static_cast<size_t>(index)].done, 0),
                       "kernels cannot wait for a collective");
}

Status GpuCollectives::waitOnHost(int64_t index) {
  const LlmcCollective &collective = program.collectives[index];
  return driver->check(
      driver->cuStreamSynchronize(stream),
      collective.kind == LlmcCollectiveAllGather
          ? fmt::format("{} failed", collective.name)
          : fmt::format("{}, or kernel {} which adds up its parts, failed",
                        collective.name,
                        nameOf(program.kernels[collective.adds])));
}

//===----------------------------------------------------------------------===//
// The watchdog
//===----------------------------------------------------------------------===//

void GpuCollectives::setWaiting(bool waits) {
  waitingSince = waits ? Clock::now().time_since_epoch().count() : 0;
}

Status GpuCollectives::status() {
  std::lock_guard<std::mutex> lock(mutex);
  return failure;
}

void GpuCollectives::watch() {
  std::unique_lock<std::mutex> lock(mutex);
  while (!changed.wait_for(lock, std::chrono::milliseconds(100),
                           [this] { return stopping; })) {
    int state = nccl::success;
    Status status = library.check(library.CommGetAsyncError(comm, &state),
                                  "NCCL cannot be asked", comm);
    if (status.isOk())
      status = library.check(state, "the GPUs lost each other", comm);
    const Clock::rep since = waitingSince;
    if (status.isOk() && since != 0 &&
        Clock::now() - Clock::time_point(Clock::duration(since)) >
            ranks.patience())
      status = Status::error(
          "the GPU was not done within {} s: it waits for another rank, or "
          "hangs; see what the others printed and what nvidia-smi says, or "
          "give a larger --comm-timeout",
          ranks.patience().count());
    if (status.isOk())
      continue;
    failure = status;
    // Kernels of NCCL that wait for others give up, so that whoever waits for
    // them comes back, finds `failure` and ends the program.
    nccl::Comm lost = comm;
    comm = nullptr;
    std::thread([abort = library.CommAbort, lost] { abort(lost); }).detach();
    if (changed.wait_for(lock, graceTime, [this] { return stopping; }))
      return;
    ranks.report(status);
    std::fflush(nullptr);
    ::_exit(1);
  }
}

void GpuCollectives::disconnect() {
  if (watchdog.joinable()) {
    {
      std::lock_guard<std::mutex> lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    watchdog.join();
  }
  if (!comm)
    return;
  // Where others have failed, or are gone, there is nobody to say goodbye to.
  const bool isOver = ranks.isOwnError() &&
                      library.check(library.CommFinalize(comm), "").isOk() &&
                      settle("").isOk();
  isOver ? library.CommDestroy(comm) : library.CommAbort(comm);
  comm = nullptr;
}

} // namespace llmc::runtime::cuda
