//===- CudaDeviceTests.cpp - the GPU's device on the fake driver ----------===//

#include "FakeCuda.h"
#include "GpuTestProgram.h"
#include "TestSupport.h"

#include "device/cuda/CudaDevice.h"

#include <cstdlib>
#include <dlfcn.h>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

void sum(void **args, int64_t, int64_t, int64_t, void *) {
  auto *tokens = static_cast<int32_t *>(args[0]);
  auto *targets = static_cast<int32_t *>(args[1]);
  float total = 0;
  for (int64_t i = 0; i < window; ++i)
    total += static_cast<float>(tokens[i] * targets[i]);
  *static_cast<float *>(args[2]) = total;
}

void grow(void **args, int64_t x, int64_t, int64_t, void *) {
  static_cast<float *>(args[0])[x] += *static_cast<float *>(args[1]);
}

const FakeKernel code[] = {{"sum_1", sum, 3}, {"grow", grow, 2}};
const FakeModule module = {code, 2};
const FakePtx ptx = {".version 9.0\n.target sm_89\n", {code, 2}};
class CudaTest : public ::testing::Test {
protected:
  void SetUp() override {
    void *library = ::dlopen(LLMC_FAKE_DRIVER, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << ::dlerror();
    configure = reinterpret_cast<FakeCudaConfigure>(
        ::dlsym(library, "fakeCudaConfigure"));
    calls = reinterpret_cast<FakeCudaCalls>(::dlsym(library, "fakeCudaCalls"));
    live = reinterpret_cast<FakeCudaLive>(::dlsym(library, "fakeCudaLive"));
    reset = reinterpret_cast<FakeCudaReset>(::dlsym(library, "fakeCudaReset"));
    reset();
    ::setenv("LLMC_CUDA_DRIVER", LLMC_FAKE_DRIVER, 1);
    program.images = &image;
  }
  void TearDown() override {
    for (const char *name :
         {"LLMC_CUDA_DRIVER", "LLMC_DEVICE", "LLMC_LAUNCH_BLOCKING"})
      ::unsetenv(name);
  }

  /// What `allocate` says with the fake driver set up so.
  Status allocateWith(const char *words) {
    reset();
    configure(words);
    CudaDevice device(program);
    return device.allocate();
  }

  FakeCudaConfigure configure = nullptr;
  FakeCudaCalls calls = nullptr;
  FakeCudaLive live = nullptr;
  FakeCudaReset reset = nullptr;
  LlmcImage image = {&module, nullptr, sizeof(module), 0};
  LlmcProgram program = smallGpuProgram();
};

TEST_F(CudaTest, MoreThanTheHostHasIsRefusedBeforeAnythingIsTaken) {
  std::vector<LlmcArena> offloading(arenas, arenas + 3);
  offloading.push_back(
      {"optimizer m", int64_t(1) << 50, LlmcArenaMoment1, 64, 0, 1});
  program.numArenas = 4;
  program.arenas = offloading.data();
  EXPECT_FAILS(allocateWith(""), "the program pins 1024 TiB of the host's "
                                 "memory (optimizer m 1024 TiB), ");
  EXPECT_EQ(calls("cuMemAlloc_v2"), 0);
  EXPECT_EQ(calls("cuMemHostRegister_v2"), 0);
}

TEST_F(CudaTest, SaysWhatIsMissing) {
  EXPECT_FAILS(allocateWith("fail=cuInit:1:100"), "no GPU: the CUDA driver");
  EXPECT_FAILS(allocateWith("devices=0"), "no GPU: the CUDA driver");
  EXPECT_FAILS(allocateWith("fail=cuInit:1:34"), "the toolkit's stub");
  EXPECT_FAILS(allocateWith("fail=cuInit:1:802"), "nvidia-fabricmanager");
  EXPECT_FAILS(allocateWith("fail=cuInit:1:804"), "of the package cuda-compat");
  EXPECT_FAILS(allocateWith("version=11080"), "is of CUDA 11.8, the program "
                                              "needs 12.0; update it to 525");
  ::setenv("LLMC_CUDA_DRIVER", "/no/such/driver.so", 1);
  EXPECT_FAILS(allocateWith(""), "no CUDA driver: /no/such/driver.so");
  ::setenv("LLMC_CUDA_DRIVER", "libm.so.6", 1);
  EXPECT_FAILS(allocateWith(""), "has no cuInit");
}

TEST_F(CudaTest, TheDeviceIsChosenByNumber) {
  CudaDevice second(program, 1);
  configure("devices=2");
  EXPECT_OK(second.allocate());
  EXPECT_EQ(second.description().rfind("GPU 1: NVIDIA GeForce RTX 4090, sm_89"),
            0u)
      << second.description();
}

TEST_F(CudaTest, ANumberThatNoDeviceHasIsAnError) {
  ::setenv("LLMC_DEVICE", "3", 1);
  EXPECT_FAILS(allocateWith("devices=2"),
               "there is no GPU 3, choose one of these with --device or "
               "LLMC_DEVICE: 0: NVIDIA GeForce RTX 4090, 1: NVIDIA");
  ::setenv("LLMC_DEVICE", "two", 1);
  EXPECT_FAILS(allocateWith(""), "LLMC_DEVICE: expected the number of a GPU");
}

TEST_F(CudaTest, TooLittleMemoryListsWhatIsNeeded) {
  Status status = allocateWith("free=10000000");
  for (const char *part :
       {"needs 80.0 MiB of GPU memory, 9.54 MiB of 23.3 GiB are free",
        "  parameters               12.0 MiB\n", "  wte.weight [3, 1048576]",
        "nvidia-smi", "smaller --batch or --seq"})
    EXPECT_FAILS(status, part);
  EXPECT_EQ(calls("cuMemAlloc_v2"), 0);
  EXPECT_FAILS(allocateWith("fail=cuMemAlloc_v2:1:2"), "another program took");
  EXPECT_EQ(live(), 0);
}

TEST_F(CudaTest, CodeMustSuitTheGpuAndTheDriver) {
  EXPECT_FAILS(allocateWith("major=8 minor=6"),
               "compiled for sm_89, this GPU is NVIDIA GeForce RTX 4090 "
               "(sm_86); compile the model again with --arch=sm_86");
  EXPECT_FAILS(allocateWith("major=9 minor=0"), "compiled for sm_89");
  image.ptx = &ptx;
  EXPECT_OK(allocateWith("major=9 minor=0"));
  EXPECT_EQ(calls("cuModuleLoadDataEx"), 1);
  EXPECT_EQ(calls("cuModuleLoadData"), 0);
  EXPECT_OK(allocateWith(""));
  EXPECT_EQ(calls("cuModuleLoadDataEx"), 0);
  EXPECT_EQ(calls("cuModuleLoadData"), 1); // one image, two kernels
  EXPECT_FAILS(allocateWith("version=12080"),
               "is of CUDA 12.8, the program's code was made by CUDA 13.0 and "
               "needs a driver of 13.0 or newer");
  EXPECT_FAILS(allocateWith("fail=cuModuleLoadDataEx:1:218 major=9"),
               "cannot compile the PTX of kernel sum (m.mlir:7): "
               "CUDA_ERROR_INVALID_PTX (as the test wants it); its log:\n"
               "ptxas application ptx input, line 7");
  EXPECT_FAILS(allocateWith("fail=cuModuleLoadData:1:218"),
               "the code of kernel sum (m.mlir:7) cannot be loaded");
  EXPECT_FAILS(allocateWith("shared=49152"),
               "kernel sum (m.mlir:7) needs 64.0 KiB of shared memory");
  EXPECT_FAILS(allocateWith("maxthreads=32"),
               "kernel grow (m.mlir:9) was made for blocks of 64 threads");
}

TEST_F(CudaTest, EmulatedCodeAndRealGpusDoNotMix) {
  EXPECT_FAILS(allocateWith("major=0 minor=0"), "emulates a GPU");
  program.computeCapability = 0;
  EXPECT_FAILS(allocateWith(""), "compiled with --arch=emulated and cannot run "
                                 "on a real GPU");
  EXPECT_OK(allocateWith("major=0 minor=0"));
}

TEST_F(CudaTest, StepsAreReplayedAndInOrder) {
  for (const char *words : {"eager=0", "eager=1"}) {
    reset();
    configure(words);
    {
      CudaDevice device(program);
      ASSERT_TRUE(device.allocate().isOk());
      // Two micro-steps and evaluate for each of two batches, and update.
      EXPECT_EQ(calls("cuGraphInstantiateWithFlags"), 7);
      long launches = calls("cuLaunchKernel"), made = live();
      std::vector<float> losses, expected;
      EXPECT_OK(steps(device, losses, expected));
      EXPECT_EQ(losses, expected) << words;
      EXPECT_EQ(calls("cuLaunchKernel"), launches);
      EXPECT_EQ(calls("cuGraphLaunch"), 8);
      EXPECT_EQ(live(), made);
      float parameter = 0;
      EXPECT_OK(device.read(LlmcArenaParameter, 8, &parameter, 4));
      EXPECT_EQ(parameter, 25 + 58);

      // A write waits for what ran before, and is seen by what runs after.
      float hundred = 100;
      EXPECT_OK(device.run(update));
      EXPECT_OK(device.write(LlmcArenaParameter, 8, &hundred, 4));
      EXPECT_OK(device.run(update));
      EXPECT_OK(device.read(LlmcArenaParameter, 8, &parameter, 4));
      EXPECT_EQ(parameter, 158) << words;
    }
    EXPECT_EQ(live(), 0);
  }
}

TEST_F(CudaTest, LargeCopiesGoThroughSmallBuffers) {
  CudaDevice device(program);
  ASSERT_TRUE(device.allocate().isOk());
  std::vector<float> values(numParameters), back(numParameters);
  EXPECT_OK(device.read(LlmcArenaParameter, 0, back.data(), numParameters * 4));
  EXPECT_EQ(values, back); // zeros
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i);
  EXPECT_OK(
      device.write(LlmcArenaParameter, 0, values.data(), numParameters * 4));
  EXPECT_OK(device.read(LlmcArenaParameter, 0, back.data(), numParameters * 4));
  EXPECT_EQ(values, back);
  int32_t tokens[window] = {1, 2, 3, 4}, found[window] = {};
  EXPECT_OK(device.writeBatch(tokens, tokens));
  EXPECT_OK(device.read(LlmcArenaIo, targetsAt, found, sizeof(found)));
  EXPECT_EQ(found[3], 4);
}

