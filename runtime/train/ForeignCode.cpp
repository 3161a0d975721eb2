//===- ForeignCode.cpp - code for another processor -----------------------===//

#include "train/ForeignCode.h"

#include <csignal>
#include <fmt/format.h>
#include <string>
#include <unistd.h>

namespace llmc::runtime {
namespace {

/// What the handler prints: it may call what is safe there, and no more.
std::string error;

void failOnForeignCode(int) {
  [[maybe_unused]] ssize_t written =
      ::write(STDERR_FILENO, error.data(), error.size());
  ::_exit(1);
}

} // namespace

void explainForeignCode(const LlmcProgram &program) {
  error = fmt::format(
      "error: this processor lacks an instruction that the program uses, which "
      "was compiled for {}; compile it on this machine, or with --cpu=NAME for "
      "what both processors have, such as x86-64-v3\n",
      program.target);
  std::signal(SIGILL, failOnForeignCode);
}

} // namespace llmc::runtime
