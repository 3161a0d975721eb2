//===- StreamTests.cpp - Streams, events, capture and graphs --------------===//

#include "Driver.h"

using namespace llmc::emulator;

namespace {

constexpr int threadLocal = 1;

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

const std::map<std::string, std::string> lazy = {
    {"LLMC_EMULATOR_STREAMS", "lazy"}};

} // namespace

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

//===----------------------------------------------------------------------===//
// Capture
//===----------------------------------------------------------------------===//

TEST(GraphTest, RecordsAndReplays) {
  for (const auto &environment : {std::map<std::string, std::string>(), lazy})
    inChild(environment, [](Driver &driver) {
      TwoStreams s(driver);
      CUdeviceptr x = driver.floats(1024, 0), y = driver.floats(1024, 0);
      CUgraph graph = nullptr;
      CUgraphExec executable = nullptr;
      int status = -1;
      EXPECT_EQ(driver.cuStreamBeginCapture_v2(s.first, threadLocal), 0);
      EXPECT_EQ(driver.cuStreamIsCapturing(s.first, &status), 0);
      EXPECT_EQ(status, 1);
      EXPECT_EQ(driver.cuMemsetD8Async(x, 1, 4096, s.first), 0);
      EXPECT_EQ(driver.launch("dropped_barrier", x, y, s.first), 0);
      EXPECT_EQ(driver.cuMemcpyDtoHAsync_v2(&s.host, y, 4, s.first), 0);
      EXPECT_EQ(driver.cuStreamEndCapture(s.first, &graph), 0);
      EXPECT_EQ(driver.cuGraphInstantiateWithFlags(&executable, graph, 0), 0);
      EXPECT_EQ(driver.cuGraphDestroy(graph), 0);
      EXPECT_EQ(driver.cuStreamSynchronize(s.first), 0);
      EXPECT_EQ(s.host, -1); // nothing ran yet
      for (int i = 0; i < 2; ++i) {
        s.host = -1;
        EXPECT_EQ(driver.cuGraphLaunch(executable, s.first), 0);
        EXPECT_EQ(driver.cuStreamSynchronize(s.first), 0);
        EXPECT_EQ(s.host, 0x01010101);
      }
      EXPECT_EQ(driver.cuGraphExecDestroy(executable), 0);
    });
}

// Two branches without an order: lazily, some seed runs them the other way.
TEST(GraphTest, BranchesNeedTheirDependencies) {
  for (bool joins : {true, false}) {
    bool differs = false;
    for (int seed = 0; seed < 8; ++seed) {
      std::map<std::string, std::string> environment = lazy;
      environment["LLMC_EMULATOR_SEED"] = std::to_string(seed);
      std::string text = inChild(environment, [joins](Driver &driver) {
        TwoStreams s(driver);
        CUgraph graph = nullptr;
        CUgraphExec executable = nullptr;
        EXPECT_EQ(driver.cuStreamBeginCapture_v2(s.first, threadLocal), 0);
        EXPECT_EQ(driver.cuEventRecord(s.event, s.first), 0);
        EXPECT_EQ(driver.cuStreamWaitEvent(s.second, s.event, 0), 0);
        EXPECT_EQ(s.fill(1, s.second), 0);
        EXPECT_EQ(driver.cuEventRecord(s.back, s.second), 0);
        if (joins)
          EXPECT_EQ(driver.cuStreamWaitEvent(s.first, s.back, 0), 0);
        EXPECT_EQ(s.read(s.first), 0);
        EXPECT_EQ(driver.cuStreamWaitEvent(s.first, s.back, 0), 0);
        EXPECT_EQ(driver.cuStreamEndCapture(s.first, &graph), 0);
        EXPECT_EQ(driver.cuGraphInstantiateWithFlags(&executable, graph, 0), 0);
        EXPECT_EQ(driver.cuGraphLaunch(executable, s.first), 0);
        EXPECT_EQ(driver.cuStreamSynchronize(s.first), 0);
        std::fprintf(stderr, "%d", s.host);
      });
      differs |= text != std::to_string(0x01010101);
    }
    EXPECT_EQ(differs, !joins);
  }
}

