//===- GraphTests.cpp - Capture and graphs --------------------------------===//

#include "TwoStreams.h"

#include <thread>

using namespace llmc::emulator;

namespace {

constexpr int threadLocal = 1;

} // namespace

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
  for (int which = 0; which < 12; ++which)
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
      // Whatever was captured nothing of may not be waited for either.
      case 8:
        result = driver.cuStreamSynchronize(s.second);
        break;
      case 9:
        result = driver.cuStreamQuery(s.second);
        break;
      case 10:
        result = driver.cuEventSynchronize(s.back);
        break;
      case 11:
        result = driver.cuEventQuery(s.back);
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

// A capture of its own is no other thread's concern, a global one is.
TEST(GraphTest, OtherThreadsDuringACapture) {
  constexpr int global = 0;
  for (int mode : {threadLocal, global})
    inChild({}, [mode](Driver &driver) {
      TwoStreams s(driver);
      CUcontext context;
      CUgraph graph;
      EXPECT_EQ(driver.cuDevicePrimaryCtxRetain(&context, 0), 0);
      EXPECT_EQ(driver.cuStreamBeginCapture_v2(s.first, mode), 0);
      EXPECT_EQ(s.fill(1, s.first), 0);
      const CUresult expected =
          mode == global ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : 0;
      std::thread([&] {
        EXPECT_EQ(driver.cuCtxSetCurrent(context), 0);
        EXPECT_EQ(driver.cuStreamSynchronize(s.second), expected);
      }).join();
      EXPECT_EQ(driver.cuStreamEndCapture(s.first, &graph),
                mode == global ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : 0);
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
