//===- Transfers.cpp - copies between the host and the GPU ----------------===//

#include "device/cuda/Transfers.h"

#include <algorithm>
#include <cstring>

namespace llmc::runtime::cuda {
namespace {

/// Large enough for the bus to be busy, small enough to pin without a thought.
constexpr int64_t bufferBytes = int64_t(1) << 20;
/// Losses and norms between two calls of `finish`.
constexpr int64_t resultRoom = 16384;

} // namespace

Status Transfers::create(const Driver &owner, Cleanup &cleanup,
                         CUstream kernels) {
  driver = &owner;
  compute = kernels;
  LLMC_TRY(createStream(*driver, cleanup, copies));
  LLMC_TRY(createEvent(*driver, cleanup, eventUntimed, uploaded));
  void *pinned = nullptr;
  constexpr int64_t numBuffers = std::tuple_size_v<decltype(buffers)>;
  LLMC_TRY(allocatePinned(*driver, cleanup,
                          (numBuffers + 1) * bufferBytes + resultRoom, pinned,
                          "cannot pin host memory for copies"));
  char *next = static_cast<char *>(pinned);
  for (Buffer &buffer : buffers) {
    buffer.host = next;
    next += bufferBytes;
    LLMC_TRY(createEvent(*driver, cleanup, eventUntimed, buffer.copied));
  }
  downloadBuffer = next;
  results = next + bufferBytes;
  pending.reserve(static_cast<size_t>(resultRoom / 4));
  return Status::ok();
}

Status Transfers::uploadAfter(CUevent event) {
  return driver->check(driver->cuStreamWaitEvent(copies, event, 0),
                       "a copy to the GPU cannot wait");
}

Status Transfers::upload(CUdeviceptr to, const void *data, int64_t bytes) {
  const char *what = "a copy to the GPU failed";
  const char *from = static_cast<const char *>(data);
  for (int64_t at = 0; at < bytes; at += bufferBytes) {
    const auto count = static_cast<size_t>(std::min(bufferBytes, bytes - at));
    Buffer &buffer = buffers[nextBuffer++ % buffers.size()];
    if (buffer.isUsed)
      LLMC_TRY(driver->check(driver->cuEventSynchronize(buffer.copied), what));
    buffer.isUsed = true;
    std::memcpy(buffer.host, from + at, count);
    LLMC_TRY(driver->check(
        driver->cuMemcpyHtoDAsync_v2(to + static_cast<CUdeviceptr>(at),
                                     buffer.host, count, copies),
        what));
    LLMC_TRY(driver->check(driver->cuEventRecord(buffer.copied, copies), what));
  }
  joined = false;
  return Status::ok();
}

Status Transfers::join() {
  if (joined)
    return Status::ok();
  joined = true;
  const char *what = "kernels cannot wait for a copy";
  LLMC_TRY(driver->check(driver->cuEventRecord(uploaded, copies), what));
  return driver->check(driver->cuStreamWaitEvent(compute, uploaded, 0), what);
}

Status Transfers::download(void *data, CUdeviceptr from, int64_t bytes) {
  const char *what = "a copy from the GPU failed";
  LLMC_TRY(join());
  for (int64_t at = 0; at < bytes; at += bufferBytes) {
    const auto count = static_cast<size_t>(std::min(bufferBytes, bytes - at));
    LLMC_TRY(driver->check(
        driver->cuMemcpyDtoHAsync_v2(downloadBuffer,
                                     from + static_cast<CUdeviceptr>(at), count,
                                     compute),
        what));
    LLMC_TRY(driver->check(driver->cuStreamSynchronize(compute), what));
    std::memcpy(static_cast<char *>(data) + at, downloadBuffer, count);
  }
  return Status::ok();
}

bool Transfers::hasRoom(int64_t bytes) const {
  return resultBytes + bytes <= resultRoom;
}

Status Transfers::downloadLater(void *data, CUdeviceptr from, int64_t bytes) {
  LLMC_TRY(join());
  LLMC_TRY(driver->check(
      driver->cuMemcpyDtoHAsync_v2(results + resultBytes, from,
                                   static_cast<size_t>(bytes), compute),
      "a copy from the GPU failed"));
  pending.push_back({data, resultBytes, bytes});
  resultBytes += bytes;
  return Status::ok();
}

void Transfers::deliver() {
  for (const Pending &one : pending)
    std::memcpy(one.data, results + one.offset, static_cast<size_t>(one.bytes));
  pending.clear();
  resultBytes = 0;
}

} // namespace llmc::runtime::cuda
