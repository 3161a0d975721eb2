//===- ThreadCommunicator.h - ranks are threads of one process ------------===//
//
// A program that is started without a launcher runs all its ranks itself. They
// exchange what they have by reading it where it lies, between two meetings of
// all: before the first nobody may read, after the second everybody may write.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_COMM_THREADCOMMUNICATOR_H
#define LLMC_RUNTIME_COMM_THREADCOMMUNICATOR_H

#include "comm/Communicator.h"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

namespace llmc::runtime {

/// What the ranks of one process share; outlives their communicators.
class ThreadGroup {
public:
  /// A rank waits at most for `patience` for the others.
  ThreadGroup(int ranks, std::chrono::seconds patience);

  /// The communicator of one rank, for its thread.
  std::unique_ptr<Communicator> join(int rank);

private:
  friend class ThreadCommunicator;

  /// Returns when all ranks are here, each with what it gives if that is not
  /// null, or the ranks that did not come in time.
  std::vector<int> meet(int rank, const void *given);

  const std::chrono::seconds patience;
  const std::string host;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<const void *> gifts; // [rank], the last that was given
  std::vector<bool> isHere;        // [rank], in this meeting
  size_t arrived = 0;
  uint64_t meetings = 0;
  std::mutex reporting;
  bool hasReported = false;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_COMM_THREADCOMMUNICATOR_H
