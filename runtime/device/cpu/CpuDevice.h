//===- CpuDevice.h - runs a program on the processors of this machine -----===//
//
// Arenas of the host are memory of their own, which no kernel sees: copies
// between the two run on a thread for each direction, so that a program's
// schedule of transfers is carried out as on a GPU.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CPU_CPUDEVICE_H
#define LLMC_RUNTIME_DEVICE_CPU_CPUDEVICE_H

#include "comm/CollectiveQueue.h"
#include "core/WorkQueue.h"
#include "device/Arena.h"
#include "device/Device.h"
#include "device/cpu/Ceilings.h"
#include "device/cpu/ThreadPool.h"

#include <memory>
#include <optional>
#include <vector>

namespace llmc::runtime {

class CpuDevice final : public Device {
public:
  /// All outlive the device. Several `ranks` are those that the program was
  /// compiled for; what they took of memory, `libraryBytes`, is not the
  /// program's.
  CpuDevice(const LlmcProgram &program, ThreadPool &pool,
            Communicator &ranks = Communicator::solo(),
            int64_t libraryBytes = 0);

  std::string description() const override;
  Status allocate() override;
  int64_t plannedBytes() const override { return totalBytes(/*host=*/false); }
  int64_t hostBytes() const override { return totalBytes(/*host=*/true); }
  int64_t bytesInUse() const override {
    return ownResidentBytes() - libraryBytes;
  }
  Peak peak() const override { return measurePeak(pool); }
  Bandwidth bandwidth() const override { return measureBandwidth(pool); }
  Status write(LlmcArenaKind kind, int64_t offset, const void *data,
               int64_t bytes) override;
  Status read(LlmcArenaKind kind, int64_t offset, void *data,
              int64_t bytes) override;
  Status readLater(LlmcArenaKind kind, int64_t offset, void *data,
                   int64_t bytes) override {
    return read(kind, offset, data, bytes);
  }
  Status writeBatch(const int32_t *tokens, const int32_t *targets) override;
  Status run(LlmcEntryPoint entry) override;
  Status finish() override { return Status::ok(); }
  void launch(int64_t kernel, void **args) override;
  void startCopy(int64_t copy, const void *source, void *destination) override;
  void waitCopy(int64_t copy) override;
  void startCollective(int64_t collective, void *source, void *destination,
                       void *scratch) override {
    collectives->start(collective, source, destination, scratch);
  }
  void waitCollective(int64_t collective) override {
    collectives->wait(collective);
  }
  void startProfile() override;
  const std::vector<KernelTime> &profile() const override { return times; }

private:
  Status checkMemory() const;
  int64_t allocatedBytes(const LlmcArena &arena) const;
  int64_t totalBytes(bool host) const;
  WorkQueue &queueOf(int64_t copy) {
    return *copies[static_cast<size_t>(program.copies[copy].direction)];
  }
  uint8_t *address(LlmcArenaKind kind, int64_t offset, int64_t bytes) const;

  const LlmcProgram &program;
  ThreadPool &pool;
  int64_t libraryBytes;
  DeviceContext context;
  std::optional<CollectiveQueue> collectives; // with several ranks
  std::vector<Arena> arenas;
  std::vector<void *> bases;
  uint8_t *workspace = nullptr;
  int64_t workspaceStride = 0;
  std::vector<KernelTime> times;
  std::unique_ptr<WorkQueue> copies[2]; ///< [LlmcCopyDirection]; after arenas
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_DEVICE_CPU_CPUDEVICE_H
