//===- Streams.cpp - Streams, events, capture and graphs ------------------===//

#include "Streams.h"

#include <algorithm>

namespace llmc::emulator {

Stream *Streams::find(CUstream handle) {
  Stream *stream = handle ? reinterpret_cast<Stream *>(handle) : &legacy;
  return all.count(stream) ? stream : nullptr;
}

CUstream Streams::create(unsigned flags) {
  auto *stream = new Stream;
  stream->flags = flags;
  all.insert(stream);
  return reinterpret_cast<CUstream>(stream);
}

void Streams::destroy(Stream *stream) {
  // Work that was put off still happens, as the interface promises.
  drain(*stream);
  if (stream->capture) {
    stream->capture->isInvalid = true;
    if (stream->capture->origin == stream)
      captures.erase(
          std::find(captures.begin(), captures.end(), stream->capture));
  }
  all.erase(stream);
  if (stream != &legacy)
    delete stream;
}

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

CUresult Streams::submit(Stream &stream, Work work) {
  if (stream.capture)
    return capture(stream, std::move(work));
  if (&stream == &legacy) {
    if (CUresult result = drainBlocking())
      return result;
    return work();
  }
  if (!isLazy)
    return work();
  Operation operation;
  operation.work = std::move(work);
  stream.pending.push_back(std::move(operation));
  return CUDA_SUCCESS;
}

CUresult Streams::record(Stream &stream, const Event &event) {
  event->isCaptured = stream.capture != nullptr;
  if (stream.capture) {
    if (stream.capture->isInvalid)
      return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    event->capture = stream.capture;
    event->heads = stream.heads;
    return CUDA_SUCCESS;
  }
  event->stream = &stream;
  Operation operation;
  operation.record = event;
  operation.version = ++event->recorded;
  stream.pending.push_back(std::move(operation));
  return isLazy ? CUDA_SUCCESS : drain(stream);
}

CUresult Streams::wait(Stream &stream, const Event &event) {
  if (event->isCaptured) {
    std::shared_ptr<Capture> capture = event->capture.lock();
    if (!capture)
      return CUDA_ERROR_INVALID_VALUE; // its capture is over
    if (stream.capture && stream.capture != capture) {
      stream.capture->isInvalid = capture->isInvalid = true;
      return CUDA_ERROR_STREAM_CAPTURE_MERGE;
    }
    if (capture->isInvalid)
      return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    if (!stream.capture) {
      stream.capture = capture;
      stream.heads.clear();
      capture->streams.push_back(&stream);
    }
    for (int node : event->heads)
      if (std::find(stream.heads.begin(), stream.heads.end(), node) ==
          stream.heads.end())
        stream.heads.push_back(node);
    return CUDA_SUCCESS;
  }
  if (stream.capture) {
    if (!event->recorded)
      return CUDA_SUCCESS;
    stream.capture->isInvalid = true;
    return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
  }
  Operation operation;
  operation.wait = event;
  operation.source = event->stream;
  operation.version = event->recorded;
  stream.pending.push_back(std::move(operation));
  return isLazy ? CUDA_SUCCESS : drain(stream);
}

/// Does the stream's next operation.
CUresult Streams::perform(Stream &stream) {
  Operation operation = std::move(stream.pending.front());
  stream.pending.pop_front();
  if (operation.work)
    return operation.work();
  if (operation.record) {
    operation.record->completed =
        std::max(operation.record->completed, operation.version);
    operation.record->time = std::chrono::steady_clock::now();
    return CUDA_SUCCESS;
  }
  while (operation.wait->completed < operation.version &&
         all.count(operation.source) && !operation.source->pending.empty())
    if (CUresult result = perform(*operation.source))
      return result;
  return CUDA_SUCCESS;
}

CUresult Streams::drain(Stream &stream) {
  while (!stream.pending.empty())
    if (CUresult result = perform(stream))
      return result;
  return CUDA_SUCCESS;
}

CUresult Streams::drain(const Event &event) {
  while (event->completed < event->recorded && all.count(event->stream) &&
         !event->stream->pending.empty())
    if (CUresult result = perform(*event->stream))
      return result;
  return CUDA_SUCCESS;
}

CUresult Streams::drainAll() {
  for (Stream *stream : all)
    if (CUresult result = drain(*stream))
      return result;
  return CUDA_SUCCESS;
}

CUresult Streams::drainBlocking() {
  for (Stream *stream : all) {
    if (stream->flags & CU_STREAM_NON_BLOCKING)
      continue;
    if (stream->capture) {
      stream->capture->isInvalid = true;
      return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    }
    if (CUresult result = drain(*stream))
      return result;
  }
  return CUDA_SUCCESS;
}

//===----------------------------------------------------------------------===//
// Capture and graphs
//===----------------------------------------------------------------------===//

CUresult Streams::checkUncaptured() {
  constexpr int modeGlobal = 0, modeRelaxed = 2;
  CUresult result = CUDA_SUCCESS;
  for (const std::shared_ptr<Capture> &capture : captures)
    if (capture->mode == modeGlobal ||
        (capture->mode != modeRelaxed &&
         capture->thread == std::this_thread::get_id())) {
      capture->isInvalid = true;
      result = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
  return result;
}

CUresult Streams::beginCapture(Stream &stream, int mode) {
  if (&stream == &legacy)
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  if (stream.capture)
    return CUDA_ERROR_ILLEGAL_STATE;
  auto capture = std::make_shared<Capture>();
  capture->graph = std::make_shared<Graph>();
  capture->origin = &stream;
  capture->streams = {&stream};
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  stream.capture = capture;
  stream.heads.clear();
  captures.push_back(capture);
  return CUDA_SUCCESS;
}

CUresult Streams::capture(Stream &stream, Work work) {
  if (stream.capture->isInvalid)
    return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
  std::vector<Graph::Node> &nodes = stream.capture->graph->nodes;
  nodes.push_back({std::move(work), stream.heads});
  stream.heads = {int(nodes.size()) - 1};
  return CUDA_SUCCESS;
}

/// Which nodes come before `heads`, those included.
static std::vector<bool> ancestors(const Graph &graph,
                                   const std::vector<int> &heads) {
  std::vector<bool> reached(graph.nodes.size());
  for (int head : heads)
    reached[size_t(head)] = true;
  for (size_t i = graph.nodes.size(); i-- > 0;)
    if (reached[i])
      for (int before : graph.nodes[i].dependencies)
        reached[size_t(before)] = true;
  return reached;
}

CUresult Streams::endCapture(Stream &stream, std::shared_ptr<Graph> &graph) {
  std::shared_ptr<Capture> capture = stream.capture;
  if (!capture)
    return CUDA_ERROR_ILLEGAL_STATE;
  if (capture->origin != &stream) {
    capture->isInvalid = true;
    return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
  }
  CUresult result =
      capture->isInvalid ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS;
  std::vector<bool> joined = ancestors(*capture->graph, stream.heads);
  for (Stream *other : capture->streams) {
    if (!all.count(other))
      continue;
    for (int head : other->heads)
      if (!joined[size_t(head)] && !result)
        result = CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
    other->capture = nullptr;
    other->heads.clear();
  }
  captures.erase(std::find(captures.begin(), captures.end(), capture));
  if (!result)
    graph = capture->graph;
  return result;
}

CUresult Streams::launch(Stream &stream, const std::shared_ptr<Graph> &graph) {
  return submit(stream, [this, graph] { return runGraph(*graph); });
}

CUresult Streams::runGraph(const Graph &graph) {
  if (!isLazy) {
    for (const Graph::Node &node : graph.nodes)
      if (CUresult result = node.work())
        return result;
    return CUDA_SUCCESS;
  }
  std::vector<bool> done(graph.nodes.size());
  std::vector<int> ready;
  for (size_t count = 0; count < graph.nodes.size(); ++count) {
    ready.clear();
    for (size_t i = 0; i < graph.nodes.size(); ++i)
      if (!done[i] &&
          std::all_of(graph.nodes[i].dependencies.begin(),
                      graph.nodes[i].dependencies.end(),
                      [&](int before) { return done[size_t(before)]; }))
        ready.push_back(int(i));
    generator = generator * 6364136223846793005ull + 1442695040888963407ull;
    size_t next = size_t(ready[(generator >> 33) % ready.size()]);
    done[next] = true;
    if (CUresult result = graph.nodes[next].work())
      return result;
  }
  return CUDA_SUCCESS;
}

} // namespace llmc::emulator
