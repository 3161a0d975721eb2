//===- FakeCudaDriver.cpp - a CUDA driver for tests of the runtime --------===//

#include "FakeCudaState.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

using namespace fakecuda;

namespace {

constexpr long sharedPerMultiprocessor = 102400, sharedReserved = 1024;

/// Blocks that a multiprocessor runs at once.
int sideBySide(unsigned threads, size_t sharedBytes) {
  return static_cast<int>(std::min<long>(
      1536 / threads, sharedPerMultiprocessor /
                          (static_cast<long>(sharedBytes) + sharedReserved)));
}

} // namespace

extern "C" {

void fakeCudaReset() {
  std::lock_guard<std::mutex> lock(mutex);
  delete state;
  state = new State;
  if (const char *words = std::getenv("LLMC_FAKE_CUDA"))
    configure(words);
}
void fakeCudaConfigure(const char *words) {
  std::lock_guard<std::mutex> lock(mutex);
  configure(words);
}
long fakeCudaCalls(const char *function) { return state->calls[function]; }
long fakeCudaLive() {
  return static_cast<long>(state->live.size() + state->registered.size());
}

long fakeCudaPending() {
  std::lock_guard<std::mutex> lock(mutex);
  size_t pending = 0;
  for (CUstream stream : state->streams)
    pending += stream->queue.size();
  return static_cast<long>(pending);
}

CUresult cuInit(unsigned) {
  if (state->calls.empty())
    if (const char *words = std::getenv("LLMC_FAKE_CUDA"))
      configure(words);
  ENTER(cuInit);
  return success;
}
CUresult cuDriverGetVersion(int *version) {
  ENTER(cuDriverGetVersion);
  *version = static_cast<int>(state->number("version", 13000));
  return success;
}
CUresult cuDeviceGetCount(int *count) {
  ENTER(cuDeviceGetCount);
  *count = static_cast<int>(state->number("devices", 1));
  return success;
}
CUresult cuDeviceGet(CUdevice *device, int number) {
  ENTER(cuDeviceGet);
  *device = number;
  return success;
}
CUresult cuDeviceGetName(char *name, int bytes, CUdevice) {
  ENTER(cuDeviceGetName);
  std::string text = state->settings.count("name") ? state->settings["name"]
                                                   : "NVIDIA_GeForce_RTX_4090";
  for (char &c : text)
    c = c == '_' ? ' ' : c;
  std::strncpy(name, text.c_str(), static_cast<size_t>(bytes));
  return success;
}
CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice) {
  ENTER(cuDeviceGetAttribute);
  *value = static_cast<int>(
      attribute == attributeComputeMajor   ? state->number("major", 8)
      : attribute == attributeComputeMinor ? state->number("minor", 9)
      : attribute == attributeSharedPerMultiprocessor ? sharedPerMultiprocessor
      : attribute == attributeSharedReserved          ? sharedReserved
                                             : state->number("shared", 101376));
  return success;
}
CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice) {
  ENTER(cuDeviceTotalMem_v2);
  *bytes = 25000000000;
  return success;
}
CUresult cuDeviceGetPCIBusId(char *text, int bytes, CUdevice device) {
  ENTER(cuDeviceGetPCIBusId);
  std::snprintf(text, static_cast<size_t>(bytes), "0000:%02x:00.0",
                static_cast<unsigned>(device + 1));
  return success;
}
CUresult cuDeviceCanAccessPeer(int *access, CUdevice, CUdevice) {
  ENTER(cuDeviceCanAccessPeer);
  *access = static_cast<int>(state->number("peers", 1));
  return success;
}
CUresult cuCtxEnablePeerAccess(CUcontext, unsigned) {
  ENTER(cuCtxEnablePeerAccess);
  return success;
}
CUresult cuCtxDisablePeerAccess(CUcontext) {
  ENTER(cuCtxDisablePeerAccess);
  return success;
}
CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice) {
  ENTER(cuDevicePrimaryCtxRetain);
  *context = &state->context;
  state->live.insert(*context);
  return success;
}
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) {
  ENTER(cuDevicePrimaryCtxRelease_v2);
  state->live.erase(&state->context);
  return success;
}
CUresult cuCtxSetCurrent(CUcontext) {
  ENTER(cuCtxSetCurrent);
  makeCurrent();
  return success;
}
CUresult cuCtxSynchronize() {
  ENTER(cuCtxSynchronize);
  for (CUstream stream : state->streams)
    advance(stream, true);
  return state->broken;
}
CUresult cuMemGetInfo_v2(size_t *available, size_t *total) {
  ENTER(cuMemGetInfo_v2);
  size_t taken = 0;
  for (auto [address, bytes] : state->memory)
    taken += bytes;
  *available = static_cast<size_t>(state->number("free", 24000000000)) - taken;
  *total = 25000000000;
  return success;
}
CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  ENTER(cuMemAlloc_v2);
  void *memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  std::memset(memory, 0xab, bytes);
  remember(memory, bytes);
  *address = reinterpret_cast<CUdeviceptr>(memory);
  return success;
}
CUresult cuMemFree_v2(CUdeviceptr address) {
  ENTER(cuMemFree_v2);
  return freeMemory(reinterpret_cast<void *>(address));
}
CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes,
                         CUstream stream) {
  ENTER(cuMemsetD8Async);
  if (!isOurs(to, bytes))
    return 1;
  return enqueue(stream, {[=] {
                   std::memset(reinterpret_cast<void *>(to), value, bytes);
                 }});
}
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes,
                              CUstream stream) {
  ENTER(cuMemcpyHtoDAsync_v2);
  if (!isOurs(to, bytes) || !isOurs(numberOf(from), bytes))
    return 1;
  return enqueue(stream, {[=] {
                   std::memcpy(reinterpret_cast<void *>(to), from, bytes);
                 }});
}
CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  ENTER(cuMemcpyDtoHAsync_v2);
  if (!isOurs(from, bytes) || !isOurs(numberOf(to), bytes))
    return 1;
  return enqueue(stream, {[=] {
                   std::memcpy(to, reinterpret_cast<void *>(from), bytes);
                 }});
}
static CUresult copyOnDevice(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                             CUstream stream, bool lies) {
  if (!isOurs(to, bytes) || !isOurs(from, bytes))
    return 1;
  return enqueue(stream, {[=] {
                   if (lies)
                     std::memset(reinterpret_cast<void *>(to), 0, bytes);
                   else
                     std::memcpy(reinterpret_cast<void *>(to),
                                 reinterpret_cast<void *>(from), bytes);
                 }});
}
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  ENTER(cuMemcpyDtoDAsync_v2);
  return copyOnDevice(to, from, bytes, stream, false);
}
CUresult cuMemcpyPeerAsync(CUdeviceptr to, CUcontext, CUdeviceptr from,
                           CUcontext, size_t bytes, CUstream stream) {
  ENTER(cuMemcpyPeerAsync);
  return copyOnDevice(to, from, bytes, stream, state->number("lies", 0));
}
CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned) {
  ENTER(cuMemHostAlloc);
  *memory = std::malloc(bytes);
  remember(*memory, bytes);
  return success;
}
CUresult cuMemFreeHost(void *memory) {
  ENTER(cuMemFreeHost);
  return freeMemory(memory);
}
CUresult cuMemHostRegister_v2(void *memory, size_t bytes, unsigned) {
  ENTER(cuMemHostRegister_v2);
  state->registered[numberOf(memory)] = bytes;
  return success;
}
CUresult cuMemHostUnregister(void *memory) {
  ENTER(cuMemHostUnregister);
  return state->registered.erase(numberOf(memory)) ? success : 713;
}
CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  ENTER(cuModuleLoadData);
  return make(module, new CUmod_st{static_cast<const FakeModule *>(image)});
}
CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count,
                            int *options, void **values) {
  std::lock_guard<std::mutex> lock(mutex);
  if (CUresult injected = enter("cuModuleLoadDataEx")) {
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == jitErrorLog)
        std::strcpy(static_cast<char *>(values[i]),
                    "ptxas application ptx input, line 7; error: no");
    return injected;
  }
  return make(module,
              new CUmod_st{&static_cast<const FakePtx *>(image)->module});
}
CUresult cuModuleUnload(CUmodule module) {
  ENTER(cuModuleUnload);
  return destroy(module);
}
CUresult cuModuleGetFunction(CUfunction *function, CUmodule module,
                             const char *symbol) {
  ENTER(cuModuleGetFunction);
  for (int i = 0; i < module->module->numKernels; ++i)
    if (!std::strcmp(module->module->kernels[i].symbol, symbol)) {
      state->functions.push_back({module->module->kernels[i]});
      *function = &state->functions.back();
      return success;
    }
  return 500; // CUDA_ERROR_NOT_FOUND
}
CUresult cuFuncGetAttribute(int *value, int, CUfunction) {
  ENTER(cuFuncGetAttribute);
  *value = static_cast<int>(state->number("maxthreads", 1024));
  return success;
}
CUresult cuFuncSetAttribute(CUfunction function, int attribute, int value) {
  ENTER(cuFuncSetAttribute);
  if (attribute == functionSharedCarveout) {
    if (value < -1 || value > 100)
      return 1;
    function->carveout = value;
    return success;
  }
  if (value < 0 || value > state->number("shared", 101376))
    return 1;
  if (attribute == functionDynamicShared)
    function->sharedLimit = static_cast<unsigned>(value);
  return success;
}
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks,
                                                     CUfunction function,
                                                     int threads,
                                                     size_t sharedBytes) {
  ENTER(cuOccupancyMaxActiveBlocksPerMultiprocessor);
  if (threads < 1 || sharedBytes > function->sharedLimit)
    return 1;
  *blocks = sideBySide(static_cast<unsigned>(threads), sharedBytes);
  return success;
}
CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY,
                        unsigned gridZ, unsigned threads, unsigned, unsigned,
                        unsigned sharedBytes, CUstream stream,
                        void **parameters, void **) {
  ENTER(cuLaunchKernel);
  if (!gridX || !gridY || !gridZ || gridX > 0x7fffffff || gridY > 65535 ||
      gridZ > 65535 || threads == 0 ||
      threads > static_cast<unsigned>(state->number("maxthreads", 1024)) ||
      sharedBytes > function->sharedLimit)
    return 1; // CUDA_ERROR_INVALID_VALUE
  // Stricter than a driver, to whom it is a wish: the blocks that can run side
  // by side have their shared memory.
  if (sharedBytes && function->carveout * sharedPerMultiprocessor <
                         100 * sideBySide(threads, sharedBytes) *
                             static_cast<long>(sharedBytes + sharedReserved))
    return 1;
  std::vector<void *> values;
  for (int i = 0; i < function->kernel.numArguments; ++i)
    values.push_back(*static_cast<void **>(parameters[i]));
  stream->isOfKernels = true;
  FakeKernel kernel = function->kernel;
  auto launch = [=]() mutable {
    if (state->faultSymbol == kernel.symbol)
      state->broken = state->faultResult;
    if (state->broken)
      return;
    for (unsigned z = 0; z < gridZ; ++z)
      for (unsigned y = 0; y < gridY; ++y)
        for (unsigned x = 0; x < gridX; ++x)
          kernel.function(values.data(), x, y, z, state->workspace.data());
  };
  return enqueue(stream, {launch});
}
CUresult cuGetErrorName(CUresult result, const char **name) {
  static const std::map<CUresult, const char *> names = {
      {2, "CUDA_ERROR_OUT_OF_MEMORY"},
      {100, "CUDA_ERROR_NO_DEVICE"},
      {218, "CUDA_ERROR_INVALID_PTX"},
      {700, "CUDA_ERROR_ILLEGAL_ADDRESS"},
      {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"},
      {999, "CUDA_ERROR_UNKNOWN"}};
  auto found = names.find(result);
  *name = found == names.end() ? nullptr : found->second;
  return success;
}
CUresult cuGetErrorString(CUresult, const char **text) {
  *text = "as the test wants it";
  return success;
}
}
