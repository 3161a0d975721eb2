//===- CudaDevice.h - runs a program on one NVIDIA GPU --------------------===//
//
// Everything is taken once, by `allocate`: arenas, code, pinned buffers, and a
// CUDA graph for each entry point, copies from and to arenas of the host
// included, which `run` replays; an entry point that reads tokens or targets
// has a graph for each of the copies that there are of them.
//
// When profiling, or with LLMC_LAUNCH_BLOCKING=1 in the environment, kernels
// are launched one by one and waited for, so that times and faults are those of
// a kernel.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
#define LLMC_RUNTIME_DEVICE_CUDA_CUDADEVICE_H

#include "device/Device.h"
#include "device/cuda/GpuArenas.h"
#include "device/cuda/GpuCollectives.h"
#include "device/cuda/HostArenas.h"
#include "device/cuda/Kernels.h"
#include "device/cuda/Transfers.h"

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace llmc::runtime {

class CudaDevice final : public Device {
public:
  /// `program` was checked; it and `ranks` outlive the device. GPU `number` is
  /// used, when negative the one that LLMC_DEVICE names, else the first; of
  /// several ranks on a machine each has the GPU of its number there.
  explicit CudaDevice(const LlmcProgram &program, int number = -1,
                      Communicator &ranks = Communicator::solo());
  ~CudaDevice() override;

  std::string description() const override;
  Status allocate() override;
  int64_t plannedBytes() const override { return arenas.plannedBytes(); }
  int64_t hostBytes() const override { return hostArenas.bytes(); }
  int64_t bytesInUse() const override { return takenBytes; }
  Peak peak() const override { return cuda::peakOf(gpu, program); }
  Status write(LlmcArenaKind kind, int64_t offset, const void *data,
               int64_t bytes) override;
  Status read(LlmcArenaKind kind, int64_t offset, void *data,
              int64_t bytes) override;
  Status readLater(LlmcArenaKind kind, int64_t offset, void *data,
                   int64_t bytes) override;
  Status writeBatch(const int32_t *tokens, const int32_t *targets) override;
  Status run(LlmcEntryPoint entry) override;
  Status finish() override;
  void launch(int64_t kernel, void **args) override;
  void startCopy(int64_t copy, const void *source, void *destination) override;
  void waitCopy(int64_t copy) override;
  void startCollective(int64_t collective, void *source, void *destination,
                       void *scratch) override;
  void waitCollective(int64_t collective) override;
  bool hasUnnamedFault() const override {
    return driver && driver->hasFault() && !runsOneByOne();
  }
  void startProfile() override;
  const std::vector<KernelTime> &profile() const override { return times; }

private:
  struct EntryGraphs {
    LlmcEntryPoint entry;
    const char *name;
    cuda::CUgraphExec graphs[cuda::GpuArenas::numBatches];
  };

  Status openGpu();
  /// That what the arenas need is free, and what NCCL still takes.
  Status checkFree(int64_t ofNccl);
  Status prepareMemory();
  Status captureEntries();
  Status captureEntry(EntryGraphs &entry, size_t batch);
  Status enter();
  template <typename Body> Status watched(const Body &body);
  Status keep(Status status);
  Status waitForKernels();
  Status launchOne(int64_t index, void **args);
  Status launchAndWait(const LlmcKernel &kernel, int64_t index, void **args);
  Status runEntry(LlmcEntryPoint entry);
  bool runsOneByOne() const { return isBlocking || !times.empty(); }

  const LlmcProgram &program;
  const int number;
  bool isBlocking = false;
  std::mutex mutex;
  Status failure = Status::ok();
  std::unique_ptr<cuda::Driver> driver;
  cuda::Gpu gpu;
  cuda::Code code = cuda::Code::Cubin;
  cuda::CUcontext gpuContext = nullptr;
  cuda::CUstream compute = nullptr;
  cuda::CUevent started = nullptr, ended = nullptr; ///< of a timed launch
  cuda::Transfers transfers;
  cuda::HostArenas hostArenas;
  cuda::GpuArenas arenas;
  cuda::Kernels kernels;
  std::optional<cuda::GpuCollectives> collectives; ///< with several ranks
  DeviceContext context;
  std::vector<void *> arguments; ///< of a launch, addresses in the batch
  std::vector<EntryGraphs> entries;
  bool isCapturing = false;
  const char *lastEntry = "filling memory";
  int64_t takenBytes = -1;
  std::vector<KernelTime> times;
  cuda::Cleanup cleanup; ///< last: runs first
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
