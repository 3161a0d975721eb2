//===- SignalMask.h - which threads signals are for ------------*- C++ -*-===//

#ifndef LLMC_RUNTIME_CORE_SIGNALMASK_H
#define LLMC_RUNTIME_CORE_SIGNALMASK_H

#include <csignal>
#include <pthread.h>

namespace llmc::runtime {

/// Signals are for the thread that trains, which alone checks for them: those
/// that it starts while this lives get none.
class SignalsBlocked {
public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
  SignalsBlocked(const SignalsBlocked &) = delete;
  SignalsBlocked &operator=(const SignalsBlocked &) = delete;

private:
  sigset_t before;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_CORE_SIGNALMASK_H
