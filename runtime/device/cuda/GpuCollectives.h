//===- GpuCollectives.h - what GPUs exchange, through NCCL ----------------===//
//
// Collectives of the entry points run on a stream of their own, beside the
// kernels, and are captured into the same CUDA graphs: a start waits for the
// kernels before it, a wait has the kernels after it wait for the collective.
//
// NCCL carries bytes and sums nothing: parts that are to be summed are sent to
// the rank that sums them, where a kernel of the program adds them in the order
// of ranks. That moves as much as NCCL's own reduce-scatter, and the bits do
// not depend on its version, its choice of algorithm, or the machine.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_GPUCOLLECTIVES_H
#define LLMC_RUNTIME_DEVICE_CUDA_GPUCOLLECTIVES_H

#include "abi/ProgramAbi.h"
#include "comm/Communicator.h"
#include "comm/NcclLibrary.h"
#include "core/Clock.h"
#include "device/cuda/Cleanup.h"
#include "device/cuda/Kernels.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace llmc::runtime::cuda {

class GpuCollectives {
public:
  /// All outlive the object.
  GpuCollectives(const LlmcProgram &program, Communicator &ranks)
      : program(program), ranks(ranks) {}
  ~GpuCollectives();

  /// Connects the ranks, and sees that what one sends arrives. All ranks call
  /// it, before memory is taken: NCCL takes some. Where one fails while others
  /// wait for it inside of NCCL, the program ends.
  Status connect(const Driver &driver, Cleanup &cleanup, CUstream compute);

  /// For an entry point that is run or captured. `kernels` are the program's.
  Status start(Kernels &kernels, int64_t collective, void *source,
               void *destination, void *scratch);
  Status wait(int64_t collective);
  /// Of one that was run: returns when it is done, names it if it failed.
  Status waitOnHost(int64_t collective);

  /// The host waits for the GPU, or no longer: who waits too long is told.
  void setWaiting(bool waits);
  /// What the watchdog found; afterwards NCCL is not used any more.
  Status status();

private:
  struct Events {
    CUevent ready = nullptr; ///< what is sent is there
    CUevent done = nullptr;
  };

  Status join(Cleanup &cleanup, const nccl::UniqueId &id);
  Status checkWires();
  Status exchange(const char *source, void *scratch, int64_t partBytes);
  Status sum(Kernels &kernels, const LlmcCollective &collective, char *own,
             char *sum, char *scratch);
  /// Until NCCL has done what it was asked for.
  Status settle(const char *what);
  void watch();
  void disconnect();

  const LlmcProgram &program;
  Communicator &ranks;
  const Driver *driver = nullptr;
  nccl::Library library;
  nccl::Comm comm = nullptr;
  CUstream compute = nullptr, stream = nullptr;
  std::vector<Events> events; // [collective]

  // Shared with the watchdog.
  std::mutex mutex; ///< of `comm`, `failure` and `stopping`
  std::condition_variable changed;
  Status failure = Status::ok();
  bool stopping = false;
  std::atomic<Clock::rep> waitingSince{0}; ///< 0: not
  std::thread watchdog;
};

} // namespace llmc::runtime::cuda

#endif // LLMC_RUNTIME_DEVICE_CUDA_GPUCOLLECTIVES_H
