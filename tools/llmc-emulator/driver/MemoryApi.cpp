//===- MemoryApi.cpp - Memory and copies ----------------------------------===//

#include "State.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>

using namespace llmc::emulator;

static void *pointer(CUdeviceptr address) {
  return reinterpret_cast<void *>(uintptr_t(address));
}

/// What the range is not, or CUDA_SUCCESS. Copies of nothing are fine.
static CUresult checkRange(const State &state, const char *function,
                           CUdeviceptr address, size_t bytes) {
  if (!bytes || state.engine.memory.find(pointer(address), bytes))
    return CUDA_SUCCESS;
  complain(std::string(function) + ": " + std::to_string(bytes) +
           " bytes do not lie within one allocation of the device");
  return CUDA_ERROR_INVALID_VALUE;
}

static size_t freeBytes(const State &state) {
  int64_t free =
      state.faults.memoryBytes - int64_t(state.engine.memory.allocated());
  if (state.faults.freeBytes >= 0)
    free = std::min(free, state.faults.freeBytes -
                              int64_t(state.engine.memory.allocated()));
  return size_t(std::max<int64_t>(free, 0));
}

LLMC_CUDA_API cuMemGetInfo_v2(size_t *free, size_t *total) {
  LLMC_CALL(Context);
  *free = freeBytes(state);
  *total = size_t(state.faults.memoryBytes);
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  LLMC_CALL(Context);
  if (CUresult result = state.streams.checkUncaptured())
    return result;
  if (!bytes)
    return CUDA_ERROR_INVALID_VALUE;
  if (bytes > freeBytes(state) || (state.faults.largestBytes >= 0 &&
                                   bytes > size_t(state.faults.largestBytes)))
    return CUDA_ERROR_OUT_OF_MEMORY;
  void *base = state.engine.memory.allocate(bytes);
  if (!base)
    return CUDA_ERROR_OUT_OF_MEMORY;
  *address = reinterpret_cast<uintptr_t>(base);
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuMemFree_v2(CUdeviceptr address) {
  LLMC_CALL(Context);
  if (CUresult result = state.streams.checkUncaptured())
    return result;
  if (!address)
    return CUDA_SUCCESS;
  // Work that was put off may still use it.
  if (CUresult result = state.streams.drainAll())
    return result;
  return state.engine.memory.release(pointer(address))
             ? CUDA_SUCCESS
             : CUDA_ERROR_INVALID_VALUE;
}

LLMC_CUDA_API cuMemHostAlloc(void **memory, size_t bytes, unsigned) {
  LLMC_CALL(Context);
  if (CUresult result = state.streams.checkUncaptured())
    return result;
  *memory = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  if (!*memory)
    return CUDA_ERROR_OUT_OF_MEMORY;
  state.hostAllocations.insert(*memory);
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuMemFreeHost(void *memory) {
  LLMC_CALL(Context);
  if (CUresult result = state.streams.checkUncaptured())
    return result;
  if (!state.hostAllocations.erase(memory))
    return CUDA_ERROR_INVALID_VALUE;
  if (CUresult result = state.streams.drainAll())
    return result;
  std::free(memory);
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuMemHostRegister_v2(void *memory, size_t bytes, unsigned) {
  LLMC_CALL(Context);
  if (CUresult result = state.streams.checkUncaptured())
    return result;
  if (!memory || !bytes)
    return CUDA_ERROR_INVALID_VALUE;
  auto *begin = static_cast<char *>(memory), *end = begin + bytes;
  auto after = state.hostRegistrations.lower_bound(begin);
  if (after != state.hostRegistrations.end() && after->first < end)
    return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
  if (after != state.hostRegistrations.begin())
    if (auto before = std::prev(after); before->first + before->second > begin)
      return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
  state.hostRegistrations[begin] = bytes;
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuMemHostUnregister(void *memory) {
  LLMC_CALL(Context);
  if (CUresult result = state.streams.checkUncaptured())
    return result;
  if (!state.hostRegistrations.erase(static_cast<char *>(memory)))
    return CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
  // The program may give the memory back now.
  return state.streams.drainAll();
}

//===----------------------------------------------------------------------===//
// Copies and fills
//===----------------------------------------------------------------------===//

static CUresult submitCopy(State &state, const char *function, CUstream handle,
                           CUdeviceptr target, const void *source, size_t bytes,
                           bool toDevice) {
  Stream *stream = state.streams.find(handle);
  if (!stream)
    return CUDA_ERROR_INVALID_HANDLE;
  CUdeviceptr device =
      toDevice ? target : CUdeviceptr(reinterpret_cast<uintptr_t>(source));
  if (CUresult result = checkRange(state, function, device, bytes))
    return result;
  return state.streams.submit(*stream, [=, &state] {
    std::memcpy(pointer(target), source, bytes);
    if (toDevice)
      state.engine.memory.markWritten(pointer(target), bytes);
    return CUDA_SUCCESS;
  });
}

static CUdeviceptr address(const void *p) {
  return CUdeviceptr(reinterpret_cast<uintptr_t>(p));
}

LLMC_CUDA_API cuMemcpyHtoDAsync_v2(CUdeviceptr target, const void *source,
                                   size_t bytes, CUstream stream) {
  LLMC_CALL(Context);
  return submitCopy(state, __func__, stream, target, source, bytes, true);
}

LLMC_CUDA_API cuMemcpyDtoHAsync_v2(void *target, CUdeviceptr source,
                                   size_t bytes, CUstream stream) {
  LLMC_CALL(Context);
  return submitCopy(state, __func__, stream, address(target), pointer(source),
                    bytes, false);
}

LLMC_CUDA_API cuMemcpyHtoD_v2(CUdeviceptr target, const void *source,
                              size_t bytes) {
  LLMC_CALL(Context);
  if (CUresult result = state.streams.checkUncaptured())
    return result;
  return submitCopy(state, __func__, nullptr, target, source, bytes, true);
}

LLMC_CUDA_API cuMemcpyDtoH_v2(void *target, CUdeviceptr source, size_t bytes) {
  LLMC_CALL(Context);
  if (CUresult result = state.streams.checkUncaptured())
    return result;
  return submitCopy(state, __func__, nullptr, address(target), pointer(source),
                    bytes, false);
}

LLMC_CUDA_API cuMemcpyDtoDAsync_v2(CUdeviceptr target, CUdeviceptr source,
                                   size_t bytes, CUstream stream) {
  LLMC_CALL(Context);
  if (CUresult result = checkRange(state, __func__, source, bytes))
    return result;
  return submitCopy(state, __func__, stream, target, pointer(source), bytes,
                    true);
}

// The two devices' locks are taken one after the other: copies between devices
// that two threads start at once would otherwise wait for each other.
LLMC_CUDA_API cuMemcpyPeerAsync(CUdeviceptr target, CUcontext targetContext,
                                CUdeviceptr source, CUcontext sourceContext,
                                size_t bytes, CUstream handle) {
  auto &from = *reinterpret_cast<State *>(sourceContext);
  {
    std::lock_guard<std::recursive_mutex> lock(from.mutex);
    if (CUresult result = checkRange(from, __func__, source, bytes))
      return result;
  }
  LLMC_CALL(Context);
  if (reinterpret_cast<State *>(targetContext) != &state)
    return CUDA_ERROR_INVALID_CONTEXT;
  return submitCopy(state, __func__, handle, target, pointer(source), bytes,
                    true);
}

LLMC_CUDA_API cuMemsetD8Async(CUdeviceptr target, unsigned char value,
                              size_t bytes, CUstream handle) {
  LLMC_CALL(Context);
  Stream *stream = state.streams.find(handle);
  if (!stream)
    return CUDA_ERROR_INVALID_HANDLE;
  if (CUresult result = checkRange(state, __func__, target, bytes))
    return result;
  return state.streams.submit(*stream, [=, &state] {
    std::memset(pointer(target), value, bytes);
    state.engine.memory.markWritten(pointer(target), bytes);
    return CUDA_SUCCESS;
  });
}
