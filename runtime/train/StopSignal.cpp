//===- StopSignal.cpp - signals as a question -----------------------------===//

#include "train/StopSignal.h"

#include <atomic>
#include <mutex>

namespace llmc::runtime {
namespace {

std::atomic<int> lastSignal{0};
static_assert(std::atomic<int>::is_always_lock_free,
              "a handler may only touch what needs no lock");

/// The first stays: saving after a SIGTERM may print into a closed pipe.
void noteSignal(int signal) {
  int none = 0;
  lastSignal.compare_exchange_strong(none, signal);
}

// The handlers are in place while there is any StopSignal.
std::mutex mutex;
int users = 0;
struct sigaction previousInterrupt, previousTerminate, previousHangup,
    previousPipe;

} // namespace

StopSignal::StopSignal() {
  std::lock_guard<std::mutex> lock(mutex);
  if (users++ > 0)
    return;
  lastSignal = 0;
  struct sigaction action = {};
  action.sa_handler = noteSignal;
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigaction(SIGINT, &action, &previousInterrupt);
  sigaction(SIGTERM, &action, &previousTerminate);
  sigaction(SIGHUP, nullptr, &previousHangup);
  if (previousHangup.sa_handler != SIG_IGN)
    sigaction(SIGHUP, &action, nullptr);
  action.sa_flags = SA_RESTART;
  sigaction(SIGPIPE, &action, &previousPipe);
}

StopSignal::~StopSignal() {
  std::lock_guard<std::mutex> lock(mutex);
  if (--users > 0)
    return;
  sigaction(SIGINT, &previousInterrupt, nullptr);
  sigaction(SIGTERM, &previousTerminate, nullptr);
  sigaction(SIGHUP, &previousHangup, nullptr);
  sigaction(SIGPIPE, &previousPipe, nullptr);
}

int StopSignal::received() const { return lastSignal; }

} // namespace llmc::runtime
