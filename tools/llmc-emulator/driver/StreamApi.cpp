//===- StreamApi.cpp - Streams, events and graphs -------------------------===//

#include "State.h"

using namespace llmc::emulator;

/// The stream of `handle`, or the call fails.
#define LLMC_STREAM(stream, handle)                                            \
  Stream *stream = state.streams.find(handle);                                 \
  if (!stream)                                                                 \
  return CUDA_ERROR_INVALID_HANDLE

#define LLMC_EVENT(event, handle)                                              \
  auto event##Entry = state.events.find(handle);                               \
  if (event##Entry == state.events.end())                                      \
    return CUDA_ERROR_INVALID_HANDLE;                                          \
  Event event = event##Entry->second

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

LLMC_CUDA_API cuStreamCreate(CUstream *stream, unsigned flags) {
  LLMC_CALL(Context);
  *stream = state.streams.create(flags);
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuStreamDestroy_v2(CUstream handle) {
  LLMC_CALL(Context);
  LLMC_STREAM(stream, handle);
  if (!handle)
    return CUDA_ERROR_INVALID_HANDLE;
  state.streams.destroy(stream);
  return CUDA_SUCCESS;
}

/// Waiting for a stream breaks its own capture, and one that forbids this
/// thread to wait for anything.
static CUresult checkStream(State &state, Stream &stream) {
  if (stream.capture) {
    stream.capture->isInvalid = true;
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  return state.streams.checkUncaptured();
}

LLMC_CUDA_API cuStreamSynchronize(CUstream handle) {
  LLMC_CALL(Context);
  LLMC_STREAM(stream, handle);
  if (CUresult result = checkStream(state, *stream))
    return result;
  return handle ? state.streams.drain(*stream) : state.streams.drainBlocking();
}

LLMC_CUDA_API cuStreamQuery(CUstream handle) {
  LLMC_CALL(Context);
  LLMC_STREAM(stream, handle);
  if (CUresult result = checkStream(state, *stream))
    return result;
  return state.streams.drain(*stream);
}

LLMC_CUDA_API cuStreamWaitEvent(CUstream handle, CUevent eventHandle,
                                unsigned) {
  LLMC_CALL(Context);
  LLMC_STREAM(stream, handle);
  LLMC_EVENT(event, eventHandle);
  return state.streams.wait(*stream, event);
}

// Runs under the lock of its device: what it waits for must not need it. Nor
// may it call the driver, which a Call sees.
LLMC_CUDA_API cuLaunchHostFunc(CUstream handle, void (*function)(void *),
                               void *data) {
  LLMC_CALL(Context);
  LLMC_STREAM(stream, handle);
  return state.streams.submit(*stream, [=] {
    const HostFunction running;
    function(data);
    return CUDA_SUCCESS;
  });
}

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

LLMC_CUDA_API cuEventCreate(CUevent *handle, unsigned flags) {
  LLMC_CALL(Context);
  auto event = std::make_shared<EventState>();
  event->flags = flags;
  *handle = reinterpret_cast<CUevent>(event.get());
  state.events[*handle] = event;
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuEventDestroy_v2(CUevent handle) {
  LLMC_CALL(Context);
  return state.events.erase(handle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

LLMC_CUDA_API cuEventRecord(CUevent handle, CUstream streamHandle) {
  LLMC_CALL(Context);
  LLMC_STREAM(stream, streamHandle);
  LLMC_EVENT(event, handle);
  return state.streams.record(*stream, event);
}

/// Asking after an event that was recorded in a capture breaks the capture.
static CUresult checkEvent(const Event &event) {
  if (!event->isCaptured)
    return CUDA_SUCCESS;
  if (std::shared_ptr<Capture> capture = event->capture.lock())
    capture->isInvalid = true;
  return CUDA_ERROR_CAPTURED_EVENT;
}

static CUresult waitFor(State &state, CUevent handle) {
  LLMC_EVENT(event, handle);
  if (CUresult result = checkEvent(event))
    return result;
  if (CUresult result = state.streams.checkUncaptured())
    return result;
  return state.streams.drain(event);
}

LLMC_CUDA_API cuEventSynchronize(CUevent handle) {
  LLMC_CALL(Context);
  return waitFor(state, handle);
}

// Whoever asks again and again waits; so a lazy stream moves on.
LLMC_CUDA_API cuEventQuery(CUevent handle) {
  LLMC_CALL(Context);
  return waitFor(state, handle);
}

LLMC_CUDA_API cuEventElapsedTime(float *milliseconds, CUevent first,
                                 CUevent second) {
  LLMC_CALL(Context);
  LLMC_EVENT(start, first);
  LLMC_EVENT(end, second);
  for (const Event &event : {start, end}) {
    if (event->flags & CU_EVENT_DISABLE_TIMING)
      return CUDA_ERROR_INVALID_HANDLE;
    if (CUresult result = checkEvent(event))
      return result;
    if (!event->recorded)
      return CUDA_ERROR_INVALID_HANDLE;
    if (event->completed < event->recorded)
      return CUDA_ERROR_NOT_READY;
  }
  *milliseconds =
      std::chrono::duration<float, std::milli>(end->time - start->time).count();
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuEventElapsedTime_v2(float *milliseconds, CUevent first,
                                    CUevent second) {
  return cuEventElapsedTime(milliseconds, first, second);
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

LLMC_CUDA_API cuStreamBeginCapture_v2(CUstream handle, int mode) {
  LLMC_CALL(Context);
  LLMC_STREAM(stream, handle);
  return state.streams.beginCapture(*stream, mode);
}

LLMC_CUDA_API cuStreamEndCapture(CUstream handle, CUgraph *graphHandle) {
  LLMC_CALL(Context);
  LLMC_STREAM(stream, handle);
  std::shared_ptr<Graph> graph;
  *graphHandle = nullptr;
  if (CUresult result = state.streams.endCapture(*stream, graph))
    return result;
  *graphHandle = reinterpret_cast<CUgraph>(graph.get());
  state.graphs[*graphHandle] = graph;
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuStreamIsCapturing(CUstream handle, int *status) {
  LLMC_CALL(Context);
  LLMC_STREAM(stream, handle);
  *status = !stream->capture ? 0 : stream->capture->isInvalid ? 2 : 1;
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuGraphGetNodes(CUgraph handle, void **, size_t *count) {
  LLMC_CALL(Context);
  auto graph = state.graphs.find(handle);
  if (graph == state.graphs.end())
    return CUDA_ERROR_INVALID_VALUE;
  *count = graph->second->nodes.size();
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuGraphInstantiateWithFlags(CUgraphExec *executable,
                                          CUgraph handle, unsigned long long) {
  LLMC_CALL(Context);
  auto graph = state.graphs.find(handle);
  if (graph == state.graphs.end())
    return CUDA_ERROR_INVALID_VALUE;
  auto made = std::make_shared<Graph>(*graph->second);
  *executable = reinterpret_cast<CUgraphExec>(made.get());
  state.executables[*executable] = made;
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuGraphUpload(CUgraphExec handle, CUstream streamHandle) {
  LLMC_CALL(Context);
  LLMC_STREAM(stream, streamHandle);
  return stream->capture ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
         : state.executables.count(handle) ? CUDA_SUCCESS
                                           : CUDA_ERROR_INVALID_VALUE;
}

LLMC_CUDA_API cuGraphLaunch(CUgraphExec handle, CUstream streamHandle) {
  LLMC_CALL(Context);
  LLMC_STREAM(stream, streamHandle);
  auto graph = state.executables.find(handle);
  if (graph == state.executables.end())
    return CUDA_ERROR_INVALID_VALUE;
  return state.streams.launch(*stream, graph->second);
}

LLMC_CUDA_API cuGraphDestroy(CUgraph handle) {
  LLMC_CALL(Context);
  return state.graphs.erase(handle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

LLMC_CUDA_API cuGraphExecDestroy(CUgraphExec handle) {
  LLMC_CALL(Context);
  return state.executables.erase(handle) ? CUDA_SUCCESS
                                         : CUDA_ERROR_INVALID_VALUE;
}
