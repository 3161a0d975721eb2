//===- State.h - The emulated driver's state --------------------*- C++ -*-===//

#ifndef LLMC_EMULATOR_DRIVER_STATE_H
#define LLMC_EMULATOR_DRIVER_STATE_H

#include "../engine/Engine.h"
#include "Cuda.h"
#include "Faults.h"
#include "Streams.h"

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>

namespace llmc::emulator {

struct Function {
  Kernel *kernel;
  Module *module;
};

struct State {
  State();

  /// There is one for each device, from the first call to the end of the
  /// program.
  static State &of(CUdevice device);
  /// That of the device whose context this thread has made current; before,
  /// the first one's, for calls that need no context.
  static State &get();
  static bool isCurrent();
  static void makeCurrent(CUdevice device);

  Engine engine;
  Faults faults;
  Streams streams;
  std::map<CUevent, Event> events;
  std::map<CUgraph, std::shared_ptr<Graph>> graphs;
  std::map<CUgraphExec, std::shared_ptr<Graph>> executables;
  std::map<CUmodule, std::unique_ptr<Module>> modules;
  std::map<CUfunction, std::unique_ptr<Function>> functions;
  std::set<void *> hostAllocations;
  std::map<char *, size_t> hostRegistrations; ///< bytes, by address
  std::set<CUcontext> peers;               ///< whose memory this device reaches
  std::map<std::string, int64_t> launches; // by kernel
  std::atomic<int> contextUsers{0};        ///< retains of the primary context
  /// The error that a failed kernel left; nothing works after it.
  CUresult sticky = CUDA_SUCCESS;
  std::recursive_mutex mutex;

  CUresult launch(const Function &function, const Engine::Shape &shape,
                  const std::vector<uint64_t> &arguments);
  /// The counters of all devices.
  static void writeReport();

  // Of the driver as a whole.
  static std::atomic<bool> isInitialized;
  static std::atomic<int64_t> calls;
};

/// "llmc-emulator: error: ..." on stderr.
void complain(const std::string &what);

/// Begins every call: holds the lock of the current device, and `result` says
/// whether the call fails before it does anything.
class Call {
public:
  enum Needs { Nothing, Driver, Context };
  Call(const char *function, Needs needs);

  State &state;
  CUresult result = CUDA_SUCCESS;

private:
  std::lock_guard<std::recursive_mutex> lock;
};

/// While one is there, calls of this thread are not permitted: a stream runs a
/// function of the host.
class HostFunction {
public:
  HostFunction();
  ~HostFunction();
};

#define LLMC_CALL(needs)                                                       \
  ::llmc::emulator::Call call(__func__, ::llmc::emulator::Call::needs);        \
  ::llmc::emulator::State &state = call.state;                                 \
  (void)state;                                                                 \
  if (call.result)                                                             \
  return call.result

} // namespace llmc::emulator

#endif // LLMC_EMULATOR_DRIVER_STATE_H