TEST_F(CudaTest, ManyLaterReadsAreDelivered) {
  CudaDevice device(program);
  ASSERT_TRUE(device.allocate().isOk());
  std::vector<float> losses(10000, -1);
  for (float &loss : losses)
    EXPECT_OK(device.readLater(LlmcArenaIo, lossAt, &loss, 4));
  EXPECT_OK(device.finish());
  EXPECT_EQ(losses, std::vector<float>(10000, 0));
}

TEST_F(CudaTest, AFaultStays) {
  configure("fault=sum_1:700");
  std::vector<float> losses, expected;
  CudaDevice device(program);
  ASSERT_TRUE(device.allocate().isOk());
  Status status = steps(device, losses, expected);
  EXPECT_FAILS(status, "; a kernel failed");
  EXPECT_TRUE(device.hasUnnamedFault());
  EXPECT_FAILS(status, "CUDA_ERROR_ILLEGAL_ADDRESS (as the test wants it)");
  EXPECT_FAILS(device.run(update), status.message());
  EXPECT_FAILS(device.finish(), status.message());
}

TEST_F(CudaTest, ALostGpuIsNamed) {
  configure("fault=sum_1:999");
  std::vector<float> losses, expected;
  CudaDevice lost(program);
  ASSERT_TRUE(lost.allocate().isOk());
  EXPECT_FAILS(steps(lost, losses, expected), "; the GPU was lost: ");
  EXPECT_FALSE(lost.hasUnnamedFault());
}

