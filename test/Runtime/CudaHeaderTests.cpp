//===- CudaHeaderTests.cpp - what is declared by hand, against NVIDIA's ---===//
//
// The runtime declares what it calls of the driver and of NCCL by itself. Where
// NVIDIA's headers are, this file compiles only if both agree: as many
// parameters, each of the same kind and size, and the same values. There is
// nothing to run.
//
//===----------------------------------------------------------------------===//

#include "comm/NcclLibrary.h"
#include "device/cuda/Driver.h"

#include <cstddef>
#include <type_traits>

// Before CUDA's header, whose macros rename functions.
namespace ours {
using namespace llmc::runtime::cuda;
#define LLMC_TYPE(name, parameters) using name##Type = int(*) parameters;
LLMC_CUDA_FUNCTIONS(LLMC_TYPE)
#undef LLMC_TYPE
} // namespace ours

// Declares the functions by the names that the library exports.
#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>

namespace {

/// Whether a value is passed in the same way: enumerations as numbers, all
/// pointers alike, structures by their size.
template <typename A, typename B> constexpr bool passesAlike() {
  using X = std::remove_cv_t<A>;
  using Y = std::remove_cv_t<B>;
  auto isNumber = [](auto *p) {
    using T = std::remove_pointer_t<decltype(p)>;
    return std::is_integral_v<T> || std::is_enum_v<T>;
  };
  return sizeof(X) == sizeof(Y) &&
         std::is_pointer_v<X> == std::is_pointer_v<Y> &&
         std::is_floating_point_v<X> == std::is_floating_point_v<Y> &&
         isNumber(static_cast<X *>(nullptr)) ==
             isNumber(static_cast<Y *>(nullptr));
}

/// Pointers to numbers must point to numbers of the same size.
template <typename A, typename B> constexpr bool agree() {
  if constexpr (std::is_pointer_v<A> && std::is_pointer_v<B>) {
    using X = std::remove_pointer_t<A>;
    using Y = std::remove_pointer_t<B>;
    if constexpr (std::is_arithmetic_v<X> &&
                  (std::is_arithmetic_v<Y> || std::is_enum_v<Y>))
      return passesAlike<X, Y>();
  }
  return passesAlike<A, B>();
}

template <typename A, typename B> struct SameCall : std::false_type {};
template <typename R, typename... A, typename S, typename... B>
struct SameCall<R (*)(A...), S (*)(B...)> {
  static constexpr bool check() {
    if constexpr (sizeof...(A) != sizeof...(B))
      return false;
    else
      return agree<R, S>() && (agree<A, B>() && ...);
  }
  static constexpr bool value = check();
};

#define LLMC_CHECK(name, parameters)                                           \
  static_assert(SameCall<ours::name##Type, decltype(&::name)>::value,          \
                "cuda.h declares it otherwise: " #name);
LLMC_CUDA_FUNCTIONS(LLMC_CHECK)
#undef LLMC_CHECK

#define LLMC_SAME(name, value)                                                 \
  static_assert(static_cast<long long>(ours::name) == (value), #name)
LLMC_SAME(success, CUDA_SUCCESS);
LLMC_SAME(outOfMemory, CUDA_ERROR_OUT_OF_MEMORY);
LLMC_SAME(stubLibrary, CUDA_ERROR_STUB_LIBRARY);
LLMC_SAME(deviceUnavailable, CUDA_ERROR_DEVICE_UNAVAILABLE);
LLMC_SAME(noDevice, CUDA_ERROR_NO_DEVICE);
LLMC_SAME(eccUncorrectable, CUDA_ERROR_ECC_UNCORRECTABLE);
LLMC_SAME(notFound, CUDA_ERROR_NOT_FOUND);
LLMC_SAME(illegalAddress, CUDA_ERROR_ILLEGAL_ADDRESS);
LLMC_SAME(launchTimeout, CUDA_ERROR_LAUNCH_TIMEOUT);
LLMC_SAME(peerAccessAlreadyEnabled, CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED);
LLMC_SAME(assertFailed, CUDA_ERROR_ASSERT);
LLMC_SAME(hardwareStackError, CUDA_ERROR_HARDWARE_STACK_ERROR);
LLMC_SAME(illegalInstruction, CUDA_ERROR_ILLEGAL_INSTRUCTION);
LLMC_SAME(misalignedAddress, CUDA_ERROR_MISALIGNED_ADDRESS);
LLMC_SAME(invalidAddressSpace, CUDA_ERROR_INVALID_ADDRESS_SPACE);
LLMC_SAME(invalidPc, CUDA_ERROR_INVALID_PC);
LLMC_SAME(launchFailed, CUDA_ERROR_LAUNCH_FAILED);
LLMC_SAME(systemNotReady, CUDA_ERROR_SYSTEM_NOT_READY);
LLMC_SAME(systemDriverMismatch, CUDA_ERROR_SYSTEM_DRIVER_MISMATCH);
LLMC_SAME(compatNotSupported, CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE);
LLMC_SAME(unknownError, CUDA_ERROR_UNKNOWN);
LLMC_SAME(attributeComputeMajor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
LLMC_SAME(attributeComputeMinor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
LLMC_SAME(attributeSharedPerBlock,
          CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
LLMC_SAME(attributeSharedPerMultiprocessor,
          CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
LLMC_SAME(attributeSharedReserved,
          CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK);
LLMC_SAME(functionSharedCarveout,
          CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT);
LLMC_SAME(functionMaxThreads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
LLMC_SAME(functionLocalBytes, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
LLMC_SAME(functionRegisters, CU_FUNC_ATTRIBUTE_NUM_REGS);
LLMC_SAME(functionDynamicShared,
          CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
LLMC_SAME(jitInfoLog, CU_JIT_INFO_LOG_BUFFER);
LLMC_SAME(jitInfoLogBytes, CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES);
LLMC_SAME(jitErrorLog, CU_JIT_ERROR_LOG_BUFFER);
LLMC_SAME(jitErrorLogBytes, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
LLMC_SAME(streamNonBlocking, CU_STREAM_NON_BLOCKING);
LLMC_SAME(eventTimed, CU_EVENT_DEFAULT);
LLMC_SAME(eventUntimed, CU_EVENT_DISABLE_TIMING);
LLMC_SAME(captureThreadLocal, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
#undef LLMC_SAME

} // namespace

#if __has_include(<nccl.h>)
#include <nccl.h>

namespace {

namespace nccl = llmc::runtime::nccl;

#define LLMC_CHECK(name, parameters)                                           \
  static_assert(                                                               \
      SameCall<decltype(nccl::Library::name), decltype(&::nccl##name)>::value, \
      "nccl.h declares it otherwise: nccl" #name);
LLMC_NCCL_FUNCTIONS(LLMC_CHECK)
#undef LLMC_CHECK

static_assert(sizeof(nccl::UniqueId) == sizeof(ncclUniqueId));
static_assert(offsetof(nccl::Config, size) == offsetof(ncclConfig_t, size) &&
              offsetof(nccl::Config, magic) == offsetof(ncclConfig_t, magic) &&
              offsetof(nccl::Config, version) ==
                  offsetof(ncclConfig_t, version) &&
              offsetof(nccl::Config, blocking) ==
                  offsetof(ncclConfig_t, blocking));
// Later versions read what follows, but for a config that says it is older.
static_assert(sizeof(nccl::Config) <= sizeof(ncclConfig_t));
static_assert(nccl::success == ncclSuccess &&
              nccl::unhandledCudaError == ncclUnhandledCudaError &&
              nccl::systemError == ncclSystemError &&
              nccl::invalidUsage == ncclInvalidUsage &&
              nccl::remoteError == ncclRemoteError &&
              nccl::inProgress == ncclInProgress && nccl::byte == ncclInt8);

} // namespace
#endif
