//===- Device.h - what the training loop asks of a device -----------------===//
//
// The seam between the loop and the hardware. The loop never holds a pointer
// into an arena: it reads and writes through this interface, so that a device
// with a memory of its own fits behind it.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_DEVICE_H
#define LLMC_RUNTIME_DEVICE_DEVICE_H

#include "abi/ProgramAbi.h"
#include "core/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::runtime {

/// Time spent in one kernel since profiling began.
struct KernelTime {
  int64_t calls = 0;
  double seconds = 0;
};

class Device {
public:
  virtual ~Device() = default;

  /// "cpu, 8 threads".
  virtual std::string description() const = 0;
  /// Allocates every arena of the program, once. All bytes are zero.
  virtual Status allocate() = 0;
  /// Bytes that `allocate` takes, workspaces of all threads included.
  virtual int64_t plannedBytes() const = 0;

  /// Copies to or from an arena; done when the call returns. Calls on disjoint
  /// ranges may run at the same time.
  virtual Status write(LlmcArenaKind kind, int64_t offset, const void *data,
                       int64_t bytes) = 0;
  virtual Status read(LlmcArenaKind kind, int64_t offset, void *data,
                      int64_t bytes) = 0;

  /// Runs an entry point to its end.
  virtual Status run(LlmcEntryPoint entry) = 0;
  /// Runs one kernel; called by the entry points through llmcLaunch.
  virtual void launch(int64_t kernel, void **args) = 0;

  /// Starts timing every launch.
  virtual void startProfile() = 0;
  /// One entry per kernel of the program; empty when not profiling.
  virtual const std::vector<KernelTime> &profile() const = 0;
};

/// What the program's LlmcContext pointer points to.
struct DeviceContext : LlmcContext {
  Device *device = nullptr;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_DEVICE_DEVICE_H
