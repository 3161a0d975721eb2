//===- FakeCudaState.cpp - memory, streams, settings of the fake driver ---===//

#include "FakeCudaState.h"

#include <iterator>
#include <sstream>

namespace fakecuda {

std::mutex mutex;
State *state = new State;

long nextSerial() {
  static long last = 0;
  return ++last;
}

void configure(const char *words) {
  std::istringstream stream(words);
  for (std::string word; stream >> word;) {
    size_t at = word.find('=');
    std::string key = word.substr(0, at), value = word.substr(at + 1);
    size_t first = value.find(':'), last = value.rfind(':');
    int result = std::atoi(value.substr(last + 1).c_str());
    if (key == "fail")
      state->failures[value.substr(0, first)] = {
          std::atol(value.substr(first + 1).c_str()), result};
    else if (key == "fault")
      state->faultSymbol = value.substr(0, first), state->faultResult = result;
    else
      state->settings[key] = value;
  }
}

bool step(CUstream stream, bool forced) {
  if (stream->queue.empty())
    return false;
  Work work = stream->queue.front();
  if (!work.run) {
    while (work.event->reached < work.wanted)
      if (!forced || !step(work.event->stream, true))
        return false;
  }
  stream->queue.pop_front();
  if (work.run)
    work.run();
  return true;
}

void advance(CUstream stream, bool forced) {
  while (step(stream, forced))
    ;
}

static void advanceEager() {
  if (state->number("eager", 0))
    for (CUstream stream : state->streams)
      if (!stream->isOfKernels)
        advance(stream, false);
}

CUresult enqueue(CUstream stream, Work work) {
  if (state->broken)
    return state->broken;
  if (CUgraph graph = stream->capture) {
    graph->nodes.push_back({std::move(work.run), stream->heads});
    stream->heads = {graph->nodes.size() - 1};
    return success;
  }
  stream->queue.push_back(std::move(work));
  advanceEager();
  return success;
}

static void visit(const CUgraph_st &graph, size_t node,
                  std::vector<bool> &isSeen, std::vector<size_t> &order) {
  if (isSeen[node])
    return;
  isSeen[node] = true;
  // A stream's own node comes first, those that it waits for last.
  for (size_t before : graph.nodes[node].after)
    visit(graph, before, isSeen, order);
  order.push_back(node);
}

std::vector<size_t> orderOf(const CUgraph_st &graph,
                            const std::vector<size_t> &heads) {
  std::vector<bool> isSeen(graph.nodes.size(), false);
  std::vector<size_t> order;
  for (size_t node : heads)
    visit(graph, node, isSeen, order);
  return order;
}

/// The number of the state whose context the thread has made current.
static thread_local long current = 0;

void makeCurrent() { current = state->serial; }

static bool needsContext(const std::string &function) {
  for (const char *prefix : {"cuInit", "cuDriver", "cuDevice", "cuGetError"})
    if (function.rfind(prefix, 0) == 0)
      return false;
  return function != "cuCtxSetCurrent";
}

/// What the driver forbids while the thread captures, since it may wait for
/// the GPU or change what memory there is.
static bool isUnsafe(const std::string &function) {
  static const std::set<std::string> functions = {
      "cuCtxSynchronize", "cuMemAlloc_v2",        "cuMemFree_v2",
      "cuMemHostAlloc",   "cuMemHostRegister_v2", "cuMemHostUnregister",
      "cuMemFreeHost",    "cuModuleLoadData",     "cuModuleLoadDataEx",
      "cuModuleUnload",   "cuEventSynchronize",   "cuEventQuery"};
  return functions.count(function) != 0;
}

CUresult enter(const char *function) {
  long call = ++state->calls[function];
  auto failure = state->failures.find(function);
  if (failure != state->failures.end() && failure->second.call == call)
    return failure->second.result;
  if (needsContext(function) && current != state->serial)
    return 201; // CUDA_ERROR_INVALID_CONTEXT
  if (state->capture && state->capturing == std::this_thread::get_id() &&
      isUnsafe(function)) {
    state->capture->isInvalid = true;
    return 900; // CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED
  }
  return success;
}

CUdeviceptr numberOf(const void *pointer) {
  return reinterpret_cast<CUdeviceptr>(pointer);
}

void remember(void *memory, size_t bytes) {
  state->live.insert(memory);
  state->memory[numberOf(memory)] = bytes;
}

CUresult freeMemory(void *memory) {
  if (!state->live.erase(memory))
    return 1;
  state->memory.erase(numberOf(memory));
  std::free(memory);
  return success;
}

static bool holds(const std::map<CUdeviceptr, size_t> &ranges,
                  CUdeviceptr first, size_t bytes) {
  auto next = ranges.upper_bound(first);
  if (next == ranges.begin())
    return false;
  auto holder = std::prev(next);
  return first + bytes <= holder->first + holder->second;
}

bool isOurs(CUdeviceptr first, size_t bytes) {
  return holds(state->memory, first, bytes) ||
         holds(state->registered, first, bytes);
}

} // namespace fakecuda
