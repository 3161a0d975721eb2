//===- Driver.h - the CUDA driver, opened at run time ---------------------===//
//
// The part of the driver's interface that the runtime uses, so that neither a
// build nor the start of a program needs CUDA. The library is libcuda.so.1, or
// the file that LLMC_CUDA_DRIVER names.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_DRIVER_H
#define LLMC_RUNTIME_DEVICE_CUDA_DRIVER_H

#include "core/Status.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace llmc::runtime::cuda {

using CUresult = int;
using CUdevice = int;
using CUdeviceptr = unsigned long long;
using CUcontext = struct CUctx_st *;
using CUmodule = struct CUmod_st *;
using CUfunction = struct CUfunc_st *;
using CUstream = struct CUstream_st *;
using CUevent = struct CUevent_st *;
using CUgraph = struct CUgraph_st *;
using CUgraphExec = struct CUgraphExec_st *;

// Results that get a remedy of their own.
constexpr CUresult success = 0, outOfMemory = 2, stubLibrary = 34,
                   deviceUnavailable = 46, noDevice = 100,
                   eccUncorrectable = 214, notFound = 500, illegalAddress = 700,
                   launchTimeout = 702, peerAccessAlreadyEnabled = 704,
                   assertFailed = 710, hardwareStackError = 714,
                   illegalInstruction = 715, misalignedAddress = 716,
                   invalidAddressSpace = 717, invalidPc = 718,
                   launchFailed = 719, systemNotReady = 802,
                   systemDriverMismatch = 803, compatNotSupported = 804,
                   unknownError = 999;

// Options and attributes.
constexpr int attributeComputeMajor = 75, attributeComputeMinor = 76,
              attributeSharedPerMultiprocessor = 81,
              attributeSharedPerBlock = 97, attributeSharedReserved = 111;
constexpr int functionMaxThreads = 0, functionLocalBytes = 3,
              functionRegisters = 4, functionDynamicShared = 8,
              functionSharedCarveout = 9;
constexpr int jitInfoLog = 3, jitInfoLogBytes = 4, jitErrorLog = 5,
              jitErrorLogBytes = 6;
constexpr unsigned streamNonBlocking = 1, eventTimed = 0, eventUntimed = 2;
constexpr int captureThreadLocal = 1;

