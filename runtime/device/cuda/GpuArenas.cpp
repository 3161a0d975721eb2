//===- GpuArenas.cpp - the arenas on the GPU, tokens twice ----------------===//

#include "device/cuda/GpuArenas.h"

#include "core/Console.h"

#include <cassert>

namespace llmc::runtime::cuda {

namespace {

/// Alignment that the driver's allocations have.
constexpr int64_t driverAlignment = 256;

/// Takes memory and fills it with zeros on `compute`.
Status allocateZeroed(const Driver &driver, Cleanup &cleanup, CUstream compute,
                      const char *what, int64_t bytes, int64_t alignment,
                      CUdeviceptr &address) {
  if (bytes == 0)
    return Status::ok();
  const int64_t extra = alignment > driverAlignment ? alignment : 0;
  CUdeviceptr allocated = 0;
  CUresult result =
      driver.cuMemAlloc_v2(&allocated, static_cast<size_t>(bytes + extra));
  if (result == outOfMemory)
    return Status::error(
        "the GPU has no {} left for the {}, although they were free a moment "
        "ago: another program took them; stop it (nvidia-smi lists programs) "
        "and try again",
        formatBytes(bytes), what);
  LLMC_TRY(driver.check(result, "cannot allocate GPU memory"));
  cleanup.add([&driver, allocated] { driver.cuMemFree_v2(allocated); });
  address = extra ? (allocated + static_cast<CUdeviceptr>(alignment) - 1) &
                        ~static_cast<CUdeviceptr>(alignment - 1)
                  : allocated;
  return driver.check(
      driver.cuMemsetD8Async(address, 0, static_cast<size_t>(bytes), compute),
      "cannot fill GPU memory with zeros");
}

} // namespace

Status GpuArenas::create(const Driver &driver, Cleanup &cleanup,
                         CUstream compute, const HostArenas &hostArenas) {
  host = &hostArenas;
  for (int64_t i = 0; i < program.numArenas; ++i) {
    const LlmcArena &arena = program.arenas[i];
    if (arena.host) {
      addresses.push_back(host->data(i));
      continue;
    }
    CUdeviceptr address = 0;
    LLMC_TRY(allocateZeroed(driver, cleanup, compute, arena.name, arena.bytes,
                            arena.alignment, address));
    addresses.push_back(pointerTo(address));
    if (arena.kind == LlmcArenaIo) {
      batches[0].tokens =
          address + static_cast<CUdeviceptr>(program.tokensOffset);
      batches[0].targets =
          address + static_cast<CUdeviceptr>(program.targetsOffset);
    }
  }
  for (size_t i = 1; i < numBatches; ++i) {
    LLMC_TRY(allocateZeroed(driver, cleanup, compute, "next micro-batch",
                            2 * batchBytes(), 64, batches[i].tokens));
    batches[i].targets =
        batches[i].tokens + static_cast<CUdeviceptr>(batchBytes());
  }
  for (Batch &one : batches)
    LLMC_TRY(createEvent(driver, cleanup, eventUntimed, one.used));
  return Status::ok();
}

CUdeviceptr GpuArenas::inBatch(CUdeviceptr address) {
  const auto bytes = static_cast<CUdeviceptr>(batchBytes());
  for (CUdeviceptr Batch::*part : {&Batch::tokens, &Batch::targets})
    if (address >= batches[0].*part && address < batches[0].*part + bytes) {
      readsBatch = true;
      return address - batches[0].*part + batches[current].*part;
    }
  return address;
}

CUdeviceptr GpuArenas::address(LlmcArenaKind kind, int64_t offset,
                               int64_t bytes) {
  for (int64_t i = 0; i < program.numArenas; ++i)
    if (program.arenas[i].kind == kind) {
      assert(offset >= 0 && offset + bytes <= program.arenas[i].bytes &&
             "the program was checked before it ran");
      (void)bytes;
      CUdeviceptr found = addressOf(addresses[static_cast<size_t>(i)]) +
                          static_cast<CUdeviceptr>(offset);
      return kind == LlmcArenaIo ? inBatch(found) : found;
    }
  assert(false && "the program was checked to have this arena");
  return 0;
}

uint8_t *GpuArenas::onHost(LlmcArenaKind kind, int64_t offset) const {
  for (int64_t i = 0; i < program.numArenas; ++i)
    if (program.arenas[i].kind == kind && program.arenas[i].host)
      return host->data(i) + offset;
  return nullptr;
}

} // namespace llmc::runtime::cuda
