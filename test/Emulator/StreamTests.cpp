//===- StreamTests.cpp - Streams and events -------------------------------===//

#include "TwoStreams.h"

using namespace llmc::emulator;

TEST(StreamTest, EagerWorkIsDoneAtOnce) {
  inChild({}, [](Driver &driver) {
    TwoStreams s(driver);
    EXPECT_EQ(s.fill(1, s.first), 0);
    EXPECT_EQ(s.read(s.second), 0);
    EXPECT_EQ(s.host, 0x01010101);
  });
}

TEST(StreamTest, LazyWorkWaitsUntilItIsAskedFor) {
  inChild(lazy, [](Driver &driver) {
    TwoStreams s(driver);
    EXPECT_EQ(s.fill(1, s.first), 0);
    EXPECT_EQ(s.read(s.first), 0);
    EXPECT_EQ(s.host, -1);
    EXPECT_EQ(driver.cuStreamSynchronize(s.first), 0);
    EXPECT_EQ(s.host, 0x01010101);
  });
}

TEST(StreamTest, AForgottenWaitShows) {
  for (bool waits : {false, true})
    inChild(lazy, [waits](Driver &driver) {
      TwoStreams s(driver);
      EXPECT_EQ(s.fill(1, s.first), 0);
      EXPECT_EQ(driver.cuEventRecord(s.event, s.first), 0);
      EXPECT_EQ(s.fill(2, s.first), 0);
      if (waits)
        EXPECT_EQ(driver.cuStreamWaitEvent(s.second, s.event, 0), 0);
      EXPECT_EQ(s.read(s.second), 0);
      EXPECT_EQ(driver.cuStreamSynchronize(s.second), 0);
      // What comes after the event in the first stream is not waited for.
      EXPECT_EQ(s.host, waits ? 0x01010101 : 0);
      EXPECT_EQ(driver.cuCtxSynchronize(), 0);
      EXPECT_EQ(driver.cuEventSynchronize(s.event), 0);
    });
}

// Who waits for an event waits for its latest record, and so does the host.
TEST(StreamTest, EventsAreRecordedAgain) {
  inChild(lazy, [](Driver &driver) {
    TwoStreams s(driver);
    EXPECT_EQ(s.fill(1, s.first), 0);
    EXPECT_EQ(driver.cuEventRecord(s.event, s.first), 0);
    EXPECT_EQ(driver.cuEventSynchronize(s.event), 0);
    EXPECT_EQ(s.read(s.second), 0);
    EXPECT_EQ(driver.cuStreamSynchronize(s.second), 0);
    EXPECT_EQ(s.host, 0x01010101);
    EXPECT_EQ(s.fill(2, s.first), 0);
    EXPECT_EQ(driver.cuEventRecord(s.event, s.first), 0);
    EXPECT_EQ(driver.cuStreamWaitEvent(s.second, s.event, 0), 0);
    EXPECT_EQ(s.read(s.second), 0);
    EXPECT_EQ(driver.cuStreamSynchronize(s.second), 0);
    EXPECT_EQ(s.host, 0x02020202);
  });
}

// A record that is older comes to pass later: the newer one stays.
TEST(StreamTest, AnOlderRecordChangesNothing) {
  inChild(lazy, [](Driver &driver) {
    TwoStreams s(driver);
    CUevent event;
    float milliseconds = -1;
    EXPECT_EQ(driver.cuEventCreate(&event, 0), 0);
    EXPECT_EQ(driver.cuEventRecord(event, s.first), 0);
    EXPECT_EQ(driver.cuEventRecord(event, s.second), 0);
    EXPECT_EQ(driver.cuStreamSynchronize(s.second), 0);
    EXPECT_EQ(driver.cuStreamSynchronize(s.first), 0);
    EXPECT_EQ(driver.cuEventElapsedTime(&milliseconds, event, event), 0);
  });
}

