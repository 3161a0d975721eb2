//===- Device.h - what the training loop asks of a device -----------------===//
//
// The seam between the loop and the hardware. The loop never holds a pointer
// into an arena: it reads and writes through this interface, so that a device
// with a memory of its own fits behind it.
//
// Work is asynchronous: calls take effect in the order in which they are made,
// but `run` may return before the entry point has finished. `finish` waits, and
// reports what went wrong in the meantime; after a failure every call returns
// it.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_DEVICE_H
#define LLMC_RUNTIME_DEVICE_DEVICE_H

#include "abi/ProgramAbi.h"
#include "comm/Communicator.h"
#include "core/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::runtime {

/// Bytes of the program's arenas that lie on the device, or on the host beside
/// it; a workspace counts once.
int64_t arenaBytes(const LlmcProgram &program, bool ofHost);

/// Time spent in one kernel since profiling began.
struct KernelTime {
  int64_t calls = 0;
  double seconds = 0;
};

/// The most arithmetic that a device can do in a second.
struct Peak {
  double flopsPerSecond = 0; ///< 0: unknown
  std::string rule;          ///< what is counted and where it is from
};

/// The most that a device can read and write in its memory in a second.
struct Bandwidth {
  double bytesPerSecond = 0; ///< 0: unknown
  std::string rule;          ///< what is counted and where it is from
};

class Device {
public:
  virtual ~Device() = default;

  /// The ranks, a device each, that train together.
  Communicator &ranks() const { return communicator; }

  /// "cpu, 8 threads".
  virtual std::string description() const = 0;
  /// Allocates every arena of the program, once. All bytes are zero.
  virtual Status allocate() = 0;
  /// Bytes that `allocate` takes of the device, workspaces of all threads
  /// included.
  virtual int64_t plannedBytes() const = 0;
  /// Bytes that `allocate` takes for arenas of the host.
  virtual int64_t hostBytes() const = 0;

  /// Bytes that this program holds on the device now; -1 when unknown.
  virtual int64_t bytesInUse() const = 0;
  /// Of the device that `allocate` has found. May be measured, in a moment.
  virtual Peak peak() const { return {}; }
  /// Asked for before `allocate`: to measure it takes memory for a moment.
  virtual Bandwidth bandwidth() const { return {0, "unknown"}; }

  /// Copies to or from an arena. `data` is free when `write` returns, and
  /// filled when `read` does. Calls on disjoint ranges may run at the same
  /// time.
  virtual Status write(LlmcArenaKind kind, int64_t offset, const void *data,
                       int64_t bytes) = 0;
  virtual Status read(LlmcArenaKind kind, int64_t offset, void *data,
                      int64_t bytes) = 0;
  /// Reads a few bytes as they are now; `data` is filled when `finish` returns.
  virtual Status readLater(LlmcArenaKind kind, int64_t offset, void *data,
                           int64_t bytes) = 0;
  /// Sets the tokens and the targets, [batch, sequence] each, of the entry
  /// points that follow. May copy while an earlier one still runs.
  virtual Status writeBatch(const int32_t *tokens, const int32_t *targets) = 0;

  /// Runs an entry point.
  virtual Status run(LlmcEntryPoint entry) = 0;
  /// Waits for everything so far.
  virtual Status finish() = 0;
  /// Runs one kernel; called by the entry points through llmcLaunch.
  virtual void launch(int64_t kernel, void **args) = 0;
  /// Copies between arenas of the host and the device; called by the entry
  /// points through llmcStartCopy and llmcWaitCopy.
  virtual void startCopy(int64_t copy, const void *source,
                         void *destination) = 0;
  virtual void waitCopy(int64_t copy) = 0;
  /// What ranks do together; called by the entry points through
  /// llmcStartCollective and llmcWaitCollective.
  virtual void startCollective(int64_t collective, void *source,
                               void *destination, void *scratch) = 0;
  virtual void waitCollective(int64_t collective) = 0;

  /// Whether a kernel has failed, and the error could not say which one.
  virtual bool hasUnnamedFault() const { return false; }

  /// Starts timing every launch.
  virtual void startProfile() = 0;
  /// One entry per kernel of the program; empty when not profiling.
  virtual const std::vector<KernelTime> &profile() const = 0;

protected:
  /// `communicator` outlives the device.
  explicit Device(Communicator &communicator = Communicator::solo())
      : communicator(communicator) {}

private:
  Communicator &communicator;
};

/// What the program's LlmcContext pointer points to.
struct DeviceContext : LlmcContext {
  DeviceContext() : LlmcContext{nullptr, 0} {}

  Device *device = nullptr;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_DEVICE_DEVICE_H
