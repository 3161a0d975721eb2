//===- WorkQueue.h - work that runs beside the thread that starts it ------===//
//
// One thread that runs numbered pieces of work, one at a time and in the order
// in which they were started.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_CORE_WORKQUEUE_H
#define LLMC_RUNTIME_CORE_WORKQUEUE_H

#include "core/Status.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace llmc::runtime {

class WorkQueue {
public:
  /// For pieces of work numbered from 0 to `count` - 1.
  explicit WorkQueue(int64_t count);
  /// Does what was started first.
  ~WorkQueue();
  WorkQueue(const WorkQueue &) = delete;
  WorkQueue &operator=(const WorkQueue &) = delete;

  /// Starts piece `number`, which is not under way.
  void start(int64_t number, std::function<Status()> work);
  /// Returns when the piece is done, or some piece has failed.
  void wait(int64_t number);
  /// What went wrong first; afterwards nothing is started any more.
  Status status();

private:
  struct Piece {
    int64_t number;
    std::function<Status()> work;
  };
  void work();

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Piece> pieces;
  std::vector<bool> isUnderWay; // [number]
  Status failure = Status::ok();
  bool stopping = false;
  std::thread thread;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_CORE_WORKQUEUE_H
