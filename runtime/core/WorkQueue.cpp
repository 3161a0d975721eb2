//===- WorkQueue.cpp - work that runs beside the thread that starts it ----===//

#include "core/WorkQueue.h"

#include "core/SignalMask.h"

namespace llmc::runtime {

WorkQueue::WorkQueue(int64_t count)
    : isUnderWay(static_cast<size_t>(count), false) {
  const SignalsBlocked blocked;
  thread = std::thread([this] { work(); });
}

WorkQueue::~WorkQueue() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  changed.notify_all();
  thread.join();
}

void WorkQueue::start(int64_t number, std::function<Status()> work) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!failure.isOk())
      return;
    isUnderWay[static_cast<size_t>(number)] = true;
    pieces.push_back({number, std::move(work)});
  }
  changed.notify_all();
}

void WorkQueue::wait(int64_t number) {
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] {
    return !failure.isOk() || !isUnderWay[static_cast<size_t>(number)];
  });
}

Status WorkQueue::status() {
  std::lock_guard<std::mutex> lock(mutex);
  return failure;
}

void WorkQueue::work() {
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    changed.wait(lock, [this] { return stopping || !pieces.empty(); });
    if (pieces.empty())
      return;
    Piece piece = std::move(pieces.front());
    pieces.pop_front();
    lock.unlock();
    Status status = piece.work();
    lock.lock();
    isUnderWay[static_cast<size_t>(piece.number)] = false;
    if (!status.isOk()) {
      failure = std::move(status);
      pieces.clear();
    }
    changed.notify_all();
  }
}

} // namespace llmc::runtime