/// Every function that is used, by its exported name.
#define LLMC_CUDA_FUNCTIONS(X)                                                 \
  X(cuInit, (unsigned))                                                        \
  X(cuDriverGetVersion, (int *))                                               \
  X(cuDeviceGetCount, (int *))                                                 \
  X(cuDeviceGet, (CUdevice *, int))                                            \
  X(cuDeviceGetName, (char *, int, CUdevice))                                  \
  X(cuDeviceGetAttribute, (int *, int, CUdevice))                              \
  X(cuDeviceTotalMem_v2, (size_t *, CUdevice))                                 \
  X(cuDeviceGetPCIBusId, (char *, int, CUdevice))                              \
  X(cuDeviceCanAccessPeer, (int *, CUdevice, CUdevice))                        \
  X(cuDevicePrimaryCtxRetain, (CUcontext *, CUdevice))                         \
  X(cuDevicePrimaryCtxRelease_v2, (CUdevice))                                  \
  X(cuCtxSetCurrent, (CUcontext))                                              \
  X(cuCtxSynchronize, ())                                                      \
  X(cuCtxEnablePeerAccess, (CUcontext, unsigned))                              \
  X(cuCtxDisablePeerAccess, (CUcontext))                                       \
  X(cuMemGetInfo_v2, (size_t *, size_t *))                                     \
  X(cuMemAlloc_v2, (CUdeviceptr *, size_t))                                    \
  X(cuMemFree_v2, (CUdeviceptr))                                               \
  X(cuMemsetD8Async, (CUdeviceptr, unsigned char, size_t, CUstream))           \
  X(cuMemcpyHtoDAsync_v2, (CUdeviceptr, const void *, size_t, CUstream))       \
  X(cuMemcpyDtoHAsync_v2, (void *, CUdeviceptr, size_t, CUstream))             \
  X(cuMemcpyDtoDAsync_v2, (CUdeviceptr, CUdeviceptr, size_t, CUstream))        \
  X(cuMemcpyPeerAsync,                                                         \
    (CUdeviceptr, CUcontext, CUdeviceptr, CUcontext, size_t, CUstream))        \
  X(cuMemHostAlloc, (void **, size_t, unsigned))                               \
  X(cuMemFreeHost, (void *))                                                   \
  X(cuMemHostRegister_v2, (void *, size_t, unsigned))                          \
  X(cuMemHostUnregister, (void *))                                             \
  X(cuStreamCreate, (CUstream *, unsigned))                                    \
  X(cuStreamDestroy_v2, (CUstream))                                            \
  X(cuStreamSynchronize, (CUstream))                                           \
  X(cuStreamWaitEvent, (CUstream, CUevent, unsigned))                          \
  X(cuStreamBeginCapture_v2, (CUstream, int))                                  \
  X(cuStreamEndCapture, (CUstream, CUgraph *))                                 \
  X(cuGraphInstantiateWithFlags, (CUgraphExec *, CUgraph, unsigned long long)) \
  X(cuGraphUpload, (CUgraphExec, CUstream))                                    \
  X(cuGraphLaunch, (CUgraphExec, CUstream))                                    \
  X(cuGraphDestroy, (CUgraph))                                                 \
  X(cuGraphExecDestroy, (CUgraphExec))                                         \
  X(cuEventCreate, (CUevent *, unsigned))                                      \
  X(cuEventRecord, (CUevent, CUstream))                                        \
  X(cuEventSynchronize, (CUevent))                                             \
  X(cuEventElapsedTime, (float *, CUevent, CUevent))                           \
  X(cuEventDestroy_v2, (CUevent))                                              \
  X(cuModuleLoadData, (CUmodule *, const void *))                              \
  X(cuModuleLoadDataEx, (CUmodule *, const void *, unsigned, int *, void **))  \
  X(cuModuleUnload, (CUmodule))                                                \
  X(cuModuleGetFunction, (CUfunction *, CUmodule, const char *))               \
  X(cuFuncGetAttribute, (int *, int, CUfunction))                              \
  X(cuFuncSetAttribute, (CUfunction, int, int))                                \
  X(cuOccupancyMaxActiveBlocksPerMultiprocessor,                               \
    (int *, CUfunction, int, size_t))                                          \
  X(cuLaunchKernel,                                                            \
    (CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,   \
     unsigned, CUstream, void **, void **))                                    \
  X(cuGetErrorName, (CUresult, const char **))                                 \
  X(cuGetErrorString, (CUresult, const char **))

/// The functions of one driver library. The library stays loaded: drivers keep
/// threads of their own.
class Driver {
public:
  /// Opens and starts the driver. The error says what is missing on this
  /// machine and what to do.
  static Result<std::unique_ptr<Driver>> open();

  /// "CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected)".
  std::string describe(CUresult result) const;
  /// What to do about the result of a call, begins with "; "; may be empty.
  /// Any call can tell of a fault that came before it.
  static const char *remedy(CUresult result);
  /// Ok, or "`what`: CUDA_ERROR_...; remedy".
  Status check(CUresult result, std::string_view what) const;
  /// Whether the result of a call checked so far was that of a failed kernel.
  bool hasFault() const { return sawFault; }

  /// 13000 for a driver that knows CUDA 13.0.
  int version = 0;
  /// The file that was opened.
  std::string path;

#define LLMC_CUDA_POINTER(name, parameters)                                    \
  CUresult(*name) parameters = nullptr;
  LLMC_CUDA_FUNCTIONS(LLMC_CUDA_POINTER)
#undef LLMC_CUDA_POINTER

private:
  Status load();
  Status start();

  mutable std::atomic<bool> sawFault{false};
};

/// "13.0" for 13000.
std::string formatVersion(int version);

} // namespace llmc::runtime::cuda

#endif // LLMC_RUNTIME_DEVICE_CUDA_DRIVER_H
