//===- ThreadPool.cpp - the blocks of a grid, spread over threads ---------===//

#include "device/cpu/ThreadPool.h"

#include "core/SignalMask.h"

#include <algorithm>
#include <sched.h>
#include <system_error>

namespace llmc::runtime {
namespace {

/// Launches follow each other within microseconds, so a worker first spins and
/// only then sleeps.
constexpr int spinsBeforeSleep = 4000;
constexpr int spinsBeforeYield = 400;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

} // namespace

ThreadPool::ThreadPool(unsigned threads) {
  const SignalsBlocked blocked;
  try {
    for (unsigned thread = 1; thread < std::max(1u, threads); ++thread)
      workers.emplace_back([this, thread] { work(thread); });
  } catch (const std::system_error &) {
    // The system grants no more threads; those there are do all the work.
  }
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
    ++generation;
  }
  wake.notify_all();
  for (std::thread &worker : workers)
    worker.join();
}

void ThreadPool::run(int64_t jobCount, Function jobFunction,
                     const void *jobData) {
  if (jobCount <= 0)
    return;
  if (workers.empty() || jobCount == 1)
    return jobFunction(jobData, 0, jobCount, 0);

  function = jobFunction;
  data = jobData;
  count = jobCount;
  // Small enough that the last ranges balance, large enough that the counter
  // is not what the threads wait for.
  rangeSize = std::max<int64_t>(1, jobCount / (int64_t(size()) * 16));
  next.store(0, std::memory_order_relaxed);
  busy.store(static_cast<unsigned>(workers.size()), std::memory_order_relaxed);
  // Sequentially consistent with `sleepers`: either the worker sees the new
  // generation before it sleeps, or this thread sees the sleeper.
  generation.fetch_add(1);
  if (sleepers.load() > 0) {
    {
      std::lock_guard<std::mutex> lock(mutex);
    }
    wake.notify_all();
  }
  takeRanges(0);
  for (int spins = 0; busy.load(std::memory_order_acquire) != 0; ++spins)
    spins < spinsBeforeYield ? pause() : std::this_thread::yield();
}

void ThreadPool::takeRanges(unsigned thread) {
  for (;;) {
    int64_t first = next.fetch_add(rangeSize, std::memory_order_relaxed);
    if (first >= count)
      return;
    function(data, first, std::min(count, first + rangeSize), thread);
  }
}

void ThreadPool::work(unsigned thread) {
  uint64_t seen = 0;
  for (;;) {
    for (int spins = 0; generation.load() == seen && spins < spinsBeforeSleep;
         ++spins)
      pause();
    if (generation.load() == seen) {
      std::unique_lock<std::mutex> lock(mutex);
      ++sleepers;
      wake.wait(lock, [&] { return generation.load() != seen; });
      --sleepers;
    }
    // Every worker reports for every generation, so none can be missed.
    ++seen;
    if (stopping)
      return;
    takeRanges(thread);
    busy.fetch_sub(1, std::memory_order_release);
  }
}

unsigned availableProcessors() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return std::max(1u, std::thread::hardware_concurrency());
}

} // namespace llmc::runtime
