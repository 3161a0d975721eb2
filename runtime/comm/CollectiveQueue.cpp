//===- CollectiveQueue.cpp - collectives that run beside kernels ----------===//

#include "comm/CollectiveQueue.h"

namespace llmc::runtime {

CollectiveQueue::CollectiveQueue(const LlmcProgram &program,
                                 Communicator &communicator)
    : program(program), communicator(communicator),
      queue(program.numCollectives) {}

void CollectiveQueue::start(int64_t number, void *source, void *destination,
                            void *scratch) {
  queue.start(number, [=] {
    const LlmcCollective &collective = program.collectives[number];
    Status status = run(collective, source, destination, scratch);
    return status.isOk()
               ? status
               : Status::error("{}: {}", collective.name, status.message());
  });
}

Status CollectiveQueue::run(const LlmcCollective &collective, void *source,
                            void *destination, void *scratch) {
  auto *from = static_cast<float *>(source);
  auto *to = static_cast<float *>(destination);
  auto *parts = static_cast<float *>(scratch);
  switch (collective.kind) {
  case LlmcCollectiveAllReduce:
    return communicator.allReduce(from, collective.elements, parts);
  case LlmcCollectiveReduceScatter:
    return communicator.reduceScatter(from, to, collective.elements, parts);
  default:
    return communicator.allGather(
        source, destination,
        collective.elements * collective.elementBytes / communicator.size());
  }
}

} // namespace llmc::runtime