TEST_F(CudaTest, OneByOneNamesTheKernelAndTheLine) {
  ::setenv("LLMC_LAUNCH_BLOCKING", "1", 1);
  configure("fault=grow:700");
  std::vector<float> losses, expected;
  CudaDevice device(program);
  ASSERT_TRUE(device.allocate().isOk());
  EXPECT_FAILS(steps(device, losses, expected),
               "kernel grow (m.mlir:9) failed: CUDA_ERROR_ILLEGAL_ADDRESS");
  EXPECT_FALSE(device.hasUnnamedFault());
  EXPECT_EQ(calls("cuGraphLaunch"), 0);
}

TEST_F(CudaTest, AKernelThatCannotBeStartedIsNamed) {
  EXPECT_FAILS(allocateWith("fail=cuLaunchKernel:1:701"),
               "kernel sum (m.mlir:7) cannot be started: "
               "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES");
}

TEST_F(CudaTest, AProfileTimesEveryLaunch) {
  CudaDevice device(program);
  ASSERT_TRUE(device.allocate().isOk());
  device.startProfile();
  std::vector<float> losses, expected;
  EXPECT_OK(steps(device, losses, expected));
  EXPECT_EQ(losses, expected);
  EXPECT_EQ(calls("cuGraphLaunch"), 0);
  EXPECT_EQ(device.profile()[0].calls, 6);
  EXPECT_EQ(device.profile()[1].calls, 2);
  EXPECT_NEAR(device.profile()[0].seconds, 6 * 0.5e-3, 1e-9);
}

