//===- Options.cpp - What the environment asks of the emulator ------------===//

#include "Options.h"

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace llmc::emulator {

[[noreturn]] static void badValue(const char *name, const std::string &value,
                                  const char *expected) {
  std::fprintf(stderr, "llmc-emulator: error: %s is '%s', expected %s\n", name,
               value.c_str(), expected);
  std::exit(1);
}

static std::string text(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

static long long number(const char *name, long long otherwise, long long least,
                        const char *expected) {
  std::string value = text(name);
  if (value.empty())
    return otherwise;
  char *end = nullptr;
  long long result = std::strtoll(value.c_str(), &end, 0);
  if (*end || result < least)
    badValue(name, value, expected);
  return result;
}

static bool flag(const char *name, bool otherwise) {
  return number(name, otherwise, 0, "0 or 1") != 0;
}

Options Options::fromEnvironment() {
  Options options;
  int cores = int(std::thread::hardware_concurrency());
  options.threads = int(number("LLMC_EMULATOR_THREADS", cores > 0 ? cores : 1,
                               1, "a number of host threads"));
  options.seed = uint64_t(number("LLMC_EMULATOR_SEED", 0, 0, "a number"));
  options.sharedLimit =
      int(number("LLMC_EMULATOR_SHARED_LIMIT", 101376, 0, "a number of bytes"));
  options.sharedRaces = flag("LLMC_EMULATOR_SHARED_RACES", true);
  options.globalRaces = flag("LLMC_EMULATOR_GLOBAL_RACES", true);
  options.uninitialized = flag("LLMC_EMULATOR_UNINITIALIZED", true);
  options.matrixRows = flag("LLMC_EMULATOR_MATRIX_ROWS", true);
  options.switchAtAccesses = flag("LLMC_EMULATOR_SWITCH", false);
  options.reportPath = text("LLMC_EMULATOR_REPORT");
  options.counters =
      flag("LLMC_EMULATOR_COUNTERS", !options.reportPath.empty());
  options.faults = text("LLMC_EMULATOR_FAULTS");
  std::string streams = text("LLMC_EMULATOR_STREAMS");
  if (streams != "" && streams != "eager" && streams != "lazy")
    badValue("LLMC_EMULATOR_STREAMS", streams, "eager or lazy");
  options.lazyStreams = streams == "lazy";
  return options;
}

} // namespace llmc::emulator
