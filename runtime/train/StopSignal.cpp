//===- StopSignal.cpp - signals as a question -----------------------------===//

#include "train/StopSignal.h"

namespace llmc::runtime {
namespace {

volatile std::sig_atomic_t lastSignal = 0;

/// The first stays: saving after a SIGTERM may print into a closed pipe.
void noteSignal(int signal) {
  if (lastSignal == 0)
    lastSignal = signal;
}

} // namespace

StopSignal::StopSignal() {
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
  sigaction(SIGINT, &previousInterrupt, nullptr);
  sigaction(SIGTERM, &previousTerminate, nullptr);
  sigaction(SIGHUP, &previousHangup, nullptr);
  sigaction(SIGPIPE, &previousPipe, nullptr);
}

int StopSignal::received() const { return lastSignal; }

} // namespace llmc::runtime