TEST_F(CudaTest, PeaksAreOfTheVeryGpuAndPrecision) {
  auto peak = [&](const char *name) {
    cuda::Gpu gpu;
    gpu.name = name;
    return cuda::peakOf(gpu, program).flopsPerSecond;
  };
  EXPECT_DOUBLE_EQ(peak("NVIDIA GeForce RTX 4090"), 165.2e12);
  EXPECT_EQ(peak("NVIDIA GeForce RTX 4090 Laptop GPU"), 0);
  EXPECT_EQ(peak("Some GPU"), 0);
  EXPECT_DOUBLE_EQ(peak("NVIDIA A100-SXM4-80GB"), 312e12);
  EXPECT_EQ(peak("NVIDIA A100-SXM4-40GB MIG 1g.5gb"), 0);
  program.precision = "f32";
  EXPECT_DOUBLE_EQ(peak("NVIDIA GeForce RTX 4090"), 82.6e12);
  EXPECT_DOUBLE_EQ(peak("NVIDIA A100-SXM4-80GB"), 19.5e12);
  program.precision = "tf32";
  EXPECT_DOUBLE_EQ(peak("NVIDIA GeForce RTX 4090"), 82.6e12);
  EXPECT_DOUBLE_EQ(peak("NVIDIA A100-SXM4-80GB"), 156e12);
}

