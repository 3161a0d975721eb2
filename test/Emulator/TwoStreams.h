//===- TwoStreams.h - What tests of streams begin with ----------*- C++ -*-===//

#ifndef LLMC_TEST_EMULATOR_TWOSTREAMS_H
#define LLMC_TEST_EMULATOR_TWOSTREAMS_H

#include "Driver.h"

namespace llmc::emulator {

/// Two streams, an event, a device buffer of one int.
struct TwoStreams {
  explicit TwoStreams(Driver &driver) : driver(driver) {
    driver.start();
    EXPECT_EQ(driver.cuStreamCreate(&first, CU_STREAM_NON_BLOCKING), 0);
    EXPECT_EQ(driver.cuStreamCreate(&second, CU_STREAM_NON_BLOCKING), 0);
    EXPECT_EQ(driver.cuEventCreate(&event, CU_EVENT_DISABLE_TIMING), 0);
    EXPECT_EQ(driver.cuEventCreate(&back, CU_EVENT_DISABLE_TIMING), 0);
    EXPECT_EQ(driver.cuMemAlloc_v2(&memory, 4), 0);
    EXPECT_EQ(driver.cuMemsetD8Async(memory, 0, 4, nullptr), 0);
  }
  CUresult fill(int byte, CUstream stream) {
    return driver.cuMemsetD8Async(memory, (unsigned char)byte, 4, stream);
  }
  CUresult read(CUstream stream) {
    return driver.cuMemcpyDtoHAsync_v2(&host, memory, 4, stream);
  }

  Driver &driver;
  CUstream first = nullptr, second = nullptr;
  CUevent event = nullptr, back = nullptr;
  CUdeviceptr memory = 0;
  int host = -1;
};

inline const std::map<std::string, std::string> lazy = {
    {"LLMC_EMULATOR_STREAMS", "lazy"}};

} // namespace llmc::emulator

#endif // LLMC_TEST_EMULATOR_TWOSTREAMS_H
