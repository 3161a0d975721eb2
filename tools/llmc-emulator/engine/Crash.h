//===- Crash.h - Says which kernel crashed ----------------------*- C++ -*-===//

#ifndef LLMC_EMULATOR_ENGINE_CRASH_H
#define LLMC_EMULATOR_ENGINE_CRASH_H

#include <csignal>

namespace llmc::emulator {

/// While it lives, a memory fault on this host thread prints which kernel,
/// block and thread ran, before the program ends as it would have.
class CrashReporter {
public:
  CrashReporter();
  CrashReporter(const CrashReporter &) = delete;
  ~CrashReporter();

private:
  char *stack; // the fiber's own may be what overflowed
  stack_t before;
};

} // namespace llmc::emulator

#endif // LLMC_EMULATOR_ENGINE_CRASH_H
