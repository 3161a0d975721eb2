//===- Doctor.cpp - what of this machine is in the program's way ----------===//

#include "train/Doctor.h"

#include "abi/NcclMemory.h"
#include "comm/Launch.h"
#include "comm/MpiLibrary.h"
#include "comm/NcclLibrary.h"
#include "core/Clock.h"
#include "core/Console.h"
#include "device/Arena.h"
#include "device/cpu/ThreadPool.h"
#include "device/cuda/Cleanup.h"
#include "device/cuda/Nvml.h"
#include "device/cuda/Peers.h"
#include "train/Program.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

namespace llmc::runtime {

using namespace cuda;

namespace {

/// Long enough to be measured, short enough to wait for.
constexpr int64_t probeBytes = int64_t(32) << 20;
/// What `Transfers` pins for each GPU.
constexpr int64_t copyBuffers = int64_t(6) << 20;
/// A GPU that rests has slow clocks and a slow link, and takes some tenths of a
/// second to come back: so long it is kept busy, and the best time counts.
constexpr std::chrono::milliseconds wakingTime(400);
/// What of a link's rate copies reach.
constexpr double usualShare = 0.6;

/// What copies between the host and a GPU reach, in bytes a second, and what
/// surrounds the GPU while they are under way.
struct Link {
  double up = 0, down = 0;
  Surroundings around;
};

class Examination {
public:
  explicit Examination(const LlmcProgram &program) : program(program) {}
  void run();

  std::vector<Finding> findings;

private:
  void ok(const std::string &what, const std::string &text) {
    findings.push_back({Finding::Ok, what, text});
  }
  void slow(const std::string &what, const std::string &text) {
    findings.push_back({Finding::Slow, what, text});
  }
  void fails(const std::string &what, const std::string &text) {
    findings.push_back({Finding::Fails, what, text});
  }
  int64_t pinnedBytes() const {
    return (copyBuffers + arenaBytes(program, /*ofHost=*/true)) * program.ranks;
  }
  int64_t ncclBytes() const {
    return ncclDeviceBytes(program.ranks,
                           static_cast<int32_t>(program.ncclChannels));
  }
  int64_t exchangedBytes() const;
  std::string costOf(double bytesPerSecond) const;

  void examineHost();
  void examinePinning();
  void examineGpus(const Driver &driver, int count);
  void examineGpu(const Driver &driver, const Gpu &gpu);
  void examineSlot(const Gpu &gpu, const Link &link);
  void examinePeers(const Driver &driver);
  void examineNccl();
  Status measureHost(const Driver &driver, const Gpu &gpu, Link &link,
                     int64_t &available);

