//===- Engine.h - Launches kernels ------------------------------*- C++ -*-===//

#ifndef LLMC_EMULATOR_ENGINE_ENGINE_H
#define LLMC_EMULATOR_ENGINE_ENGINE_H

#include "BlockRunner.h"
#include "Counters.h"
#include "Memory.h"
#include "Module.h"
#include "Options.h"

#include <memory>
#include <optional>

namespace llmc::emulator {

/// An emulated device: its memory, the host threads that run blocks, and what
/// was counted. Not thread-safe.
class Engine {
public:
  explicit Engine(Options options) : options(std::move(options)) {}

  struct Shape {
    unsigned grid[3] = {1, 1, 1};
    int threads = 32; // of a block, all along x
    int sharedBytes = 0;
  };

  /// Runs a kernel to its end; `arguments` holds kernel.numArguments pointers
  /// or integers. Nothing if every check passed, else what failed. Blocks
  /// beyond the one that failed may or may not have run.
  std::optional<std::string> launch(const Kernel &kernel, const Shape &shape,
                                    const std::vector<uint64_t> &arguments);

  Options options;
  Memory memory;
  std::map<std::string, Counters> counters; // by kernel

private:
  /// One for each host thread, for kernels compiled for the host and for PTX.
  std::vector<std::unique_ptr<BlockRunner>> hostRunners, ptxRunners;
};

} // namespace llmc::emulator

#endif // LLMC_EMULATOR_ENGINE_ENGINE_H