// Whatever call fails, the error comes up and nothing is left behind.
// What the stand-in refuses as the driver does; the runtime does none of it.
TEST_F(CudaTest, TheFakeDriverIsAsStrict) {
  auto driver = cuda::Driver::open();
  ASSERT_TRUE(driver.isOk());
  const cuda::Driver &d = **driver;
  constexpr int invalidValue = 1, invalidContext = 201, invalidHandle = 400,
                unsupported = 900, invalidated = 901, capturedEvent = 907;
  cuda::CUdeviceptr memory = 0;
  EXPECT_EQ(d.cuMemAlloc_v2(&memory, 16), invalidContext);
  cuda::CUcontext context = nullptr;
  ASSERT_EQ(d.cuDevicePrimaryCtxRetain(&context, 0), cuda::success);
  ASSERT_EQ(d.cuCtxSetCurrent(context), cuda::success);
  cuda::CUstream stream = nullptr;
  ASSERT_EQ(d.cuStreamCreate(&stream, cuda::streamNonBlocking), cuda::success);
  cuda::CUevent timed = nullptr, untimed = nullptr;
  ASSERT_EQ(d.cuEventCreate(&timed, cuda::eventTimed), cuda::success);
  ASSERT_EQ(d.cuEventCreate(&untimed, cuda::eventUntimed), cuda::success);
  float time = 0;
  EXPECT_EQ(d.cuEventElapsedTime(&time, timed, timed), invalidHandle);
  ASSERT_EQ(d.cuEventRecord(untimed, stream), cuda::success);
  EXPECT_EQ(d.cuEventElapsedTime(&time, untimed, untimed), invalidHandle);

  cuda::CUmodule loaded = nullptr;
  cuda::CUfunction function = nullptr;
  ASSERT_EQ(d.cuModuleLoadData(&loaded, &module), cuda::success);
  ASSERT_EQ(d.cuModuleGetFunction(&function, loaded, "grow"), cuda::success);
  float values[2] = {};
  void *pointers[] = {&values[0], &values[1]};
  void *parameters[] = {&pointers[0], &pointers[1]};
  auto launch = [&](unsigned y, unsigned threads, unsigned shared) {
    return d.cuLaunchKernel(function, 1, y, 1, threads, 1, 1, shared, stream,
                            parameters, nullptr);
  };
  EXPECT_EQ(launch(65536, 32, 0), invalidValue);
  EXPECT_EQ(launch(1, 1025, 0), invalidValue);
  EXPECT_EQ(launch(1, 32, 49153), invalidValue);
  EXPECT_EQ(d.cuFuncSetAttribute(function, cuda::functionDynamicShared, 101377),
            invalidValue);
  ASSERT_EQ(d.cuFuncSetAttribute(function, cuda::functionDynamicShared, 101376),
            cuda::success);
  // Two blocks side by side need 98.1 % of what there is.
  EXPECT_EQ(launch(1, 32, 49153), invalidValue);
  EXPECT_EQ(d.cuFuncSetAttribute(function, cuda::functionSharedCarveout, 101),
            invalidValue);
  ASSERT_EQ(d.cuFuncSetAttribute(function, cuda::functionSharedCarveout, 98),
            cuda::success);
  EXPECT_EQ(launch(1, 32, 49153), invalidValue);
  ASSERT_EQ(d.cuFuncSetAttribute(function, cuda::functionSharedCarveout, 99),
            cuda::success);
  EXPECT_EQ(launch(1, 32, 49153), cuda::success);
  ASSERT_EQ(d.cuStreamSynchronize(stream), cuda::success);

  cuda::CUgraph graph = nullptr;
  ASSERT_EQ(d.cuStreamBeginCapture_v2(stream, cuda::captureThreadLocal),
            cuda::success);
  ASSERT_EQ(d.cuEventRecord(timed, stream), cuda::success);
  EXPECT_EQ(d.cuMemAlloc_v2(&memory, 16), unsupported);
  EXPECT_EQ(d.cuStreamEndCapture(stream, &graph), invalidated);
  EXPECT_EQ(d.cuEventSynchronize(timed), capturedEvent);

  for (cuda::CUevent event : {timed, untimed})
    EXPECT_EQ(d.cuEventDestroy_v2(event), cuda::success);
  EXPECT_EQ(d.cuStreamDestroy_v2(stream), cuda::success);
  EXPECT_EQ(d.cuModuleUnload(loaded), cuda::success);
  EXPECT_EQ(d.cuDevicePrimaryCtxRelease_v2(0), cuda::success);
}

TEST_F(CudaTest, EveryCallIsChecked) {
  const char *names[] = {
#define LLMC_NAME(name, parameters) #name,
      LLMC_CUDA_FUNCTIONS(LLMC_NAME)
#undef LLMC_NAME
  };
  // Freeing goes on whatever it says; of the last two an error is the text.
  const std::string unchecked =
      "cuDevicePrimaryCtxRelease_v2 cuCtxSynchronize cuMemFree_v2 "
      "cuMemFreeHost cuStreamDestroy_v2 cuGraphDestroy cuGraphExecDestroy "
      "cuEventDestroy_v2 cuModuleUnload cuGetErrorName cuGetErrorString";
  int failures = 0;
  for (const std::string name : names)
    for (long call = 1; unchecked.find(name) == std::string::npos; ++call) {
      reset();
      std::string words = fmt::format("fail={}:{}:1", name, call);
      configure(words.c_str());
      Status status = Status::ok();
      std::vector<float> losses, expected;
      {
        CudaDevice device(program);
        status = device.allocate();
        if (status.isOk())
          status = steps(device, losses, expected);
        if (calls(name.c_str()) < call)
          break;
      }
      ++failures;
      EXPECT_FALSE(status.isOk()) << words;
      EXPECT_EQ(live(), 0) << words;
    }
  EXPECT_GT(failures, 100);
}

} // namespace
