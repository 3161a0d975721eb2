//===- Faults.h - Errors to inject, for tests of error paths ----*- C++ -*-===//

#ifndef LLMC_EMULATOR_DRIVER_FAULTS_H
#define LLMC_EMULATOR_DRIVER_FAULTS_H

#include "Cuda.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace llmc::emulator {

/// What LLMC_EMULATOR_FAULTS asks for: items with commas between, see
/// README.md.
struct Faults {
  struct Launch {
    std::string kernel;
    int64_t number; // the first is 1
  };
  int64_t memoryBytes = int64_t(24) << 30;
  int64_t freeBytes = -1;    // at most so much is free, if not negative
  int64_t largestBytes = -1; // an allocation beyond it fails
  int64_t lostAt = 0;        // the driver call from which all fail
  int devices = 1;
  int driverVersion = 13000;
  int computeCapability = 0;
  std::map<std::string, CUresult> calls; // functions that always fail
  std::vector<Launch> launches;

  /// Ends the program with a message if the text is not understood.
  static Faults parse(const std::string &text);
};

} // namespace llmc::emulator

#endif // LLMC_EMULATOR_DRIVER_FAULTS_H