TEST(GraphTest, WhatACaptureForbids) {
  // Each of these breaks the capture, and the end says so.
  for (int which = 0; which < 8; ++which)
    inChild({}, [which](Driver &driver) {
      TwoStreams s(driver);
      EXPECT_EQ(driver.cuMemHostRegister_v2(&s.host, 4, 0), 0);
      CUdeviceptr p;
      CUgraph graph;
      int host = 0;
      EXPECT_EQ(driver.cuEventRecord(s.back, s.second), 0);
      EXPECT_EQ(driver.cuStreamBeginCapture_v2(s.first, threadLocal), 0);
      EXPECT_EQ(s.fill(1, s.first), 0);
      EXPECT_EQ(driver.cuEventRecord(s.event, s.first), 0);
      CUresult result = 0;
      CUresult expected = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
      switch (which) {
      case 0:
        result = driver.cuStreamSynchronize(s.first);
        break;
      case 1:
        result = driver.cuCtxSynchronize();
        break;
      case 2:
        result = driver.cuMemAlloc_v2(&p, 16);
        break;
      case 3:
        result = driver.cuMemcpyDtoH_v2(&host, s.memory, 4);
        break;
      case 4:
        result = driver.cuEventSynchronize(s.event);
        expected = CUDA_ERROR_CAPTURED_EVENT;
        break;
      case 5:
        result = driver.cuStreamWaitEvent(s.first, s.back, 0);
        expected = CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
        break;
      case 6:
        result = driver.cuMemHostUnregister(&s.host);
        break;
      case 7:
        result = driver.cuModuleUnload(driver.module);
        break;
      }
      EXPECT_EQ(result, expected) << which;
      EXPECT_EQ(s.fill(1, s.first), CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
      EXPECT_EQ(driver.cuStreamEndCapture(s.first, &graph),
                CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
      EXPECT_EQ(graph, nullptr);
      // Afterwards the stream works as before.
      EXPECT_EQ(s.fill(3, s.first), 0);
      EXPECT_EQ(s.read(s.first), 0);
      EXPECT_EQ(driver.cuStreamSynchronize(s.first), 0);
      EXPECT_EQ(s.host, 0x03030303);
    });
}

// Captures that meet, begin twice or end elsewhere, and the default stream.
TEST(GraphTest, CapturesStayApart) {
  inChild({}, [](Driver &driver) {
    TwoStreams s(driver);
    CUgraph graph;
    EXPECT_EQ(driver.cuStreamBeginCapture_v2(s.first, threadLocal), 0);
    EXPECT_EQ(driver.cuStreamBeginCapture_v2(s.first, threadLocal),
              CUDA_ERROR_ILLEGAL_STATE);
    EXPECT_EQ(driver.cuStreamBeginCapture_v2(s.second, threadLocal), 0);
    EXPECT_EQ(s.fill(1, s.first), 0);
    EXPECT_EQ(driver.cuEventRecord(s.event, s.first), 0);
    EXPECT_EQ(driver.cuStreamWaitEvent(s.second, s.event, 0),
              CUDA_ERROR_STREAM_CAPTURE_MERGE);
    for (CUstream stream : {s.first, s.second})
      EXPECT_EQ(driver.cuStreamEndCapture(stream, &graph),
                CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  });
  inChild({}, [](Driver &driver) {
    TwoStreams s(driver);
    CUgraph graph;
    EXPECT_EQ(driver.cuStreamBeginCapture_v2(s.first, threadLocal), 0);
    EXPECT_EQ(s.fill(1, s.first), 0);
    EXPECT_EQ(driver.cuEventRecord(s.event, s.first), 0);
    EXPECT_EQ(driver.cuStreamWaitEvent(s.second, s.event, 0), 0);
    EXPECT_EQ(driver.cuStreamEndCapture(s.second, &graph),
              CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
    EXPECT_EQ(driver.cuStreamEndCapture(s.first, &graph),
              CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  });
  inChild({}, [](Driver &driver) {
    TwoStreams s(driver);
    CUstream blocking;
    CUgraph graph;
    EXPECT_EQ(driver.cuStreamCreate(&blocking, 0), 0);
    EXPECT_EQ(driver.cuStreamBeginCapture_v2(blocking, threadLocal), 0);
    EXPECT_EQ(s.fill(1, nullptr), CUDA_ERROR_STREAM_CAPTURE_IMPLICIT);
    EXPECT_EQ(driver.cuStreamEndCapture(blocking, &graph),
              CUDA_ERROR_STREAM_CAPTURE_INVALIDATED);
  });
}

TEST(GraphTest, EndsWhereItBegan) {
  inChild({}, [](Driver &driver) {
    TwoStreams s(driver);
    CUgraph graph;
    EXPECT_EQ(driver.cuStreamEndCapture(s.first, &graph),
              CUDA_ERROR_ILLEGAL_STATE);
    EXPECT_EQ(driver.cuStreamBeginCapture_v2(nullptr, threadLocal),
              CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    // A branch that is not joined.
    EXPECT_EQ(driver.cuStreamBeginCapture_v2(s.first, threadLocal), 0);
    EXPECT_EQ(driver.cuEventRecord(s.event, s.first), 0);
    EXPECT_EQ(driver.cuStreamWaitEvent(s.second, s.event, 0), 0);
    EXPECT_EQ(s.fill(1, s.second), 0);
    EXPECT_EQ(driver.cuStreamEndCapture(s.first, &graph),
              CUDA_ERROR_STREAM_CAPTURE_UNJOINED);
  });
}
