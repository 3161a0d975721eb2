//===- FakeCuda.h - how tests steer the fake CUDA driver ------------------===//
//
// libllmc_fake_cuda.so exports the driver functions that the runtime uses. Its
// kernels are host functions, its memory is the host's. Streams are queues, and
// work is put off as long as the waits between them permit, so that a missing
// one shows as a wrong result.
//
// Settings are texts of words, from `fakeCudaConfigure` or, when the library is
// loaded, from the environment's LLMC_FAKE_CUDA:
//   version=13000 devices=1 major=8 minor=9 free=24000000000 shared=101376
//   maxthreads=1024 name=NVIDIA_GeForce_RTX_4090 (underlines become spaces)
//   peers=1 lies=0      GPUs reach each other's memory; their copies are zeros
//   waking=0            so many timings take ten times as long: clocks rise
//   eager=1             copies between streams run as early as they may
//   fail=FUNCTION:N:R   the N-th call of the function yields the result R
//   fault=SYMBOL:R      running this kernel breaks the device with the result R
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_TEST_RUNTIME_FAKECUDA_H
#define LLMC_TEST_RUNTIME_FAKECUDA_H

#include "abi/ProgramAbi.h"

extern "C" {

struct FakeKernel {
  const char *symbol;
  LlmcKernelFunction function;
  int numArguments;
};

/// What LlmcImage::cubin points to.
struct FakeModule {
  const FakeKernel *kernels;
  int numKernels;
};

/// What LlmcImage::ptx points to.
struct FakePtx {
  char text[64];
  FakeModule module;
};

/// Back to the defaults: no calls, no failures, no device state.
typedef void (*FakeCudaReset)();
typedef void (*FakeCudaConfigure)(const char *words);
/// Calls of a driver function since the last reset.
typedef long (*FakeCudaCalls)(const char *function);
/// Objects that were made and not freed, device and host memory included.
typedef long (*FakeCudaLive)();
/// Pieces of work that streams have put off.
typedef long (*FakeCudaPending)();
}

#endif // LLMC_TEST_RUNTIME_FAKECUDA_H