// The default stream comes after all streams but those that said otherwise.
TEST(StreamTest, TheDefaultStreamWaits) {
  for (unsigned flags : {0u, unsigned(CU_STREAM_NON_BLOCKING)})
    inChild(lazy, [flags](Driver &driver) {
      TwoStreams s(driver);
      CUstream stream;
      EXPECT_EQ(driver.cuStreamCreate(&stream, flags), 0);
      EXPECT_EQ(s.fill(1, stream), 0);
      EXPECT_EQ(driver.cuMemcpyDtoH_v2(&s.host, s.memory, 4), 0);
      EXPECT_EQ(s.host, flags ? 0 : 0x01010101);
    });
}

// Work that was put off is done before what it needs goes away.
TEST(StreamTest, NothingThatWasPutOffIsLost) {
  for (int which = 0; which < 4; ++which)
    inChild(lazy, [which](Driver &driver) {
      TwoStreams s(driver);
      CUdeviceptr x = driver.floats(1024, 1), y = driver.floats(1024, 0);
      CUdeviceptr z = driver.floats(1, 0);
      EXPECT_EQ(driver.launch("dropped_barrier", x, y, s.first), 0);
      EXPECT_EQ(driver.cuMemcpyDtoHAsync_v2(&s.host, y, 4, s.first), 0);
      EXPECT_EQ(s.host, -1);
      switch (which) {
      case 0:
        EXPECT_EQ(driver.cuCtxSynchronize(), 0);
        break;
      case 1:
        EXPECT_EQ(driver.cuStreamDestroy_v2(s.first), 0);
        break;
      case 2:
        EXPECT_EQ(driver.cuMemFree_v2(z), 0);
        break;
      case 3:
        EXPECT_EQ(driver.cuModuleUnload(driver.module), 0);
        break;
      }
      EXPECT_EQ(s.host, 0x01010101) << which;
    });
}

TEST(StreamTest, EventsMeasure) {
  inChild({}, [](Driver &driver) {
    TwoStreams s(driver);
    CUevent start, end;
    float milliseconds = -1;
    EXPECT_EQ(driver.cuEventCreate(&start, 0), 0);
    EXPECT_EQ(driver.cuEventCreate(&end, 0), 0);
    EXPECT_EQ(driver.cuEventElapsedTime(&milliseconds, start, end),
              CUDA_ERROR_INVALID_HANDLE);
    EXPECT_EQ(driver.cuEventRecord(start, s.first), 0);
    usleep(2000);
    EXPECT_EQ(driver.cuEventRecord(end, s.first), 0);
    EXPECT_EQ(driver.cuEventElapsedTime(&milliseconds, start, end), 0);
    EXPECT_GE(milliseconds, 2.0f);
    EXPECT_EQ(driver.cuEventRecord(s.event, s.first), 0);
    EXPECT_EQ(driver.cuEventElapsedTime(&milliseconds, s.event, end),
              CUDA_ERROR_INVALID_HANDLE);
  });
  inChild(lazy, [](Driver &driver) {
    TwoStreams s(driver);
    CUevent event;
    float milliseconds = -1;
    EXPECT_EQ(driver.cuEventCreate(&event, 0), 0);
    EXPECT_EQ(driver.cuEventRecord(event, s.first), 0);
    EXPECT_EQ(driver.cuEventElapsedTime(&milliseconds, event, event),
              CUDA_ERROR_NOT_READY);
    EXPECT_EQ(driver.cuEventSynchronize(event), 0);
    EXPECT_EQ(driver.cuEventElapsedTime(&milliseconds, event, event), 0);
  });
}

// What a stream calls on the host may not call the driver.
TEST(StreamTest, HostFunctionsStayOnTheHost) {
  inChild({}, [](Driver &driver) {
    struct Data {
      Driver &driver;
      CUstream stream;
      CUresult result = 0;
    };
    TwoStreams s(driver);
    Data data{driver, s.second};
    auto query = [](void *argument) {
      auto &data = *static_cast<Data *>(argument);
      data.result = data.driver.cuStreamQuery(data.stream);
    };
    EXPECT_EQ(driver.cuLaunchHostFunc(s.first, query, &data), 0);
    EXPECT_EQ(driver.cuStreamSynchronize(s.first), 0);
    EXPECT_EQ(data.result, CUDA_ERROR_NOT_PERMITTED);
    EXPECT_EQ(driver.cuStreamQuery(s.second), 0);
  });
}
