//===- CollectiveQueue.cpp - collectives that run beside kernels ----------===//

#include "comm/CollectiveQueue.h"

#include <csignal>
#include <pthread.h>

namespace llmc::runtime {

CollectiveQueue::CollectiveQueue(const LlmcProgram &program,
                                 Communicator &communicator)
    : program(program), communicator(communicator),
      isUnderWay(static_cast<size_t>(program.numCollectives), false) {
  // Signals are for the thread that trains.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread = std::thread([this] { work(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

CollectiveQueue::~CollectiveQueue() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  changed.notify_all();
  thread.join();
}

void CollectiveQueue::start(int64_t collective, void *source, void *destination,
                            void *scratch) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!failure.isOk())
      return;
    isUnderWay[static_cast<size_t>(collective)] = true;
    jobs.push_back({collective, source, destination, scratch});
  }
  changed.notify_all();
}

void CollectiveQueue::wait(int64_t collective) {
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] {
    return !failure.isOk() || !isUnderWay[static_cast<size_t>(collective)];
  });
}

Status CollectiveQueue::status() {
  std::lock_guard<std::mutex> lock(mutex);
  return failure;
}

void CollectiveQueue::work() {
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    changed.wait(lock, [this] { return stopping || !jobs.empty(); });
    if (jobs.empty())
      return;
    Job job = jobs.front();
    jobs.pop_front();
    lock.unlock();
    Status status = run(job);
    lock.lock();
    isUnderWay[static_cast<size_t>(job.collective)] = false;
    if (!status.isOk()) {
      failure = Status::error(
          "{}: {}", program.collectives[job.collective].name, status.message());
      jobs.clear();
    }
    changed.notify_all();
  }
}

Status CollectiveQueue::run(const Job &job) {
  const LlmcCollective &collective = program.collectives[job.collective];
  auto *source = static_cast<float *>(job.source);
  auto *destination = static_cast<float *>(job.destination);
  auto *scratch = static_cast<float *>(job.scratch);
  switch (collective.kind) {
  case LlmcCollectiveAllReduce:
    return communicator.allReduce(source, collective.elements, scratch);
  case LlmcCollectiveReduceScatter:
    return communicator.reduceScatter(source, destination, collective.elements,
                                      scratch);
  default:
    return communicator.allGather(
        job.source, job.destination,
        collective.elements * collective.elementBytes / communicator.size());
  }
}

} // namespace llmc::runtime
