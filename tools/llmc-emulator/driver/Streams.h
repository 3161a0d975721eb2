//===- Streams.h - Streams, events, capture and graphs ----------*- C++ -*-===//
//
// Eager streams do their work at once. Lazy streams put it off until somebody
// waits for it, and graphs then run their nodes in a random order that the
// dependencies allow: a wait that the program forgot shows as a wrong result.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_EMULATOR_DRIVER_STREAMS_H
#define LLMC_EMULATOR_DRIVER_STREAMS_H

#include "Cuda.h"

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace llmc::emulator {

/// A copy, a fill, a kernel, or the launch of a graph.
using Work = std::function<CUresult()>;

struct Stream;

struct Graph {
  struct Node {
    Work work;
    std::vector<int> dependencies;
  };
  std::vector<Node> nodes; // dependencies come first
};

/// A capture under way: from the stream where it began it spreads to those
/// that wait for its events.
struct Capture {
  std::shared_ptr<Graph> graph;
  Stream *origin = nullptr;
  std::vector<Stream *> streams;
  int mode = 0;
  std::thread::id thread;
  bool isInvalid = false;
};

struct EventState {
  unsigned flags = 0;
  uint64_t recorded = 0, completed = 0; // how often
  Stream *stream = nullptr;             // of the last record
  std::chrono::steady_clock::time_point time;
  // The last record was captured: after these nodes.
  std::weak_ptr<Capture> capture;
  bool isCaptured = false;
  std::vector<int> heads;
};
using Event = std::shared_ptr<EventState>;

struct Operation {
  Work work;
  Event record;
  Event wait;
  Stream *source = nullptr; // where `wait` was recorded
  uint64_t version = 0;     // of the record
};

struct Stream {
  unsigned flags = 0;
  std::deque<Operation> pending;
  std::shared_ptr<Capture> capture;
  std::vector<int> heads; // the nodes that captured work comes after
};

class Streams {
public:
  Streams(bool isLazy, uint64_t seed) : isLazy(isLazy), generator(seed) {
    all.insert(&legacy);
  }

  /// The stream of a handle; a null handle is the legacy stream. Null if it is
  /// not one of ours.
  Stream *find(CUstream handle);
  CUstream create(unsigned flags);
  void destroy(Stream *stream);

  CUresult submit(Stream &stream, Work work);
  CUresult record(Stream &stream, const Event &event);
  CUresult wait(Stream &stream, const Event &event);
  /// Does all work of the stream, and what that waits for.
  CUresult drain(Stream &stream);
  CUresult drainAll();
  /// Until the event's last record has happened.
  CUresult drain(const Event &event);
  /// What the host does in the legacy stream comes after all blocking streams.
  CUresult drainBlocking();

  CUresult beginCapture(Stream &stream, int mode);
  CUresult endCapture(Stream &stream, std::shared_ptr<Graph> &graph);
  CUresult launch(Stream &stream, const std::shared_ptr<Graph> &graph);
  /// CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED if this thread captures and may not
  /// allocate or wait meanwhile; the capture is then invalid.
  CUresult checkUncaptured();

private:
  CUresult perform(Stream &stream);
  CUresult capture(Stream &stream, Work work);
  CUresult runGraph(const Graph &graph);

  bool isLazy;
  uint64_t generator;
  Stream legacy;
  std::set<Stream *> all;
  std::vector<std::shared_ptr<Capture>> captures;
};

} // namespace llmc::emulator

#endif // LLMC_EMULATOR_DRIVER_STREAMS_H
