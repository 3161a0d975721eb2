//===- CollectiveQueue.h - collectives that run beside kernels ------------===//
//
// One thread runs the collectives of the entry points, one at a time and in the
// order in which they were started, which is the same on all ranks.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_COMM_COLLECTIVEQUEUE_H
#define LLMC_RUNTIME_COMM_COLLECTIVEQUEUE_H

#include "abi/ProgramAbi.h"
#include "comm/Communicator.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace llmc::runtime {

class CollectiveQueue {
public:
  /// Both outlive the queue. Between entry points the queue is empty, and the
  /// communicator may be used otherwise.
  CollectiveQueue(const LlmcProgram &program, Communicator &communicator);
  ~CollectiveQueue();

  void start(int64_t collective, void *source, void *destination,
             void *scratch);
  void wait(int64_t collective);
  /// What went wrong first; afterwards nothing is started any more.
  Status status();

private:
  struct Job {
    int64_t collective;
    void *source;
    void *destination;
    void *scratch;
  };
  void work();
  Status run(const Job &job);

  const LlmcProgram &program;
  Communicator &communicator;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> jobs;
  std::vector<bool> isUnderWay; // [collective]
  Status failure = Status::ok();
  bool stopping = false;
  std::thread thread;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_COMM_COLLECTIVEQUEUE_H
