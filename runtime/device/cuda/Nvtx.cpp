//===- Nvtx.cpp - names for a profiler's time line ------------------------===//

#include "device/cuda/Nvtx.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <mutex>

namespace llmc::runtime::cuda {

namespace {

using Function = void (*)();

/// The functions of one module of the interface, by their numbers: a profiler
/// writes those that it implements through the table. Entry 0 is none, and so
/// is the one behind the last.
template <size_t numFunctions> struct Module {
  std::array<Function, numFunctions> functions{};
  std::array<Function *, numFunctions + 1> table{};

  Module() {
    for (size_t i = 1; i < numFunctions; ++i)
      table[i] = &functions[i];
  }
  Module(const Module &) = delete;
};

/// What a profiler expects to be asked for, in its modules' order from 1. Only
/// ranges of the first are called here, but a profiler may refuse a program
/// that lacks the others.
struct Interface {
  Module<16> core;
  Module<9> driver;
  Module<15> opencl;
  Module<7> runtime;
  Module<16> domains;
  Module<7> synchronisation;
};

// Numbers in the module `core`.
constexpr size_t pushRange = 9, popRange = 11;

Interface interface;
std::atomic<bool> isLoaded{false};

int getModuleFunctions(int module, Function ***table, unsigned *size) {
  auto give = [&](auto &found) {
    if (table)
      *table = found.table.data();
    if (size)
      *size = static_cast<unsigned>(found.functions.size());
    return 1;
  };
  switch (module) {
  case 1:
    return give(interface.core);
  case 2:
    return give(interface.driver);
  case 3:
    return give(interface.opencl);
  case 4:
    return give(interface.runtime);
  case 5:
    return give(interface.domains);
  case 6:
    return give(interface.synchronisation);
  default:
    return 0;
  }
}

void setProfilerVersion(uint32_t) {}

// The structures that a profiler asks for by number; each begins with its size.
struct Callbacks {
  size_t size;
  int (*getModuleFunctions)(int, Function ***, unsigned *);
};
struct VersionInfo {
  size_t size;
  uint32_t version, reserved;
  void (*setProfilerVersion)(uint32_t);
};
constexpr Callbacks callbacks = {sizeof(Callbacks), getModuleFunctions};
constexpr VersionInfo versionInfo = {sizeof(VersionInfo), 3, 0,
                                     setProfilerVersion};

const void *getStructure(uint32_t number) {
  return number == 1   ? static_cast<const void *>(&callbacks)
         : number == 3 ? static_cast<const void *>(&versionInfo)
                       : nullptr;
}

} // namespace

Status openProfiler() {
  static std::mutex mutex;
  std::lock_guard<std::mutex> lock(mutex);
  const char *path = std::getenv("NVTX_INJECTION64_PATH");
  if (!path || !*path || isLoaded)
    return Status::ok();
  auto mistake = [&](const char *reason) {
    return Status::error("NVTX_INJECTION64_PATH={}: no library of a profiler: "
                         "{}; unset it to run without one",
                         path, reason);
  };
  void *library = ::dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (!library)
    return mistake(::dlerror());
  auto initialize = reinterpret_cast<int (*)(const void *(*)(uint32_t))>(
      ::dlsym(library, "InitializeInjectionNvtx2"));
  if (!initialize) {
    ::dlclose(library);
    return mistake("it has no InitializeInjectionNvtx2");
  }
  if (initialize(getStructure) == 0) {
    interface.core.functions.fill(nullptr);
    ::dlclose(library);
    return Status::ok();
  }
  isLoaded = true;
  return Status::ok();
}

ProfilerRange::ProfilerRange(const std::string &name) {
  if (!isLoaded)
    return;
  if (Function push = interface.core.functions[pushRange])
    reinterpret_cast<int (*)(const char *)>(push)(name.c_str());
}

ProfilerRange::~ProfilerRange() {
  if (!isLoaded)
    return;
  if (Function pop = interface.core.functions[popRange])
    reinterpret_cast<int (*)()>(pop)();
}

} // namespace llmc::runtime::cuda
