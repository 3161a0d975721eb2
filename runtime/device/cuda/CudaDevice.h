//===- CudaDevice.h - runs a program on one NVIDIA GPU --------------------===//
//
// Everything is taken once, by `allocate`: arenas, code, pinned buffers, and a
// CUDA graph for each entry point, copies from and to arenas of the host
// included, which `run` replays. Tokens and targets are
// there twice, so that the next micro-batch is copied while this one is
// computed; an entry point that reads them has a graph for each of the two.
//
// When profiling, or with LLMC_LAUNCH_BLOCKING=1 in the environment, kernels
// are launched one by one and waited for, so that times and faults are those of
// a kernel.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
#define LLMC_RUNTIME_DEVICE_CUDA_CUDADEVICE_H

#include "device/Device.h"
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
  int64_t plannedBytes() const override;
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
  static constexpr size_t numBatches = 2;

  struct EntryGraphs {
    LlmcEntryPoint entry;
    const char *name;
    cuda::CUgraphExec graphs[numBatches];
  };
  /// One copy of the tokens and targets; the first lies in the Io arena.
  struct Batch {
    cuda::CUdeviceptr tokens = 0, targets = 0;
    cuda::CUevent used = nullptr; ///< after the last entry point that read it
    bool isUsed = false;
  };

  Status openGpu();
  Status prepareMemory();
  Status allocateArenas();
  Status allocateZeroed(const char *what, int64_t bytes, int64_t alignment,
                        cuda::CUdeviceptr &address);
  Status createBatches();
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
  int64_t batchBytes() const { return program.batch * program.sequence * 4; }
  cuda::CUdeviceptr inBatch(cuda::CUdeviceptr address);
  cuda::CUdeviceptr address(LlmcArenaKind kind, int64_t offset, int64_t bytes);
  /// The same in an arena of the host; null in one of the GPU.
  uint8_t *onHost(LlmcArenaKind kind, int64_t offset) const;

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
  cuda::Kernels kernels;
  std::optional<cuda::GpuCollectives> collectives; ///< with several ranks
  DeviceContext context;
  std::vector<void *> bases;
  std::vector<void *> arguments; ///< of a launch, addresses in the batch
  std::vector<EntryGraphs> entries;
  Batch batches[numBatches];
  size_t batch = 0;
  bool readsBatch = false; ///< whether the entry being captured does
  bool isCapturing = false;
  const char *lastEntry = "filling memory";
  int64_t takenBytes = -1;
  std::vector<KernelTime> times;
  cuda::Cleanup cleanup; ///< last: runs first
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_DEVICE_CUDA_CUDADEVICE_H
