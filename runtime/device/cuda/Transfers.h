//===- Transfers.h - copies between the host and the GPU ------------------===//
//
// Uploads go through pinned buffers on a stream of their own, so that the host
// may go on and kernels may run meanwhile. Downloads follow the kernels on the
// kernels' stream: what they read must be final, and the next kernel may change
// it.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_TRANSFERS_H
#define LLMC_RUNTIME_DEVICE_CUDA_TRANSFERS_H

#include "device/cuda/Cleanup.h"

#include <array>
#include <vector>

namespace llmc::runtime::cuda {

class Transfers {
public:
  /// `driver` outlives the object; `compute` is the kernels' stream.
  Status create(const Driver &driver, Cleanup &cleanup, CUstream compute);

  /// The uploads that follow wait for `event`.
  Status uploadAfter(CUevent event);
  /// `data` is free when the call returns.
  Status upload(CUdeviceptr to, const void *data, int64_t bytes);
  /// What follows on the kernels' stream waits for the uploads so far.
  Status join();

  /// Waits for the kernels and copies.
  Status download(void *data, CUdeviceptr from, int64_t bytes);
  /// Copies when the kernels so far are done; `data` is filled by `deliver`.
  Status downloadLater(void *data, CUdeviceptr from, int64_t bytes);
  /// Whether `downloadLater` has room for so many bytes.
  bool hasRoom(int64_t bytes) const;
  /// Fills in what was downloaded; call when the kernels' stream is done.
  void deliver();

private:
  struct Buffer {
    char *host = nullptr;
    CUevent copied = nullptr;
    bool isUsed = false;
  };
  struct Pending {
    void *data;
    int64_t offset;
    int64_t bytes;
  };

  const Driver *driver = nullptr;
  CUstream compute = nullptr, copies = nullptr;
  CUevent uploaded = nullptr;
  std::array<Buffer, 4> buffers;
  size_t nextBuffer = 0;
  bool joined = true;
  char *downloadBuffer = nullptr;
  char *results = nullptr;
  int64_t resultBytes = 0;
  std::vector<Pending> pending;
};

} // namespace llmc::runtime::cuda

#endif // LLMC_RUNTIME_DEVICE_CUDA_TRANSFERS_H
