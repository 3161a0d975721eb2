//===- CpuDevice.cpp - runs a program on the processors of this machine ---===//

#include "device/cpu/CpuDevice.h"

#include "comm/Launch.h"
#include "core/Clock.h"
#include "core/Console.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace llmc::runtime {
namespace {

int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

} // namespace

CpuDevice::CpuDevice(const LlmcProgram &program, ThreadPool &pool,
                     Communicator &ranks, int64_t libraryBytes)
    : Device(ranks), program(program), pool(pool), libraryBytes(libraryBytes) {
  context.device = this;
  context.rank = ranks.rank();
  if (ranks.size() > 1)
    collectives.emplace(program, ranks);
  if (program.numCopies > 0)
    for (std::unique_ptr<WorkQueue> &queue : copies)
      queue = std::make_unique<WorkQueue>(program.numCopies);
}

std::string CpuDevice::description() const {
  return fmt::format("{} thread{}", pool.size(), pool.size() == 1 ? "" : "s");
}

int64_t CpuDevice::allocatedBytes(const LlmcArena &arena) const {
  if (arena.kind != LlmcArenaWorkspace)
    return arena.bytes;
  // Threads must not share a cache line, whatever the arena's alignment.
  return roundUp(arena.bytes, std::max(64, arena.alignment)) *
         int64_t(pool.size());
}

int64_t CpuDevice::totalBytes(bool host) const {
  int64_t total = 0;
  for (int64_t i = 0; i < program.numArenas; ++i)
    if (bool(program.arenas[i].host) == host)
      total += allocatedBytes(program.arenas[i]);
  return total;
}

/// All ranks of this machine take their memory at once.
Status CpuDevice::checkMemory() const {
  const int64_t available = availableMemory();
  const int64_t needed = (plannedBytes() + hostBytes()) * ranks().localSize();
  if (available < 0 || needed <= available)
    return Status::ok();
  return Status::error(
      "the program needs {} of memory{}, {} are available; stop other "
      "programs, or compile with a smaller --batch or --seq",
      formatBytes(needed),
      ranks().localSize() > 1
          ? fmt::format(" for {} ranks", ranks().localSize())
          : "",
      formatBytes(available));
}

Status CpuDevice::allocate() {
  // Before anyone takes what others would miss.
  LLMC_TRY(ranks().agree(checkMemory(), Communicator::Subject::Machine));
  for (int64_t i = 0; i < program.numArenas; ++i) {
    const LlmcArena &description = program.arenas[i];
    Result<Arena> arena =
        Arena::allocate(description.name, allocatedBytes(description),
                        std::max(64, description.alignment));
    if (!arena.isOk())
      return arena.status();
    if (description.kind == LlmcArenaWorkspace) {
      workspace = arena->data();
      workspaceStride =
          roundUp(description.bytes, std::max(64, description.alignment));
    }
    bases.push_back(arena->data());
    arenas.push_back(std::move(*arena));
  }
  context.arenas = bases.data();
  return Status::ok();
}

uint8_t *CpuDevice::address(LlmcArenaKind kind, int64_t offset,
                            int64_t bytes) const {
  for (int64_t i = 0; i < program.numArenas; ++i)
    if (program.arenas[i].kind == kind) {
      assert(offset >= 0 && offset + bytes <= program.arenas[i].bytes &&
             "the program was checked before it ran");
      (void)bytes;
      return arenas[static_cast<size_t>(i)].data() + offset;
    }
  assert(false && "the program was checked to have this arena");
  return nullptr;
}

Status CpuDevice::write(LlmcArenaKind kind, int64_t offset, const void *data,
                        int64_t bytes) {
  std::memcpy(address(kind, offset, bytes), data, static_cast<size_t>(bytes));
  return Status::ok();
}

Status CpuDevice::read(LlmcArenaKind kind, int64_t offset, void *data,
                       int64_t bytes) {
  std::memcpy(data, address(kind, offset, bytes), static_cast<size_t>(bytes));
  return Status::ok();
}

Status CpuDevice::writeBatch(const int32_t *tokens, const int32_t *targets) {
  const int64_t bytes = program.batch * program.sequence * 4;
  LLMC_TRY(write(LlmcArenaIo, program.tokensOffset, tokens, bytes));
  return write(LlmcArenaIo, program.targetsOffset, targets, bytes);
}

Status CpuDevice::run(LlmcEntryPoint entry) {
  entry(&context);
  return collectives ? collectives->status() : Status::ok();
}

void CpuDevice::launch(int64_t index, void **args) {
  const LlmcKernel &kernel = program.kernels[index];
  Clock::time_point start;
  if (!times.empty())
    start = Clock::now();

  const int64_t gridX = kernel.gridX, gridY = kernel.gridY;
  pool.forRanges(gridX * gridY * kernel.gridZ, [&](int64_t first, int64_t last,
                                                   unsigned thread) {
    uint8_t *scratch = workspace + workspaceStride * int64_t(thread);
    // x runs fastest.
    for (int64_t block = first; block < last; ++block)
      kernel.function(args, block % gridX, block / gridX % gridY,
                      block / (gridX * gridY), scratch);
  });

  if (!times.empty()) {
    KernelTime &time = times[static_cast<size_t>(index)];
    ++time.calls;
    time.seconds += secondsSince(start);
  }
}

void CpuDevice::startCopy(int64_t copy, const void *source, void *destination) {
  const auto bytes = static_cast<size_t>(program.copies[copy].bytes);
  queueOf(copy).start(copy, [=] {
    std::memcpy(destination, source, bytes);
    return Status::ok();
  });
}

void CpuDevice::waitCopy(int64_t copy) { queueOf(copy).wait(copy); }

void CpuDevice::startProfile() {
  times.assign(static_cast<size_t>(program.numKernels), KernelTime());
}

} // namespace llmc::runtime