  const LlmcProgram &program;
  Nvml nvml;
  std::vector<Gpu> gpus; ///< that the program would use
  bool goesThroughHost = false, arrives = true;
};

/// Sent by a rank in a step: gradients are summed, parameters gathered, from
/// stage 3 on twice.
int64_t Examination::exchangedBytes() const {
  int64_t elements = 0;
  for (int64_t i = 0; i < program.numBuckets; ++i)
    elements += program.buckets[i].elements;
  const bool hasCopies = findArena(program, LlmcArenaCompute) != nullptr;
  const int64_t gathered =
      (hasCopies ? 2 : 4) * (program.zeroStage >= 3 ? 2 : 1);
  return elements * (4 + gathered) / program.ranks * (program.ranks - 1);
}

/// What a rate between GPUs means for a step.
std::string Examination::costOf(double bytesPerSecond) const {
  if (program.ranks == 1 || bytesPerSecond <= 0)
    return "";
  return fmt::format("; a step sends {} per GPU, {:.1f} ms at this rate",
                     formatBytes(exchangedBytes()),
                     static_cast<double>(exchangedBytes()) / bytesPerSecond *
                         1e3);
}

void Examination::run() {
  ok("program",
     fmt::format("{}, {} parameters, for {}, {} rank{}{}", program.modelName,
                 program.parameters, program.target, program.ranks,
                 program.ranks == 1 ? "" : "s",
                 program.ranks == 1
                     ? ""
                     : fmt::format(", ZeRO stage {}", program.zeroStage)));
  examineHost();
  if (program.deviceKind == LlmcDeviceCpu)
    return;
  examinePinning();
  Result<std::unique_ptr<Driver>> driver = Driver::open();
  if (!driver.isOk())
    return fails("driver", driver.message());
  Status managed = nvml.open();
  ok("driver", fmt::format("{}, CUDA {}{}", (*driver)->path,
                           cuda::formatVersion((*driver)->version),
                           managed.isOk() ? ", " + nvml.driverVersion : ""));
  if (!managed.isOk())
    slow("NVML",
         managed.message() + "; PCIe, power and temperature are not known");
  int count = 0;
  Status counted =
      (*driver)->check((*driver)->cuDeviceGetCount(&count), "cuDeviceGetCount");
  if (!counted.isOk())
    return fails("GPUs", counted.message());
  examineGpus(**driver, count);
  if (gpus.size() > 1)
    examinePeers(**driver);
  if (program.ranks > 1)
    examineNccl();
}

void Examination::examineHost() {
  const bool onCpu = program.deviceKind == LlmcDeviceCpu;
  const int64_t needed =
      onCpu ? (arenaBytes(program, false) + arenaBytes(program, true)) *
                  program.ranks
            : pinnedBytes();
  const int64_t available = availableMemory();
  const std::string text = fmt::format(
      "{}: {} processors, {} of memory available; the program {} {}",
      hostName(), availableProcessors(),
      available < 0 ? "?" : formatBytes(available), onCpu ? "needs" : "pins",
      formatBytes(needed));
  if (available >= 0 && needed > available)
    fails("host", text + (onCpu ? "; stop other programs, or compile with a "
                                  "smaller --batch or --seq"
                                : "; stop other programs"));
  else
    ok("host", text);
  if (onCpu && program.ranks > 1) {
    mpi::Library library;
    Status loaded = library.load();
    ok("ranks", loaded.isOk()
                    ? "as threads when started plainly, as processes "
                      "with Open MPI's mpirun"
                    : "as threads when started plainly; " + loaded.message());
  }
}

void Examination::examinePinning() {
  const int64_t limit = lockedMemoryLimit();
  if (limit < 0)
    return;
  const int64_t needed = pinnedBytes();
  if (limit >= needed)
    return ok("pinned memory",
              fmt::format("{} allowed (ulimit -l)",
                          limit == std::numeric_limits<int64_t>::max()
                              ? "any amount"
                              : formatBytes(limit)));
  slow("pinned memory",
       fmt::format("{} allowed (ulimit -l), the program pins {}: some drivers "
                   "and networks refuse that; raise it with ulimit -l "
                   "unlimited, or memlock in /etc/security/limits.conf",
                   formatBytes(limit), formatBytes(needed)));
}

void Examination::examineGpus(const Driver &driver, int count) {
  if (count < program.ranks)
    fails("GPUs",
          fmt::format("the program trains on {}, this machine has {}; compile "
                      "the model with --gpus {}, or start its ranks on several "
                      "machines with mpirun",
                      program.ranks, count, std::max(1, count)));
  for (int number = 0; number < count; ++number) {
    Result<Gpu> gpu = chooseGpu(driver, number);
    if (!gpu.isOk()) {
      fails(fmt::format("GPU {}", number), gpu.message());
      continue;
    }
    // Of one rank any of them may be chosen.
    if (number < program.ranks || program.ranks == 1)
      gpus.push_back(*gpu);
  }
  for (const Gpu &gpu : gpus)
    examineGpu(driver, gpu);
}

Status Examination::measureHost(const Driver &driver, const Gpu &gpu,
                                Link &link, int64_t &available) {
  const char *what = "a copy between host and GPU failed";
  CUcontext context = nullptr;
  LLMC_TRY(driver.check(driver.cuDevicePrimaryCtxRetain(&context, gpu.device),
                        "the GPU cannot be used"));
  Cleanup cleanup;
  cleanup.add([&] { driver.cuDevicePrimaryCtxRelease_v2(gpu.device); });
  LLMC_TRY(
      driver.check(driver.cuCtxSetCurrent(context), "the GPU cannot be used"));
  size_t free = 0, total = 0;
  LLMC_TRY(driver.check(driver.cuMemGetInfo_v2(&free, &total), "cuMemGetInfo"));
  available = static_cast<int64_t>(free);
  if (available < 2 * probeBytes)
    return Status::ok();
  CUdeviceptr device = 0;
  void *pinned = nullptr;
  CUstream stream = nullptr;
  CUevent begin = nullptr, end = nullptr;
  LLMC_TRY(allocateGpu(driver, cleanup, probeBytes, device,
                       "cannot allocate GPU memory"));
  LLMC_TRY(allocatePinned(driver, cleanup, probeBytes, pinned,
                          "cannot pin host memory for copies: see ulimit -l"));
  std::memset(pinned, 1, probeBytes);
  LLMC_TRY(createStream(driver, cleanup, stream));
  LLMC_TRY(createEvent(driver, cleanup, eventTimed, begin));
  LLMC_TRY(createEvent(driver, cleanup, eventTimed, end));
  constexpr int rounds = 4;
  // Puts `rounds` copies on the stream, between the two events.
  auto copy = [&](bool isUp) -> Status {
    LLMC_TRY(driver.check(driver.cuEventRecord(begin, stream), what));
    for (int round = 0; round < rounds; ++round)
      LLMC_TRY(driver.check(
          isUp
              ? driver.cuMemcpyHtoDAsync_v2(device, pinned, probeBytes, stream)
              : driver.cuMemcpyDtoHAsync_v2(pinned, device, probeBytes, stream),
          what));
    return driver.check(driver.cuEventRecord(end, stream), what);
  };
  auto wait = [&] {
    return driver.check(driver.cuStreamSynchronize(stream), what);
  };
  for (bool isUp : {true, false}) {
    double &rate = isUp ? link.up : link.down;
    const Clock::time_point start = Clock::now();
    do {
      LLMC_TRY(copy(isUp));
      LLMC_TRY(wait());
      float milliseconds = 0;
      LLMC_TRY(
          driver.check(driver.cuEventElapsedTime(&milliseconds, begin, end),
                       "cuEventElapsedTime"));
      if (milliseconds > 0)
        rate = std::max(rate, rounds * static_cast<double>(probeBytes) /
                                  (milliseconds * 1e-3));
    } while (Clock::now() - start < wakingTime);
  }
  // A GPU that rests says the speed to which it has lowered its link.
  if (Result<std::string> bus = busIdOf(driver, gpu); bus.isOk()) {
    LLMC_TRY(copy(true));
    link.around = nvml.ask(*bus);
    LLMC_TRY(wait());
  }
  return Status::ok();
}

void Examination::examineGpu(const Driver &driver, const Gpu &gpu) {
  const std::string name = fmt::format("GPU {}", gpu.number);
  Link link;
  int64_t available = 0;
  Status measured = measureHost(driver, gpu, link, available);
  if (!measured.isOk())
    return fails(name, measured.message());
  if (Result<Code> code = chooseCode(driver, gpu, program); !code.isOk())
    fails(name, code.message());
  const std::string memory = fmt::format(
      "{}: {} of {} free, the plan takes {}", gpu.name, formatBytes(available),
      formatBytes(gpu.totalBytes),
      formatBytes(arenaBytes(program, false)) +
          (ncclBytes() ? ", NCCL up to " + formatBytes(ncclBytes()) : ""));
  // With what the driver and NCCL take beside it.
  if (checkMemory(program, gpu, available, driverReserve, ncclBytes()).isOk())
    ok(name, memory + ": fits");
  else
    fails(name, memory + ": does not fit; stop other programs that use this "
                         "GPU (nvidia-smi lists them), or compile with a "
                         "smaller --batch or --seq, or with --offload");
  ok(name, fmt::format("host to GPU {:.1f} GB/s, GPU to host {:.1f} GB/s",
                       link.up * 1e-9, link.down * 1e-9));
  examineSlot(gpu, link);
}

void Examination::examineSlot(const Gpu &gpu, const Link &found) {
  const std::string name = fmt::format("GPU {}", gpu.number);
  const Surroundings &around = found.around;
  const double rate = std::min(found.up, found.down);
  if (around.width > 0 && around.generation > 0) {
    // GB/s of a lane, by generation, after line coding.
    constexpr double ofLane[] = {0, 0.25, 0.5, 0.985, 1.969, 3.938, 7.56};
    const double link = ofLane[std::min(around.generation, 6)] * around.width;
    const std::string text =
        fmt::format("PCIe {}.0 x{} now, {}.0 x{} at most", around.generation,
                    around.width, around.mostGeneration, around.mostWidth);
    if (around.width < around.mostWidth)
      slow(name, fmt::format("{}: copies are {} times as slow as they could "
                             "be; use a slot with {} lanes, or another riser",
                             text, around.mostWidth / around.width,
                             around.mostWidth));
    else if (around.generation < around.mostGeneration)
      slow(name, text + ": see the board's setting of the slot; a GPU that "
                        "rests lowers it, too, but copies were under way");
    else if (rate > 0 && rate * 1e-9 < usualShare * link)
      slow(name, fmt::format("{}, {:.1f} GB/s, of which copies reach only "
                             "{:.1f}: other devices may share the lanes",
                             text, link, rate * 1e-9));
    else
      ok(name, text);
  }
  if (around.powerLimit > 0) {
    const std::string text = fmt::format("{} W allowed, {} W as delivered",
                                         around.powerLimit, around.usualPower);
    if (around.powerLimit < around.usualPower * 9 / 10)
      slow(name,
           text + ": kernels run at lower clocks; nvidia-smi -pl sets it");
    else
      ok(name, text);
  }
  constexpr int hot = 83;
  if (around.temperature >= hot)
    slow(name, fmt::format("{} C: clocks are lowered from about {} C on; see "
                           "to its cooling",
                           around.temperature, hot));
  else if (around.temperature >= 0)
    ok(name, fmt::format("{} C", around.temperature));
}

void Examination::examinePeers(const Driver &driver) {
  for (const Gpu &from : gpus)
    for (const Gpu &to : gpus) {
      if (from.number == to.number)
        continue;
      const std::string name =
          fmt::format("GPU {} to {}", from.number, to.number);
      Result<PeerCopy> copy = tryPeerCopy(driver, from, to, probeBytes);
      if (!copy.isOk()) {
        fails(name, copy.message());
        continue;
      }
      const std::string rate =
          fmt::format("{:.1f} GB/s", copy->bytesPerSecond * 1e-9) +
          costOf(copy->bytesPerSecond);
      goesThroughHost |= !copy->hasAccess;
      arrives &= copy->arrives;
      if (copy->arrives && copy->hasAccess)
        ok(name, "direct, what is copied arrives, " + rate);
      else if (copy->arrives)
        slow(name, "no peer access: through the host, " + rate);
      else if (copy->hasAccess)
        slow(name, "direct copies arrive as something else: the program goes "
                   "through the host instead (NCCL_P2P_DISABLE); switch the "
                   "IOMMU off, or use a driver without the patch for peer "
                   "access");
      else
        fails(name, "what is copied through the host arrives as something "
                    "else; see the messages of the system (dmesg)");
    }
}

void Examination::examineNccl() {
  nccl::Library library;
  if (Status loaded = library.load(); !loaded.isOk())
    return fails("NCCL", loaded.message());
  const char *asked = std::getenv("NCCL_P2P_DISABLE");
  const bool isOff = asked && std::strcmp(asked, "0") != 0;
  ok("NCCL",
     fmt::format("{}, version {}; between these GPUs {}", library.path,
                 nccl::formatVersion(library.version),
                 isOff ? "through the host: NCCL_P2P_DISABLE is set"
                 : !arrives || goesThroughHost ? "through the host's memory"
                                               : "direct"));
}

} // namespace

std::vector<Finding> examine(const LlmcProgram &program) {
  Examination examination(program);
  examination.run();
  return std::move(examination.findings);
}

} // namespace llmc::runtime
