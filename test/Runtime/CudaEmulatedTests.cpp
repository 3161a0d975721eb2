//===- CudaEmulatedTests.cpp - the GPU's device on the emulated driver ----===//
//
// Kernels here are the texts that llmc would emit, compiled for the emulator,
// which checks what they do.
//
//===----------------------------------------------------------------------===//

#include "GpuTestProgram.h"
#include "TestSupport.h"

#include "device/cuda/CudaDevice.h"

#include <cstdlib>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

class CudaEmulatedTest : public ::testing::Test {
protected:
  void SetUp() override {
    ::setenv("LLMC_CUDA_DRIVER", LLMC_EMULATED_DRIVER, 1);
    object = contentsOf(LLMC_EMULATED_KERNELS);
    image = {object.data(), nullptr, static_cast<int64_t>(object.size()), 0};
    program.images = &image;
    program.computeCapability = 0;
  }
  void TearDown() override { ::unsetenv("LLMC_CUDA_DRIVER"); }

  void expectSteps(Device &device) {
    std::vector<float> losses, expected;
    EXPECT_OK(steps(device, losses, expected));
    EXPECT_EQ(losses, expected);
    float parameter = 0;
    EXPECT_OK(device.read(LlmcArenaParameter, 511 * 4, &parameter, 4));
    EXPECT_EQ(parameter, 25 + 58);
    EXPECT_OK(device.read(LlmcArenaParameter, 512 * 4, &parameter, 4));
    EXPECT_EQ(parameter, 0);
  }

  std::string object;
  LlmcImage image;
  LlmcProgram program = smallGpuProgram();
};

TEST_F(CudaEmulatedTest, StepsRunFromGraphs) {
  CudaDevice device(program);
  EXPECT_OK(device.allocate());
  EXPECT_NE(device.description().find("emulated"), std::string::npos);
  EXPECT_EQ(device.peak().flopsPerSecond, 0);
  expectSteps(device);
}

TEST_F(CudaEmulatedTest, AProfileRunsOneByOne) {
  CudaDevice device(program);
  EXPECT_OK(device.allocate());
  device.startProfile();
  expectSteps(device);
  EXPECT_EQ(device.profile()[0].calls, 6);
  EXPECT_GT(device.profile()[0].seconds, 0);
}

TEST_F(CudaEmulatedTest, CodeForARealGpuIsRefused) {
  program.computeCapability = 89;
  CudaDevice device(program);
  EXPECT_FAILS(device.allocate(), "emulates a GPU; compile the model again "
                                  "with --arch=emulated");
}

// The emulator reports what a GPU would do without a word. The last test: the
// emulated GPU is broken afterwards.
TEST_F(CudaEmulatedTest, AKernelThatLeavesItsArgumentIsNamed) {
  // Its grid is one block too long.
  std::vector<LlmcKernel> wrong(program.kernels, program.kernels + 2);
  wrong[1].gridX = numParameters / 64 + 1;
  program.kernels = wrong.data();
  ::setenv("LLMC_LAUNCH_BLOCKING", "1", 1);
  CudaDevice device(program);
  ::unsetenv("LLMC_LAUNCH_BLOCKING");
  EXPECT_OK(device.allocate());
  std::vector<float> losses, expected;
  EXPECT_FAILS(steps(device, losses, expected), "kernel grow (m.mlir:9) ");
}

} // namespace
