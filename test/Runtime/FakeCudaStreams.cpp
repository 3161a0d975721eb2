//===- FakeCudaStreams.cpp - streams and graphs of the fake driver --------===//

#include "FakeCudaState.h"

#include <algorithm>
#include <utility>

using namespace fakecuda;

extern "C" {

CUresult cuStreamCreate(CUstream *stream, unsigned) {
  ENTER(cuStreamCreate);
  make(stream, new CUstream_st);
  state->streams.insert(*stream);
  return success;
}
CUresult cuStreamDestroy_v2(CUstream stream) {
  ENTER(cuStreamDestroy_v2);
  state->streams.erase(stream);
  return destroy(stream);
}
CUresult cuStreamSynchronize(CUstream stream) {
  ENTER(cuStreamSynchronize);
  if (stream->capture) {
    stream->capture->isInvalid = true;
    return 900; // CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
  }
  advance(stream, true);
  return state->broken;
}
CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  ENTER(cuStreamWaitEvent);
  if (CUgraph graph = event->capture) {
    if (!stream->capture) {
      stream->capture = graph;
      stream->heads.clear();
      graph->joined.push_back(stream);
    }
    stream->heads.insert(stream->heads.end(), event->heads.begin(),
                         event->heads.end());
    return success;
  }
  if (stream->capture)
    return 905; // CUDA_ERROR_STREAM_CAPTURE_ISOLATION
  return event->recorded ? enqueue(stream, {nullptr, event, event->recorded})
                         : success;
}
CUresult cuStreamBeginCapture_v2(CUstream stream, int) {
  ENTER(cuStreamBeginCapture_v2);
  stream->heads.clear();
  state->capture = new CUgraph_st;
  state->capturing = std::this_thread::get_id();
  return make(&stream->capture, state->capture);
}
CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  std::lock_guard<std::mutex> lock(mutex);
  CUresult result = enter("cuStreamEndCapture");
  CUgraph captured = std::exchange(stream->capture, nullptr);
  if (!captured)
    return 401; // CUDA_ERROR_ILLEGAL_STATE
  state->capture = nullptr;
  if (!result && captured->isInvalid)
    result = 901; // CUDA_ERROR_STREAM_CAPTURE_INVALIDATED
  // The rest of what other streams captured would run beside the next graph.
  const std::vector<size_t> order = orderOf(*captured, stream->heads);
  if (!result && order.size() != captured->nodes.size())
    result = 904; // CUDA_ERROR_STREAM_CAPTURE_UNJOINED
  for (CUstream other : captured->joined)
    other->capture = nullptr;
  captured->last = stream->heads;
  if (result)
    return destroy(captured) ? 1 : result;
  *graph = captured;
  return success;
}
CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph,
                                     unsigned long long) {
  ENTER(cuGraphInstantiateWithFlags);
  std::vector<size_t> order = orderOf(*graph, graph->last);
  // As captured: copies as early as may be.
  if (state->number("eager", 0))
    std::sort(order.begin(), order.end());
  std::vector<std::function<void()>> launches;
  for (size_t node : order)
    launches.push_back(graph->nodes[node].run);
  return make(executable, new CUgraphExec_st{launches});
}
CUresult cuGraphUpload(CUgraphExec, CUstream) {
  ENTER(cuGraphUpload);
  return state->broken;
}
CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  ENTER(cuGraphLaunch);
  stream->isOfKernels = true;
  for (const std::function<void()> &launch : executable->launches)
    if (CUresult result = enqueue(stream, {launch}))
      return result;
  return state->broken;
}
CUresult cuGraphDestroy(CUgraph graph) {
  ENTER(cuGraphDestroy);
  return destroy(graph);
}
CUresult cuGraphExecDestroy(CUgraphExec executable) {
  ENTER(cuGraphExecDestroy);
  return destroy(executable);
}
CUresult cuEventCreate(CUevent *event, unsigned flags) {
  ENTER(cuEventCreate);
  make(event, new CUevent_st);
  (*event)->isTimed = flags != eventUntimed;
  return success;
}
CUresult cuEventRecord(CUevent event, CUstream stream) {
  ENTER(cuEventRecord);
  event->capture = stream->capture;
  event->heads = stream->heads;
  if (event->capture)
    return success;
  event->stream = stream;
  long number = ++event->recorded;
  return enqueue(stream, {[=] { event->reached = number; }});
}
CUresult cuEventSynchronize(CUevent event) {
  ENTER(cuEventSynchronize);
  if (event->capture)
    return 907; // CUDA_ERROR_CAPTURED_EVENT
  while (event->reached < event->recorded && step(event->stream, true))
    ;
  return state->broken;
}
CUresult cuEventQuery(CUevent event) {
  ENTER(cuEventQuery);
  return event->reached == event->recorded ? success : 600;
}
CUresult cuEventElapsedTime(float *milliseconds, CUevent begin, CUevent end) {
  ENTER(cuEventElapsedTime);
  for (CUevent event : {begin, end}) {
    if (!event->isTimed || !event->recorded)
      return 400; // CUDA_ERROR_INVALID_HANDLE
    if (event->reached != event->recorded)
      return 600; // CUDA_ERROR_NOT_READY
  }
  *milliseconds =
      state->calls["cuEventElapsedTime"] > state->number("waking", 0) ? 0.5f
                                                                      : 5.0f;
  return success;
}
CUresult cuEventDestroy_v2(CUevent event) {
  ENTER(cuEventDestroy_v2);
  return destroy(event);
}
}
