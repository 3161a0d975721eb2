//===- StopSignal.cpp - SIGINT and SIGTERM as a question ------------------===//

#include "train/StopSignal.h"

namespace llmc::runtime {
namespace {

volatile std::sig_atomic_t lastSignal = 0;

void noteSignal(int signal) { lastSignal = signal; }

} // namespace

StopSignal::StopSignal() {
  lastSignal = 0;
  struct sigaction action = {};
  action.sa_handler = noteSignal;
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigaction(SIGINT, &action, &previousInterrupt);
  sigaction(SIGTERM, &action, &previousTerminate);
}

StopSignal::~StopSignal() {
  sigaction(SIGINT, &previousInterrupt, nullptr);
  sigaction(SIGTERM, &previousTerminate, nullptr);
}

int StopSignal::received() const { return lastSignal; }

} // namespace llmc::runtime
