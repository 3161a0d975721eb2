//===- DriverTests.cpp - libcuda-emulated.so: memory, modules, faults -----===//

#include "Driver.h"

#include <cstring>
#include <thread>

using namespace llmc::emulator;

TEST(DriverTest, RunsAKernel) {
  std::string errors = inChild({}, [](Driver &driver) {
    driver.start();
    CUdeviceptr x = driver.floats(1024, -1), y = driver.floats(1024, -1);
    std::vector<float> values(1024, 2.5f), result(64);
    EXPECT_EQ(driver.cuMemcpyHtoD_v2(x, values.data(), 4096), 0);
    EXPECT_EQ(driver.launch("dropped_barrier", x, y), 0);
    EXPECT_EQ(driver.cuCtxSynchronize(), 0);
    EXPECT_EQ(driver.cuMemcpyDtoH_v2(result.data(), y, 256), 0);
    EXPECT_EQ(result, std::vector<float>(64, 2.5f));
    EXPECT_EQ(driver.cuMemFree_v2(x), 0);
    EXPECT_EQ(driver.cuMemFree_v2(x), CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(driver.cuModuleUnload(driver.module), 0);
  });
  EXPECT_EQ(errors, "");
}

TEST(DriverTest, AFailedCheckIsSticky) {
  std::string errors = inChild({}, [](Driver &driver) {
    driver.start();
    CUdeviceptr x = driver.floats(1024, 0), y = driver.floats(1024, 0);
    EXPECT_EQ(driver.launch("dropped_barrier_broken", x, y),
              CUDA_ERROR_LAUNCH_FAILED);
    EXPECT_EQ(driver.cuCtxSynchronize(), CUDA_ERROR_LAUNCH_FAILED);
    CUdeviceptr z;
    EXPECT_EQ(driver.cuMemAlloc_v2(&z, 16), CUDA_ERROR_LAUNCH_FAILED);
  });
  EXPECT_NE(errors.find("llmc-emulator: error: kernel 'dropped_barrier_broken'"
                        ", block (0, 0, 0), thread "),
            std::string::npos)
      << errors;
}

TEST(DriverTest, CallsThatAreWrong) {
  std::string errors = inChild({}, [](Driver &driver) {
    CUdeviceptr p = 0;
    int value = 0;
    EXPECT_EQ(driver.cuDeviceGetCount(&value), CUDA_ERROR_NOT_INITIALIZED);
    EXPECT_EQ(driver.cuInit(0), 0);
    EXPECT_EQ(driver.cuMemAlloc_v2(&p, 16), CUDA_ERROR_INVALID_CONTEXT);
    CUcontext context;
    EXPECT_EQ(driver.cuDevicePrimaryCtxRetain(&context, 0), 0);
    // It is there, but not yet this thread's.
    EXPECT_EQ(driver.cuMemAlloc_v2(&p, 16), CUDA_ERROR_INVALID_CONTEXT);
    driver.start();
    EXPECT_EQ(driver.cuMemAlloc_v2(&p, 16), 0);
    std::thread([&] {
      EXPECT_EQ(driver.cuMemFree_v2(p), CUDA_ERROR_INVALID_CONTEXT);
    }).join();
    EXPECT_EQ(driver.cuCtxEnablePeerAccess(context, 0),
              CUDA_ERROR_INVALID_DEVICE);
    EXPECT_EQ(driver.cuCtxDisablePeerAccess(context),
              CUDA_ERROR_PEER_ACCESS_NOT_ENABLED);
    CUdeviceptr x = driver.floats(1024, 0);
    std::vector<float> host(2048);
    EXPECT_EQ(driver.cuMemcpyHtoD_v2(x, host.data(), 4097),
              CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(driver.cuMemcpyDtoH_v2(host.data(), x + 4092, 8),
              CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(driver.cuMemAlloc_v2(&p, 0), CUDA_ERROR_INVALID_VALUE);
    CUfunction f = nullptr;
    EXPECT_EQ(driver.cuModuleGetFunction(&f, driver.module, "none"),
              CUDA_ERROR_NOT_FOUND);
    f = driver.function("gemm_correct");
    EXPECT_EQ(driver.cuFuncGetAttribute(&value, 0, f), 0);
    EXPECT_EQ(value, 128);
    void *arguments[] = {&x, &x, &x};
    auto launch = [&](unsigned grid, unsigned threads, unsigned bytes) {
      return driver.cuLaunchKernel(f, grid, 1, 1, threads, 1, 1, bytes, nullptr,
                                   arguments, nullptr);
    };
    EXPECT_EQ(launch(0, 128, 0), CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(driver.cuLaunchKernel(f, 1, 65536, 1, 128, 1, 1, 0, nullptr,
                                    arguments, nullptr),
              CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(launch(1, 256, 0), CUDA_ERROR_INVALID_VALUE);
    // More than 48 KiB has to be asked for, and there is a limit.
    EXPECT_EQ(launch(1, 128, 49153), CUDA_ERROR_INVALID_VALUE);
    EXPECT_EQ(driver.cuFuncSetAttribute(f, 8, 101376), 0);
    EXPECT_EQ(driver.cuFuncSetAttribute(f, 8, 101377),
              CUDA_ERROR_INVALID_VALUE);
    // A division of shared memory and L1 is in percent.
    EXPECT_EQ(driver.cuFuncSetAttribute(f, 9, 100), 0);
    EXPECT_EQ(driver.cuFuncSetAttribute(f, 9, 101), CUDA_ERROR_INVALID_VALUE);
    // An image for a GPU, and none at all.
    driver.image[18] = char(190);
    driver.image[19] = 0;
    CUmodule module;
    EXPECT_EQ(driver.cuModuleLoadData(&module, driver.image.data()),
              CUDA_ERROR_NO_BINARY_FOR_GPU);
    EXPECT_EQ(driver.cuModuleLoadData(&module, ".version 9.0"),
              CUDA_ERROR_INVALID_IMAGE);
    const char *name = nullptr;
    EXPECT_EQ(driver.cuGetErrorName(209, &name), 0);
    EXPECT_STREQ(name, "CUDA_ERROR_NO_BINARY_FOR_GPU");
    void *address = nullptr;
    EXPECT_EQ(
        driver.cuGetProcAddress_v2("cuMemAlloc", &address, 13000, 0, nullptr),
        0);
    EXPECT_EQ(address, reinterpret_cast<void *>(driver.cuMemAlloc_v2));
  });
  EXPECT_NE(errors.find("4097 bytes do not lie within one allocation"),
            std::string::npos)
      << errors;
}

TEST(DriverTest, ALastReleaseTakesTheContext) {
  inChild({}, [](Driver &driver) {
    CUdeviceptr p = 0;
    CUcontext context;
    EXPECT_EQ(driver.cuInit(0), 0);
    EXPECT_EQ(driver.cuDevicePrimaryCtxRelease_v2(0),
              CUDA_ERROR_INVALID_CONTEXT);
    EXPECT_EQ(driver.cuDevicePrimaryCtxRelease_v2(7),
              CUDA_ERROR_INVALID_DEVICE);
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ(driver.cuDevicePrimaryCtxRetain(&context, 0), 0);
    EXPECT_EQ(driver.cuCtxSetCurrent(context), 0);
    EXPECT_EQ(driver.cuDevicePrimaryCtxRelease_v2(0), 0);
    EXPECT_EQ(driver.cuMemAlloc_v2(&p, 16), 0);
    EXPECT_EQ(driver.cuDevicePrimaryCtxRelease_v2(0), 0);
    EXPECT_EQ(driver.cuMemFree_v2(p), CUDA_ERROR_INVALID_CONTEXT);
    EXPECT_EQ(driver.cuDevicePrimaryCtxRelease_v2(0),
              CUDA_ERROR_INVALID_CONTEXT);
  });
}

TEST(DriverTest, RegistersNoByteTwice) {
  inChild({}, [](Driver &driver) {
    driver.start();
    std::vector<char> memory(4096);
    auto add = [&](size_t from, size_t bytes) {
      return driver.cuMemHostRegister_v2(memory.data() + from, bytes, 0);
    };
    constexpr CUresult twice = CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    EXPECT_EQ(add(1024, 1024), 0);
    EXPECT_EQ(add(1024, 1024), twice);
    EXPECT_EQ(add(2047, 1), twice);
    EXPECT_EQ(add(0, 1025), twice);
    EXPECT_EQ(add(0, 4096), twice);
    EXPECT_EQ(add(0, 1024), 0);
    EXPECT_EQ(add(2048, 1024), 0);
    EXPECT_EQ(driver.cuMemHostUnregister(memory.data() + 1025),
              CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
    EXPECT_EQ(driver.cuMemHostUnregister(memory.data() + 1024), 0);
    EXPECT_EQ(add(1536, 512), 0);
  });
}

TEST(DriverTest, WritesAReport) {
  std::string path = testing::TempDir() + "llmc-emulator-report.json";
  std::remove(path.c_str());
  inChild({{"LLMC_EMULATOR_REPORT", path}}, [](Driver &driver) {
    driver.start();
    CUdeviceptr x = driver.floats(1024, 0), y = driver.floats(1024, 0);
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(driver.launch("read_then_write", x, y), 0);
  });
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("{\"name\": \"read_then_write\", \"launches\": 3, "
                      "\"blocks\": 3, \"mma\": 0"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\"bank_conflicts\": 0"), std::string::npos) << text;
  std::remove(path.c_str());
}

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

TEST(FaultTest, NoDevice) {
  inChild({{"LLMC_EMULATOR_FAULTS", "devices=0"}}, [](Driver &driver) {
    EXPECT_EQ(driver.cuInit(0), CUDA_ERROR_NO_DEVICE);
  });
}

TEST(FaultTest, OldDriverAndMemory) {
  inChild({{"LLMC_EMULATOR_FAULTS",
            "driver=11000,memory=8GiB,free=1GiB,compute=86"}},
          [](Driver &driver) {
            driver.start();
            int value = 0;
            size_t free = 0, total = 0;
            EXPECT_EQ(driver.cuDriverGetVersion(&value), 0);
            EXPECT_EQ(value, 11000);
            EXPECT_EQ(driver.cuDeviceGetAttribute(&value, 75, 0), 0);
            EXPECT_EQ(value, 8);
            EXPECT_EQ(driver.cuMemGetInfo_v2(&free, &total), 0);
            EXPECT_EQ(free, size_t(1) << 30);
            EXPECT_EQ(total, size_t(8) << 30);
            CUdeviceptr p;
            EXPECT_EQ(driver.cuMemAlloc_v2(&p, (size_t(1) << 30) + 1),
                      CUDA_ERROR_OUT_OF_MEMORY);
            EXPECT_EQ(driver.cuMemAlloc_v2(&p, size_t(1) << 29), 0);
            EXPECT_EQ(driver.cuMemGetInfo_v2(&free, &total), 0);
            EXPECT_EQ(free, size_t(1) << 29);
          });
}

TEST(FaultTest, OutOfMemory) {
  inChild({{"LLMC_EMULATOR_FAULTS", "oom:1MiB"}}, [](Driver &driver) {
    driver.start();
    CUdeviceptr p;
    EXPECT_EQ(driver.cuMemAlloc_v2(&p, 1 << 20), 0);
    EXPECT_EQ(driver.cuMemAlloc_v2(&p, (1 << 20) + 1),
              CUDA_ERROR_OUT_OF_MEMORY);
  });
}

TEST(FaultTest, TheSecondLaunchOfAKernel) {
  inChild({{"LLMC_EMULATOR_FAULTS", "launch:read_then_write:2"}},
          [](Driver &driver) {
            driver.start();
            CUdeviceptr x = driver.floats(1024, 0), y = driver.floats(1024, 0);
            EXPECT_EQ(driver.launch("dropped_barrier", x, y), 0);
            EXPECT_EQ(driver.launch("read_then_write", x, y), 0);
            EXPECT_EQ(driver.launch("dropped_barrier", x, y), 0);
            EXPECT_EQ(driver.launch("read_then_write", x, y),
                      CUDA_ERROR_ILLEGAL_ADDRESS);
            EXPECT_EQ(driver.cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
          });
}

TEST(FaultTest, LostAndSingleCalls) {
  inChild({{"LLMC_EMULATOR_FAULTS", "lost:3"}}, [](Driver &driver) {
    int count;
    EXPECT_EQ(driver.cuInit(0), 0);
    EXPECT_EQ(driver.cuDeviceGetCount(&count), 0);
    EXPECT_EQ(driver.cuDeviceGetCount(&count), CUDA_ERROR_DEVICE_UNAVAILABLE);
    EXPECT_EQ(driver.cuCtxSynchronize(), CUDA_ERROR_DEVICE_UNAVAILABLE);
  });
  inChild(
      {{"LLMC_EMULATOR_FAULTS", "call:cuStreamCreate:2"}}, [](Driver &driver) {
        driver.start();
        CUstream stream;
        EXPECT_EQ(driver.cuStreamCreate(&stream, 0), CUDA_ERROR_OUT_OF_MEMORY);
      });
}
