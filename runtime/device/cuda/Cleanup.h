//===- Cleanup.h - what to undo, in the reverse order ---------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_CLEANUP_H
#define LLMC_RUNTIME_DEVICE_CUDA_CLEANUP_H

#include "device/cuda/Driver.h"

#include <functional>
#include <utility>
#include <vector>

namespace llmc::runtime::cuda {

/// Frees what was created, the newest first. Results are ignored: after a
/// fault every call of the driver fails.
class Cleanup {
public:
  Cleanup() = default;
  Cleanup(const Cleanup &) = delete;
  Cleanup &operator=(const Cleanup &) = delete;
  ~Cleanup() { run(); }

  void add(std::function<void()> undo) { undos.push_back(std::move(undo)); }
  void run() {
    while (!undos.empty()) {
      undos.back()();
      undos.pop_back();
    }
  }

private:
  std::vector<std::function<void()>> undos;
};

inline Status createStream(const Driver &driver, Cleanup &cleanup,
                           CUstream &stream) {
  LLMC_TRY(driver.check(driver.cuStreamCreate(&stream, streamNonBlocking),
                        "cannot create a stream"));
  cleanup.add([&driver, stream] { driver.cuStreamDestroy_v2(stream); });
  return Status::ok();
}

inline Status createEvent(const Driver &driver, Cleanup &cleanup,
                          unsigned flags, CUevent &event) {
  LLMC_TRY(driver.check(driver.cuEventCreate(&event, flags),
                        "cannot create an event"));
  cleanup.add([&driver, event] { driver.cuEventDestroy_v2(event); });
  return Status::ok();
}

/// `bytes` of the current GPU's memory. `what` is the error's begin.
inline Status allocateGpu(const Driver &driver, Cleanup &cleanup, int64_t bytes,
                          CUdeviceptr &address, const char *what) {
  LLMC_TRY(driver.check(
      driver.cuMemAlloc_v2(&address, static_cast<size_t>(bytes)), what));
  cleanup.add([&driver, address] { driver.cuMemFree_v2(address); });
  return Status::ok();
}

/// `bytes` of the host's memory that GPUs reach by themselves.
inline Status allocatePinned(const Driver &driver, Cleanup &cleanup,
                             int64_t bytes, void *&address, const char *what) {
  LLMC_TRY(driver.check(
      driver.cuMemHostAlloc(&address, static_cast<size_t>(bytes), 0), what));
  cleanup.add([&driver, address = address] { driver.cuMemFreeHost(address); });
  return Status::ok();
}

} // namespace llmc::runtime::cuda

#endif // LLMC_RUNTIME_DEVICE_CUDA_CLEANUP_H
