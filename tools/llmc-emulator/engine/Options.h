//===- Options.h - What the environment asks of the emulator ----*- C++ -*-===//

#ifndef LLMC_EMULATOR_ENGINE_OPTIONS_H
#define LLMC_EMULATOR_ENGINE_OPTIONS_H

#include <cstdint>
#include <string>

namespace llmc::emulator {

struct Options {
  /// Host threads that run blocks.
  int threads = 1;
  /// Decides the order of blocks, warps and lanes.
  uint64_t seed = 0;
  /// The most shared memory of a block, as sm_89 has it.
  int sharedLimit = 101376;
  /// Two threads, one of them writing, the same bytes of shared memory, and no
  /// barrier between.
  bool sharedRaces = true;
  /// The same for global memory, between blocks too.
  bool globalRaces = true;
  /// Loads of bytes of an allocation that nobody ever wrote.
  bool uninitialized = true;
  /// Rows of a matrix that ldmatrix reads, copied from global memory where they
  /// are not evenly spaced: a swizzle that reader and writer do not share.
  bool matrixRows = true;
  /// Counts bank conflicts and sectors, which costs about as much as a check.
  bool counters = false;
  /// Switch to another thread at shared accesses too, at random.
  bool switchAtAccesses = false;
  /// Where the counters go at exit; empty: nowhere.
  std::string reportPath;
  /// Put off a stream's work until something forces it.
  bool lazyStreams = false;
  /// Errors to inject, see README.md.
  std::string faults;

  /// LLMC_EMULATOR_*. A value that is not understood is reported on stderr and
  /// ends the program: a check that silently stays off is worse.
  static Options fromEnvironment();
};

} // namespace llmc::emulator

#endif // LLMC_EMULATOR_ENGINE_OPTIONS_H
