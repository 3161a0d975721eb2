//===- Driver.h - The emulated driver in a process of its own ---*- C++ -*-===//
//
// Its state and environment belong to a process: each test runs in a child.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_TEST_EMULATOR_DRIVER_H
#define LLMC_TEST_EMULATOR_DRIVER_H

#include "tools/llmc-emulator/driver/Cuda.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#define LLMC_TEST_FUNCTIONS(X)                                                 \
  X(cuInit, unsigned)                                                          \
  X(cuDriverGetVersion, int *)                                                 \
  X(cuDeviceGetCount, int *)                                                   \
  X(cuDeviceGet, CUdevice *, int)                                              \
  X(cuDeviceGetAttribute, int *, int, CUdevice)                                \
  X(cuDeviceTotalMem_v2, size_t *, CUdevice)                                   \
  X(cuDevicePrimaryCtxRetain, CUcontext *, CUdevice)                           \
  X(cuDevicePrimaryCtxRelease_v2, CUdevice)                                    \
  X(cuCtxSetCurrent, CUcontext)                                                \
  X(cuCtxSynchronize)                                                          \
  X(cuCtxEnablePeerAccess, CUcontext, unsigned)                                \
  X(cuCtxDisablePeerAccess, CUcontext)                                         \
  X(cuMemHostRegister_v2, void *, size_t, unsigned)                            \
  X(cuMemHostUnregister, void *)                                               \
  X(cuMemGetInfo_v2, size_t *, size_t *)                                       \
  X(cuMemAlloc_v2, CUdeviceptr *, size_t)                                      \
  X(cuMemFree_v2, CUdeviceptr)                                                 \
  X(cuMemsetD8Async, CUdeviceptr, unsigned char, size_t, CUstream)             \
  X(cuMemcpyHtoDAsync_v2, CUdeviceptr, const void *, size_t, CUstream)         \
  X(cuMemcpyDtoHAsync_v2, void *, CUdeviceptr, size_t, CUstream)               \
  X(cuMemcpyHtoD_v2, CUdeviceptr, const void *, size_t)                        \
  X(cuMemcpyDtoH_v2, void *, CUdeviceptr, size_t)                              \
  X(cuStreamCreate, CUstream *, unsigned)                                      \
  X(cuStreamDestroy_v2, CUstream)                                              \
  X(cuStreamSynchronize, CUstream)                                             \
  X(cuStreamQuery, CUstream)                                                   \
  X(cuLaunchHostFunc, CUstream, void (*)(void *), void *)                      \
  X(cuStreamWaitEvent, CUstream, CUevent, unsigned)                            \
  X(cuStreamBeginCapture_v2, CUstream, int)                                    \
  X(cuStreamEndCapture, CUstream, CUgraph *)                                   \
  X(cuStreamIsCapturing, CUstream, int *)                                      \
  X(cuGraphInstantiateWithFlags, CUgraphExec *, CUgraph, unsigned long long)   \
  X(cuGraphLaunch, CUgraphExec, CUstream)                                      \
  X(cuGraphDestroy, CUgraph)                                                   \
  X(cuGraphExecDestroy, CUgraphExec)                                           \
  X(cuEventCreate, CUevent *, unsigned)                                        \
  X(cuEventRecord, CUevent, CUstream)                                          \
  X(cuEventSynchronize, CUevent)                                               \
  X(cuEventQuery, CUevent)                                                     \
  X(cuEventElapsedTime, float *, CUevent, CUevent)                             \
  X(cuModuleLoadData, CUmodule *, const void *)                                \
  X(cuModuleUnload, CUmodule)                                                  \
  X(cuModuleGetFunction, CUfunction *, CUmodule, const char *)                 \
  X(cuFuncGetAttribute, int *, int, CUfunction)                                \
  X(cuFuncSetAttribute, CUfunction, int, int)                                  \
  X(cuLaunchKernel, CUfunction, unsigned, unsigned, unsigned, unsigned,        \
    unsigned, unsigned, unsigned, CUstream, void **, void **)                  \
  X(cuGetErrorName, CUresult, const char **)                                   \
  X(cuGetProcAddress_v2, const char *, void **, int, unsigned long long, int *)

namespace llmc::emulator {

struct Driver {
  Driver() {
    void *library = dlopen(LLMC_EMULATOR_TEST_DRIVER, RTLD_NOW | RTLD_LOCAL);
    EXPECT_TRUE(library) << dlerror();
#define LLMC_TEST_LOAD(name, ...)                                              \
  name = reinterpret_cast<decltype(name)>(dlsym(library, #name));              \
  EXPECT_TRUE(name) << #name;
    LLMC_TEST_FUNCTIONS(LLMC_TEST_LOAD)
#undef LLMC_TEST_LOAD
  }
#define LLMC_TEST_POINTER(name, ...) CUresult (*name)(__VA_ARGS__) = nullptr;
  LLMC_TEST_FUNCTIONS(LLMC_TEST_POINTER)
#undef LLMC_TEST_POINTER

  /// Device 0, its context, and the test kernels.
  void start() {
    CUcontext context;
    ASSERT_EQ(cuInit(0), 0);
    ASSERT_EQ(cuDevicePrimaryCtxRetain(&context, 0), 0);
    ASSERT_EQ(cuCtxSetCurrent(context), 0);
    std::ifstream file(LLMC_EMULATOR_TEST_KERNELS, std::ios::binary);
    image.assign(std::istreambuf_iterator<char>(file), {});
    ASSERT_EQ(cuModuleLoadData(&module, image.data()), 0);
  }
  CUdeviceptr floats(size_t count, int byte) {
    CUdeviceptr p = 0;
    EXPECT_EQ(cuMemAlloc_v2(&p, count * 4), 0);
    if (byte >= 0)
      EXPECT_EQ(cuMemsetD8Async(p, (unsigned char)byte, count * 4, nullptr), 0);
    return p;
  }
  CUfunction function(const char *name) {
    CUfunction f = nullptr;
    EXPECT_EQ(cuModuleGetFunction(&f, module, name), 0);
    return f;
  }
  /// A kernel of Pairs.h.
  CUresult launch(const char *name, CUdeviceptr x, CUdeviceptr y,
                  CUstream stream = nullptr) {
    void *arguments[] = {&x, &y};
    return cuLaunchKernel(function(name), 1, 1, 1, 64, 1, 1, 1024, stream,
                          arguments, nullptr);
  }

  std::vector<char> image;
  CUmodule module = nullptr;
};

/// Runs `body` in a child with these variables set; its stderr is returned.
template <typename Body>
std::string inChild(const std::map<std::string, std::string> &environment,
                    Body body) {
  int pipes[2];
  EXPECT_EQ(pipe(pipes), 0);
  std::fflush(nullptr);
  pid_t child = fork();
  if (child == 0) {
    dup2(pipes[1], 2);
    close(pipes[0]);
    for (const auto &[name, value] : environment)
      setenv(name.c_str(), value.c_str(), 1);
    {
      Driver driver;
      body(driver);
    }
    std::fflush(nullptr);
    // exit, for what the driver writes at the end.
    std::exit(testing::Test::HasFailure() ? 1 : 0);
  }
  close(pipes[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = read(pipes[0], buffer, sizeof(buffer))) > 0;)
    text.append(buffer, size_t(n));
  close(pipes[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << text;
  return text;
}

} // namespace llmc::emulator

#endif // LLMC_TEST_EMULATOR_DRIVER_H
