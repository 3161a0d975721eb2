//===- DeviceApi.cpp - Driver, device and context -------------------------===//

#include "State.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <dlfcn.h>

using namespace llmc::emulator;

LLMC_CUDA_API cuInit(unsigned) {
  LLMC_CALL(Nothing);
  State::isInitialized = true;
  return state.faults.devices > 0 ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
}

LLMC_CUDA_API cuDriverGetVersion(int *version) {
  LLMC_CALL(Nothing);
  *version = state.faults.driverVersion;
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuDeviceGetCount(int *count) {
  LLMC_CALL(Driver);
  *count = state.faults.devices;
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuDeviceGet(CUdevice *device, int ordinal) {
  LLMC_CALL(Driver);
  if (ordinal < 0 || ordinal >= state.faults.devices)
    return CUDA_ERROR_INVALID_DEVICE;
  *device = ordinal;
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuDeviceGetName(char *name, int length, CUdevice) {
  LLMC_CALL(Driver);
  std::snprintf(name, size_t(length), "emulated GPU");
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) {
  LLMC_CALL(Driver);
  std::memcpy(uuid->bytes, "llmc-emulator-0", 16);
  uuid->bytes[14] = char('0' + device);
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuDeviceGetPCIBusId(char *text, int length, CUdevice device) {
  LLMC_CALL(Driver);
  std::snprintf(text, size_t(length), "0000:%02x:00.0", unsigned(device + 1));
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuDeviceTotalMem_v2(size_t *bytes, CUdevice) {
  LLMC_CALL(Driver);
  *bytes = size_t(state.faults.memoryBytes);
  return CUDA_SUCCESS;
}

// The figures of an RTX 4090, save for what the emulator has none of.
LLMC_CUDA_API cuDeviceGetAttribute(int *value, int attribute, CUdevice) {
  LLMC_CALL(Driver);
  switch (attribute) {
  case 1: // threads of a block, and its extents
  case 2:
  case 3:
    *value = 1024;
    break;
  case 4:
    *value = 64;
    break;
  case 5: // extents of the grid
    *value = 0x7fffffff;
    break;
  case 6:
  case 7:
    *value = 65535;
    break;
  case 8: // shared memory of a block that does not ask
    *value = 49152;
    break;
  case 10: // warp
    *value = 32;
    break;
  case 12: // registers
    *value = 65536;
    break;
  case 13: // kHz
    *value = 2520000;
    break;
  case 16: // multiprocessors
    *value = 128;
    break;
  case 36: // kHz of the memory
    *value = 10501000;
    break;
  case 37: // bits of its bus
    *value = 384;
    break;
  case 38: // L2
    *value = 72 << 20;
    break;
  case 39: // threads of a multiprocessor
    *value = 1536;
    break;
  case 40: // copy engines
    *value = 2;
    break;
  case 41: // unified addressing
    *value = 1;
    break;
  case 75: // compute capability: 0.0 runs what --arch=emulated made
    *value = state.faults.computeCapability / 10;
    break;
  case 76:
    *value = state.faults.computeCapability % 10;
    break;
  case 81: // shared memory of a multiprocessor
    *value = sharedPerMultiprocessor;
    break;
  case 97: // shared memory of a block that asks
    *value = state.engine.options.sharedLimit;
    break;
  case 111: // of it, reserved
    *value = sharedReserved;
    break;
  default:
    *value = 0;
    break;
  }
  return CUDA_SUCCESS;
}

/// Whether `device` is one, in a call that has begun.
static bool isDevice(const State &state, CUdevice device) {
  return device >= 0 && device < std::max(1, state.faults.devices);
}

/// The device of a context, which is the address of its state.
static CUdevice deviceOf(const State &state, CUcontext context) {
  for (CUdevice device = 0; isDevice(state, device); ++device)
    if (reinterpret_cast<CUcontext>(&State::of(device)) == context)
      return device;
  return -1;
}

LLMC_CUDA_API cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  LLMC_CALL(Driver);
  if (!isDevice(state, device))
    return CUDA_ERROR_INVALID_DEVICE;
  ++State::of(device).contextUsers;
  *context = reinterpret_cast<CUcontext>(&State::of(device));
  return CUDA_SUCCESS;
}

// The last release takes the context, and threads that have it current can do
// nothing in it.
LLMC_CUDA_API cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  LLMC_CALL(Driver);
  if (!isDevice(state, device))
    return CUDA_ERROR_INVALID_DEVICE;
  State &of = State::of(device);
  if (of.contextUsers == 0)
    return CUDA_ERROR_INVALID_CONTEXT;
  --of.contextUsers;
  return of.sticky;
}

LLMC_CUDA_API cuCtxSetCurrent(CUcontext context) {
  LLMC_CALL(Driver);
  CUdevice device = deviceOf(state, context);
  if (device < 0)
    return CUDA_ERROR_INVALID_CONTEXT;
  State::makeCurrent(device);
  return CUDA_SUCCESS;
}

//===----------------------------------------------------------------------===//
// Peers
//===----------------------------------------------------------------------===//

LLMC_CUDA_API cuDeviceCanAccessPeer(int *access, CUdevice device,
                                    CUdevice peer) {
  LLMC_CALL(Driver);
  if (!isDevice(state, device) || !isDevice(state, peer))
    return CUDA_ERROR_INVALID_DEVICE;
  *access = device != peer;
  return CUDA_SUCCESS;
}

// Memory of all devices is the host's: there is nothing to switch, but to keep
// in mind.
LLMC_CUDA_API cuCtxEnablePeerAccess(CUcontext peer, unsigned) {
  LLMC_CALL(Context);
  const CUdevice device = deviceOf(state, peer);
  if (device < 0 || &State::of(device) == &state)
    return device < 0 ? CUDA_ERROR_INVALID_CONTEXT : CUDA_ERROR_INVALID_DEVICE;
  return state.peers.insert(peer).second
             ? CUDA_SUCCESS
             : CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
}

LLMC_CUDA_API cuCtxDisablePeerAccess(CUcontext peer) {
  LLMC_CALL(Context);
  if (deviceOf(state, peer) < 0)
    return CUDA_ERROR_INVALID_CONTEXT;
  return state.peers.erase(peer) ? CUDA_SUCCESS
                                 : CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
}

LLMC_CUDA_API cuCtxSynchronize() {
  LLMC_CALL(Context);
  if (CUresult result = state.streams.checkUncaptured())
    return result;
  return state.streams.drainAll();
}

LLMC_CUDA_API cuGetErrorName(CUresult error, const char **text) {
#define LLMC_CUDA_NAME(name, value, description)                               \
  if (error == value) {                                                        \
    *text = #name;                                                             \
    return CUDA_SUCCESS;                                                       \
  }
  LLMC_CUDA_RESULTS(LLMC_CUDA_NAME)
#undef LLMC_CUDA_NAME
  *text = nullptr;
  return CUDA_ERROR_INVALID_VALUE;
}

LLMC_CUDA_API cuGetErrorString(CUresult error, const char **text) {
#define LLMC_CUDA_TEXT(name, value, description)                               \
  if (error == value) {                                                        \
    *text = description;                                                       \
    return CUDA_SUCCESS;                                                       \
  }
  LLMC_CUDA_RESULTS(LLMC_CUDA_TEXT)
#undef LLMC_CUDA_TEXT
  *text = nullptr;
  return CUDA_ERROR_INVALID_VALUE;
}

// Names come without a version: the newest of ours is meant.
LLMC_CUDA_API cuGetProcAddress_v2(const char *name, void **function, int,
                                  unsigned long long, int *status) {
  LLMC_CALL(Nothing);
  Dl_info self;
  void *library = nullptr;
  if (dladdr(reinterpret_cast<void *>(&cuGetProcAddress_v2), &self))
    library = dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  *function = nullptr;
  if (library) {
    for (const char *suffix : {"_v2", ""})
      if (!*function)
        *function = dlsym(library, (std::string(name) + suffix).c_str());
    dlclose(library);
  }
  if (status)
    *status = *function ? 0 : 1;
  return *function ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
