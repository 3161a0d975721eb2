//===- FakeProfiler.cpp - a profiler's library that keeps a list ----------===//
//
// Loaded through NVTX_INJECTION64_PATH. It asks for what NVIDIA's tools ask for
// and keeps the ranges that begin and end, as in "(micro_step(sum))".
//
//===----------------------------------------------------------------------===//

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using Function = void (*)();
struct Callbacks {
  size_t size;
  int (*getModuleFunctions)(int, Function ***, unsigned *);
};
struct VersionInfo {
  size_t size;
  uint32_t version, reserved;
  void (*setProfilerVersion)(uint32_t);
};

std::string ranges;

int push(const char *name) {
  ranges += "(" + std::string(name);
  return 0;
}
int pop() {
  ranges += ")";
  return 0;
}

} // namespace

extern "C" const char *fakeProfilerRanges() { return ranges.c_str(); }

extern "C" int InitializeInjectionNvtx2(const void *(*getStructure)(uint32_t)) {
  auto *version = static_cast<const VersionInfo *>(getStructure(3));
  if (!version || version->size < sizeof(VersionInfo) || version->version != 3)
    return 0;
  version->setProfilerVersion(3);
  auto *callbacks = static_cast<const Callbacks *>(getStructure(1));
  if (!callbacks || callbacks->size < sizeof(Callbacks) || getStructure(2))
    return 0;
  // Core, CUDA, OpenCL, CUDA's runtime, domains, synchronisation.
  const unsigned sizes[] = {16, 9, 15, 7, 16, 7};
  for (int module = 1; module <= 6; ++module) {
    Function **table = nullptr;
    unsigned size = 0;
    if (!callbacks->getModuleFunctions(module, &table, &size) ||
        size != sizes[module - 1] || table[0] || table[size])
      return 0;
    for (unsigned i = 1; i < size; ++i)
      if (!table[i])
        return 0;
    if (module != 1)
      continue;
    *table[9] = reinterpret_cast<Function>(push);
    *table[11] = reinterpret_cast<Function>(pop);
  }
  if (callbacks->getModuleFunctions(7, nullptr, nullptr))
    return 0;
  return std::getenv("FAKE_PROFILER_DECLINES") ? 0 : 1;
}
