//===- FakeCudaState.h - memory, streams and settings of the fake driver --===//

#ifndef LLMC_TEST_RUNTIME_FAKECUDASTATE_H
#define LLMC_TEST_RUNTIME_FAKECUDASTATE_H

#include "FakeCuda.h"

#include "device/cuda/Driver.h"

#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace llmc::runtime::cuda {

/// Something to run, or a wait until `event` was reached for the `wanted`-th
/// time.
struct Work {
  std::function<void()> run;
  CUevent event = nullptr;
  long wanted = 0;
};

struct CUctx_st {};
struct CUmod_st {
  const FakeModule *module;
};
struct CUfunc_st {
  FakeKernel kernel;
  unsigned sharedLimit = 48 << 10; ///< until the attribute is set
  int carveout = -1;               ///< percent; no wish until it is set
};
struct CUevent_st {
  bool isTimed = true;
  CUstream stream = nullptr;
  long recorded = 0, reached = 0;
  CUgraph capture = nullptr; ///< where it was recorded last, if in a capture
  std::vector<size_t> heads; ///< nodes that it comes after then
};
struct CUstream_st {
  std::deque<Work> queue;
  CUgraph capture = nullptr;
  std::vector<size_t> heads; ///< nodes that what is captured next comes after
  bool isOfKernels = false;
};
struct CUgraph_st {
  struct Node {
    std::function<void()> run;
    std::vector<size_t> after;
  };
  std::vector<Node> nodes;
  bool isInvalid = false;       ///< a call came that no capture allows
  std::vector<CUstream> joined; ///< streams that wait for captured events
  std::vector<size_t> last;     ///< of the stream that was captured
};
struct CUgraphExec_st {
  std::vector<std::function<void()>> launches; ///< in the order of running
};

} // namespace llmc::runtime::cuda

namespace fakecuda {

using namespace llmc::runtime::cuda;

struct Failure {
  long call;
  CUresult result;
};

/// Each state has its own, since one may lie where another was.
long nextSerial();

struct State {
  const long serial = nextSerial();
  std::map<std::string, std::string> settings;
  std::map<std::string, long> calls;
  std::map<std::string, Failure> failures;
  std::string faultSymbol;
  CUresult faultResult = 0, broken = 0;
  std::set<CUstream> streams;
  std::set<void *> live;
  std::map<CUdeviceptr, size_t> memory;     ///< of the device and pinned, bytes
  std::map<CUdeviceptr, size_t> registered; ///< of the host, pinned, bytes
  std::deque<CUfunc_st> functions;
  CUctx_st context;
  CUgraph capture = nullptr; ///< that is under way, begun by the thread
  std::thread::id capturing;
  std::vector<char> workspace = std::vector<char>(1 << 16);

  long number(const char *name, long otherwise) {
    auto found = settings.find(name);
    return found == settings.end() ? otherwise
                                   : std::atol(found->second.c_str());
  }
};

extern std::mutex mutex;
extern State *state;

/// Takes words as FakeCuda.h lists them.
void configure(const char *words);

/// Runs the first piece of work. A wait that is not satisfied stays, or, when
/// `forced`, has run what it is for.
bool step(CUstream stream, bool forced);
void advance(CUstream stream, bool forced);
CUresult enqueue(CUstream stream, Work work);

/// The nodes behind `heads`, each after all that it comes after; of these,
/// those that other streams captured as late as may be.
std::vector<size_t> orderOf(const CUgraph_st &graph,
                            const std::vector<size_t> &heads);

/// Counts a call; the result is the failure that was asked for, or that the
/// thread has no context, or is capturing what the call has no place in.
CUresult enter(const char *function);
/// Makes the context current for the calling thread.
void makeCurrent();

CUdeviceptr numberOf(const void *pointer);
void remember(void *memory, size_t bytes);
CUresult freeMemory(void *memory);
/// Whether the bytes lie in one allocation or registered range: copies that go
/// on by themselves need pinned memory.
bool isOurs(CUdeviceptr first, size_t bytes);

template <typename T> CUresult make(T **out, T *made) {
  state->live.insert(made);
  *out = made;
  return success;
}

template <typename T> CUresult destroy(T *object) {
  if (!state->live.erase(object))
    return 400; // CUDA_ERROR_INVALID_HANDLE
  delete object;
  return success;
}

#define ENTER(name)                                                            \
  std::lock_guard<std::mutex> lock(mutex);                                     \
  if (CUresult injected = enter(#name))                                        \
  return injected

} // namespace fakecuda

#endif // LLMC_TEST_RUNTIME_FAKECUDASTATE_H
