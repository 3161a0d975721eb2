//===- ThreadPool.h - the blocks of a grid, spread over threads -----------===//
//
// Threads take ranges of blocks from one atomic counter. Which thread runs a
// block is left to chance; a block's result must not depend on it.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CPU_THREADPOOL_H
#define LLMC_RUNTIME_DEVICE_CPU_THREADPOOL_H

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace llmc::runtime {

class ThreadPool {
public:
  /// The calling thread counts as one of `threads`, which is at least 1.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  unsigned size() const { return static_cast<unsigned>(workers.size()) + 1; }

  /// Calls body(first, last, thread) for ranges that cover [0, count) once,
  /// with thread < size(), and returns when all are done. Not reentrant.
  template <typename Body> void forRanges(int64_t count, const Body &body) {
    run(
        count,
        [](const void *data, int64_t first, int64_t last, unsigned thread) {
          (*static_cast<const Body *>(data))(first, last, thread);
        },
        &body);
  }

private:
  using Function = void (*)(const void *data, int64_t first, int64_t last,
                            unsigned thread);
  void run(int64_t count, Function function, const void *data);
  void work(unsigned thread);
  void takeRanges(unsigned thread);

  // The job in hand; written by the caller before `generation` is raised.
  Function function = nullptr;
  const void *data = nullptr;
  int64_t count = 0;
  int64_t rangeSize = 1;

  // Each on a cache line of its own: they are written by different threads.
  alignas(64) std::atomic<int64_t> next{0};
  alignas(64) std::atomic<uint64_t> generation{0};
  alignas(64) std::atomic<unsigned> busy{0};
  alignas(64) std::atomic<unsigned> sleepers{0};
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<std::thread> workers;
};

/// Processors that this process may run on.
unsigned availableProcessors();

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_DEVICE_CPU_THREADPOOL_H
