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
#include "core/WorkQueue.h"

namespace llmc::runtime {

class CollectiveQueue {
public:
  /// Both outlive the queue. Between entry points the queue is empty, and the
  /// communicator may be used otherwise.
  CollectiveQueue(const LlmcProgram &program, Communicator &communicator);

  void start(int64_t collective, void *source, void *destination,
             void *scratch);
  void wait(int64_t collective) { queue.wait(collective); }
  /// What went wrong first; afterwards nothing is started any more.
  Status status() { return queue.status(); }

private:
  Status run(const LlmcCollective &collective, void *source, void *destination,
             void *scratch);

  const LlmcProgram &program;
  Communicator &communicator;
  WorkQueue queue;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_COMM_COLLECTIVEQUEUE_H
