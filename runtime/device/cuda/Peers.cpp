//===- Peers.cpp - several GPUs of one machine ----------------------------===//

#include "device/cuda/Peers.h"

#include "comm/Launch.h"
#include "device/cuda/Cleanup.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace llmc::runtime::cuda {
namespace {

/// Enough to leave a chunk of any size behind.
constexpr int64_t checkedBytes = int64_t(1) << 20;

/// The primary context of a GPU, current while the object lives.
class ContextUse {
public:
  explicit ContextUse(const Driver &driver) : driver(driver) {}
  ~ContextUse() {
    if (context)
      driver.cuDevicePrimaryCtxRelease_v2(device);
  }
  Status open(const Gpu &gpu) {
    device = gpu.device;
    LLMC_TRY(driver.check(driver.cuDevicePrimaryCtxRetain(&context, gpu.device),
                          fmt::format("GPU {} cannot be used", gpu.number)));
    return enter();
  }
  Status enter() const {
    return driver.check(driver.cuCtxSetCurrent(context),
                        "a GPU cannot be used");
  }
  CUcontext get() const { return context; }

private:
  const Driver &driver;
  CUdevice device = 0;
  CUcontext context = nullptr;
};

Status allocate(const Driver &driver, Cleanup &cleanup,
                const ContextUse &context, int64_t bytes,
                CUdeviceptr &address) {
  LLMC_TRY(context.enter());
  LLMC_TRY(
      driver.check(driver.cuMemAlloc_v2(&address, static_cast<size_t>(bytes)),
                   "cannot allocate GPU memory to check copies"));
  cleanup.add([&driver, &context, address] {
    if (context.enter().isOk())
      driver.cuMemFree_v2(address);
  });
  return Status::ok();
}

/// A word that says where it belongs.
uint32_t patternAt(size_t word) {
  return static_cast<uint32_t>(word * 2654435761u + 1);
}

} // namespace

Result<std::string> busIdOf(const Driver &driver, const Gpu &gpu) {
  char text[64] = {};
  LLMC_TRY(driver.check(
      driver.cuDeviceGetPCIBusId(text, sizeof(text) - 1, gpu.device),
      "cuDeviceGetPCIBusId"));
  return std::string(text);
}

Result<Gpu> chooseGpuOfRank(const Driver &driver, Communicator &ranks) {
  int count = 0;
  LLMC_TRY(driver.check(driver.cuDeviceGetCount(&count), "cuDeviceGetCount"));
  if (ranks.localSize() <= count)
    return chooseGpu(driver, ranks.localRank());
  // Slurm and the like show a process its own GPUs only.
  if (ranks.processSize() == count)
    return chooseGpu(driver, ranks.processRank());
  std::string list;
  for (int i = 0; i < count; ++i)
    if (Result<Gpu> gpu = chooseGpu(driver, i); gpu.isOk())
      list += fmt::format("{}{}: {}", i ? ", " : "", i, gpu->name);
  return Status::error(
      "the program trains on {} GPUs of {}, which has {}: {}; see whether "
      "CUDA_VISIBLE_DEVICES hides some, compile the model with --gpus {}, or "
      "start its ranks on several machines with mpirun",
      ranks.localSize(), hostName(), count, list, count);
}

Result<PeerCopy> tryPeerCopy(const Driver &driver, const Gpu &from,
                             const Gpu &to, int64_t bytes) {
  PeerCopy found;
  int access = 0;
  LLMC_TRY(driver.check(
      driver.cuDeviceCanAccessPeer(&access, to.device, from.device),
      "cuDeviceCanAccessPeer"));
  found.hasAccess = access != 0;

  const char *what = "a copy between GPUs failed";
  ContextUse source(driver), target(driver);
  LLMC_TRY(source.open(from));
  LLMC_TRY(target.open(to));
  Cleanup cleanup;
  CUdeviceptr sent = 0, got = 0;
  LLMC_TRY(allocate(driver, cleanup, source, bytes, sent));
  LLMC_TRY(allocate(driver, cleanup, target, bytes, got));
  // Of the target, which the copy is then timed by.
  CUstream stream = nullptr;
  CUevent begin = nullptr, end = nullptr;
  LLMC_TRY(createStream(driver, cleanup, stream));
  LLMC_TRY(createEvent(driver, cleanup, eventTimed, begin));
  LLMC_TRY(createEvent(driver, cleanup, eventTimed, end));
  if (found.hasAccess) {
    CUresult enabled = driver.cuCtxEnablePeerAccess(source.get(), 0);
    if (enabled != peerAccessAlreadyEnabled) {
      LLMC_TRY(driver.check(enabled, "cuCtxEnablePeerAccess"));
      cleanup.add([&] {
        if (target.enter().isOk())
          driver.cuCtxDisablePeerAccess(source.get());
      });
    }
  }
  void *pinned = nullptr;
  const auto count = static_cast<size_t>(bytes);
  LLMC_TRY(allocatePinned(driver, cleanup, bytes, pinned,
                          "cannot pin host memory to check copies"));
  auto *words = static_cast<uint32_t *>(pinned);
  for (size_t word = 0; word < count / 4; ++word)
    words[word] = patternAt(word);
  auto wait = [&](CUstream queue) {
    return driver.check(driver.cuStreamSynchronize(queue), what);
  };
  LLMC_TRY(source.enter());
  CUstream upload = nullptr;
  LLMC_TRY(createStream(driver, cleanup, upload));
  LLMC_TRY(driver.check(
      driver.cuMemcpyHtoDAsync_v2(sent, pinned, count, upload), what));
  LLMC_TRY(wait(upload));
  LLMC_TRY(target.enter());
  LLMC_TRY(
      driver.check(driver.cuMemsetD8Async(got, 0xa5, count, stream), what));
  auto copy = [&] {
    return driver.check(driver.cuMemcpyPeerAsync(got, target.get(), sent,
                                                 source.get(), count, stream),
                        what);
  };
  // The first one warms up, and clocks may still rise: the best counts.
  LLMC_TRY(copy());
  constexpr int trials = 4, rounds = 4;
  for (int trial = 0; trial < trials; ++trial) {
    LLMC_TRY(driver.check(driver.cuEventRecord(begin, stream), what));
    for (int round = 0; round < rounds; ++round)
      LLMC_TRY(copy());
    LLMC_TRY(driver.check(driver.cuEventRecord(end, stream), what));
    LLMC_TRY(wait(stream));
    float milliseconds = 0;
    LLMC_TRY(driver.check(driver.cuEventElapsedTime(&milliseconds, begin, end),
                          "cuEventElapsedTime"));
    if (milliseconds > 0)
      found.bytesPerSecond =
          std::max(found.bytesPerSecond,
                   rounds * static_cast<double>(bytes) / (milliseconds * 1e-3));
  }
  std::memset(pinned, 0, count);
  LLMC_TRY(driver.check(driver.cuMemcpyDtoHAsync_v2(pinned, got, count, stream),
                        what));
  LLMC_TRY(wait(stream));
  found.arrives = true;
  for (size_t word = 0; word < count / 4; ++word)
    found.arrives &= words[word] == patternAt(word);
  return found;
}

