//===- NvtxTests.cpp - ranges on a profiler's time line -------------------===//

#include "GpuTestProgram.h"
#include "TestSupport.h"

#include "FakeCuda.h"
#include "device/cuda/CudaDevice.h"
#include "device/cuda/Nvtx.h"

#include <cstdlib>
#include <dlfcn.h>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

void nothing(void **, int64_t, int64_t, int64_t, void *) {}
const FakeKernel code[] = {{"sum_1", nothing, 3}, {"grow", nothing, 2}};
const FakeModule module = {code, 2};

// In one test, as a profiler stays in the process.
TEST(NvtxTest, RangesReachTheProfilerThatIsNamed) {
  LlmcImage image = {&module, nullptr, sizeof(module), 0};
  LlmcProgram program = smallGpuProgram();
  program.images = &image;
  ::setenv("LLMC_CUDA_DRIVER", LLMC_FAKE_DRIVER, 1);
  void *driver = ::dlopen(LLMC_FAKE_DRIVER, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(driver, nullptr) << ::dlerror();
  reinterpret_cast<FakeCudaReset>(::dlsym(driver, "fakeCudaReset"))();
  auto allocate = [&](const char *path) {
    ::setenv("NVTX_INJECTION64_PATH", path, 1);
    return CudaDevice(program).allocate();
  };
  EXPECT_FAILS(allocate("/no/such/profiler.so"),
               "NVTX_INJECTION64_PATH=/no/such/profiler.so: no library of a "
               "profiler: /no/such/profiler.so: cannot open");
  EXPECT_FAILS(allocate("libm.so.6"), "it has no InitializeInjectionNvtx2; "
                                      "unset it to run without one");
  EXPECT_OK(allocate(""));

  void *library = ::dlopen(LLMC_FAKE_PROFILER, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << ::dlerror();
  auto ranges = reinterpret_cast<const char *(*)()>(
      ::dlsym(library, "fakeProfilerRanges"));
  // One that declines is not called.
  ::setenv("FAKE_PROFILER_DECLINES", "1", 1);
  EXPECT_OK(allocate(LLMC_FAKE_PROFILER));
  {
    cuda::ProfilerRange range("declined");
  }
  EXPECT_STREQ(ranges(), "");
  ::unsetenv("FAKE_PROFILER_DECLINES");

  ::setenv("NVTX_INJECTION64_PATH", LLMC_FAKE_PROFILER, 1);
  CudaDevice device(program);
  EXPECT_OK(device.allocate());
  EXPECT_STREQ(ranges(), ""); // none of what is captured
  EXPECT_OK(device.run(microStep));
  EXPECT_OK(device.finish());
  std::string expected = "(micro_step)";
  EXPECT_EQ(ranges(), expected);
  device.startProfile();
  EXPECT_OK(device.run(microStep));
  EXPECT_OK(device.run(update));
  EXPECT_OK(device.finish());
  expected += "(micro_step(sum (m.mlir:7)))(update(grow (m.mlir:9)))";
  EXPECT_EQ(ranges(), expected);
  ::unsetenv("NVTX_INJECTION64_PATH");
  ::unsetenv("LLMC_CUDA_DRIVER");
}

} // namespace
