//===- GpuArenas.h - the arenas on the GPU, tokens twice ------------------===//
//
// Where each arena lies. Tokens and targets are there twice, so that the next
// micro-batch is copied while this one is computed: the first copy is where the
// plan has it, and an address in it stands for that in the current copy.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_GPUARENAS_H
#define LLMC_RUNTIME_DEVICE_CUDA_GPUARENAS_H

#include "abi/ProgramAbi.h"
#include "device/cuda/HostArenas.h"

#include <array>
#include <vector>

namespace llmc::runtime::cuda {

inline void *pointerTo(CUdeviceptr address) {
  return reinterpret_cast<void *>(static_cast<uintptr_t>(address));
}

inline CUdeviceptr addressOf(const void *pointer) {
  return static_cast<CUdeviceptr>(reinterpret_cast<uintptr_t>(pointer));
}

class GpuArenas {
public:
  static constexpr size_t numBatches = 2;

  /// One copy of the tokens and targets; the first lies in the Io arena.
  struct Batch {
    CUdeviceptr tokens = 0, targets = 0;
    CUevent used = nullptr; ///< after the last entry point that read it
    bool isUsed = false;
  };

  explicit GpuArenas(const LlmcProgram &program) : program(program) {}

  /// What the plan puts on the GPU, and the further copies of the batch.
  int64_t plannedBytes() const {
    return arenaBytes(program, /*ofHost=*/false) + furtherBatchBytes();
  }
  int64_t furtherBatchBytes() const {
    return 2 * batchBytes() * static_cast<int64_t>(numBatches - 1);
  }
  /// Of the tokens, or of the targets, of one micro-batch.
  int64_t batchBytes() const { return program.batch * program.sequence * 4; }

  /// Takes the memory, filled with zeros on `compute`, the kernels' stream.
  /// `host` was created and outlives the object; `driver` outlives what
  /// `cleanup` does.
  Status create(const Driver &driver, Cleanup &cleanup, CUstream compute,
                const HostArenas &host);

  /// Of each arena, those of the host too; constant once created. [arena]
  void **bases() { return addresses.data(); }

  CUdeviceptr address(LlmcArenaKind kind, int64_t offset, int64_t bytes);
  /// The same in an arena of the host; null in one of the GPU.
  uint8_t *onHost(LlmcArenaKind kind, int64_t offset) const;

  Batch &batch() { return batches[current]; }
  const std::array<Batch, numBatches> &allBatches() const { return batches; }
  size_t batchNumber() const { return current; }
  void selectBatch(size_t number) { current = number; }
  void nextBatch() { current = (current + 1) % numBatches; }

  /// An address in the first copy of the tokens or the targets becomes that in
  /// the current one.
  CUdeviceptr inBatch(CUdeviceptr address);
  /// Whether an address was in the tokens or targets since `forgetReads`.
  bool wasBatchRead() const { return readsBatch; }
  void forgetReads() { readsBatch = false; }

private:
  const LlmcProgram &program;
  const HostArenas *host = nullptr;
  std::vector<void *> addresses;
  std::array<Batch, numBatches> batches;
  size_t current = 0;
  bool readsBatch = false;
};

} // namespace llmc::runtime::cuda

#endif // LLMC_RUNTIME_DEVICE_CUDA_GPUARENAS_H
