//===- HostArenas.h - arenas in the host's memory, beside a GPU -----------===//
//
// Memory of the host that is pinned, so that the GPU's copy engines reach it by
// themselves, and a stream for each direction, so that both go on at one time,
// beside kernels.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_HOSTARENAS_H
#define LLMC_RUNTIME_DEVICE_CUDA_HOSTARENAS_H

#include "abi/ProgramAbi.h"
#include "device/Arena.h"
#include "device/Device.h"
#include "device/cuda/Cleanup.h"

#include <vector>

namespace llmc::runtime::cuda {

class HostArenas {
public:
  explicit HostArenas(const LlmcProgram &program) : program(program) {}

  /// Bytes of all arenas of the host.
  int64_t bytes() const { return arenaBytes(program, /*ofHost=*/true); }
  /// Checks that the machine has the memory, for `ranks` such programs. Takes
  /// nothing.
  Status check(int ranks) const;
  /// Takes memory and streams, if there are arenas of the host. `driver`
  /// outlives the object; `compute` is the kernels' stream.
  Status create(const Driver &driver, Cleanup &cleanup, CUstream compute);
  /// The memory of arenas[index], which is one of the host; all zero.
  uint8_t *data(int64_t index) const {
    return arenas[static_cast<size_t>(index)].data();
  }

  /// Starts copies[copy] behind the kernels so far.
  Status start(int64_t copy, const void *source, void *destination);
  /// What follows on the kernels' stream comes after copies[copy].
  Status wait(int64_t copy);

private:
  Status pin(const LlmcArena &arena, Arena &memory);

  const LlmcProgram &program;
  const Driver *driver = nullptr;
  Cleanup *cleanup = nullptr;
  CUstream compute = nullptr;
  CUstream streams[2] = {};  ///< [LlmcCopyDirection]
  CUevent ready[2] = {};     ///< the kernels that a copy comes after
  std::vector<CUevent> done; ///< of copies that are under way, [copy]
  std::vector<CUevent> idle; ///< events for the next copies
  std::vector<Arena> arenas; ///< [arena], empty for those of the GPU
};

} // namespace llmc::runtime::cuda

#endif // LLMC_RUNTIME_DEVICE_CUDA_HOSTARENAS_H