/// Whether some copy between these GPUs, of this process, does not arrive;
/// empty, or which.
static Result<std::string> findLyingCopy(const Driver &driver,
                                         const std::vector<int> &numbers) {
  std::vector<Gpu> gpus;
  for (int number : numbers) {
    Result<Gpu> gpu = chooseGpu(driver, number);
    LLMC_TRY(gpu.status());
    gpus.push_back(*gpu);
  }
  for (const Gpu &from : gpus)
    for (const Gpu &to : gpus) {
      if (from.number == to.number)
        continue;
      Result<PeerCopy> copy = tryPeerCopy(driver, from, to, checkedBytes);
      LLMC_TRY(copy.status());
      if (!copy->arrives)
        return fmt::format("GPU {} to GPU {}", from.number, to.number);
    }
  return std::string();
}

/// Tells NCCL, once in each process.
static void goThroughHost(const char *copy, const Communicator &ranks) {
  if (ranks.rank() == 0)
    fmt::print(stderr,
               "warning: what is copied from {} directly arrives as something "
               "else; GPUs exchange through the host instead, which is slower: "
               "switch the IOMMU off, or use a driver without the patch for "
               "peer access\n",
               copy);
  if (ranks.processRank() == 0)
    ::setenv("NCCL_P2P_DISABLE", "1", 1);
}

Status checkGpusOfRanks(const Driver &driver, const Gpu &gpu,
                        Communicator &ranks) {
  struct Card {
    char host[256];
    char bus[64];
    int number; ///< in its process
  };
  Card own = {};
  Result<std::string> bus = busIdOf(driver, gpu);
  LLMC_TRY(ranks.agree(bus.status(), Communicator::Subject::Machine));
  std::strncpy(own.host, hostName().c_str(), sizeof(own.host) - 1);
  std::strncpy(own.bus, bus->c_str(), sizeof(own.bus) - 1);
  own.number = gpu.number;
  std::vector<Card> all(static_cast<size_t>(ranks.size()));
  LLMC_TRY(ranks.allGather(&own, all.data(), sizeof(own)));
  for (size_t second = 1; second < all.size(); ++second)
    for (size_t first = 0; first < second; ++first)
      if (!std::strcmp(all[first].host, all[second].host) &&
          !std::strcmp(all[first].bus, all[second].bus))
        return ranks.common(Status::error(
            "ranks {} and {} would both train on the GPU {} of {}; start no "
            "more ranks on a machine than it has GPUs, and see what "
            "CUDA_VISIBLE_DEVICES shows each",
            first, second, all[first].bus, all[first].host));
  // One rank speaks for the process; NCCL reads its settings later, and needs
  // the same in all processes.
  Status status = Status::ok();
  struct Lie {
    char copy[320]; ///< empty: none
  };
  Lie found = {};
  if (ranks.processSize() > 1 && ranks.processRank() == 0 &&
      !std::getenv("NCCL_P2P_DISABLE")) {
    std::vector<int> numbers;
    for (int one = 0; one < ranks.processSize(); ++one)
      numbers.push_back(all[static_cast<size_t>(ranks.rank() + one)].number);
    Result<std::string> lying = findLyingCopy(driver, numbers);
    status = lying.status();
    if (lying.isOk() && !lying->empty())
      std::strncpy(found.copy,
                   fmt::format("{} of {}", *lying, hostName()).c_str(),
                   sizeof(found.copy) - 1);
  }
  LLMC_TRY(ranks.agree(status, Communicator::Subject::Machine));
  std::vector<Lie> lies(all.size());
  LLMC_TRY(ranks.allGather(&found, lies.data(), sizeof(found)));
  for (const Lie &lie : lies)
    if (*lie.copy) {
      goThroughHost(lie.copy, ranks);
      break;
    }
  // Whoever reads the setting comes after who wrote it.
  return ranks.barrier();
}

} // namespace llmc::runtime::cuda
