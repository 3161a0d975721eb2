//===- Crash.cpp - Says which kernel crashed ------------------------------===//

#include "Crash.h"
#include "Worker.h"

#include <cstdio>
#include <mutex>

#include <unistd.h>

namespace llmc::emulator {

static constexpr size_t stackBytes = 64 << 10;

// Only what may be called after anything was interrupted.
static void onFault(int number) {
  if (const Worker *worker = currentWorker) {
    char text[512];
    int length = worker->describe(text, sizeof(text));
    ssize_t ignored = write(2, text, size_t(length));
    (void)ignored;
  }
  // The handler was reset: the fault happens again, and ends the program.
  (void)number;
}

CrashReporter::CrashReporter() : stack(new char[stackBytes]) {
  stack_t alternate = {};
  alternate.ss_sp = stack;
  alternate.ss_size = stackBytes;
  sigaltstack(&alternate, &before);
  static std::once_flag once;
  std::call_once(once, [] {
    for (int number : {SIGSEGV, SIGBUS, SIGFPE}) {
      struct sigaction before, action = {};
      sigaction(number, nullptr, &before);
      if (before.sa_handler != SIG_DFL)
        continue; // the program's own
      action.sa_handler = onFault;
      action.sa_flags = int(SA_ONSTACK | SA_RESETHAND);
      sigaction(number, &action, nullptr);
    }
  });
}

CrashReporter::~CrashReporter() {
  sigaltstack(&before, nullptr);
  delete[] stack;
}

int Worker::describe(char *text, size_t bytes) const {
  int length = std::snprintf(
      text, bytes,
      "llmc-emulator: error: kernel '%s', block (%d, %d, %d), thread %d: "
      "memory "
      "fault: a C array's index, a pointer that load_global and store_global "
      "did not see, a division by zero, or a stack of more than 128 KiB\n",
      launch->kernel.c_str(), coordinate(1), coordinate(2), coordinate(3),
      coordinate(0));
  return length < int(bytes) ? length : int(bytes) - 1;
}

} // namespace llmc::emulator
