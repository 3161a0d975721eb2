//===- Commands.h - the subcommands of llmc -------------------------------===//

#ifndef LLMC_TOOLS_LLMC_COMMANDS_H
#define LLMC_TOOLS_LLMC_COMMANDS_H

#include "compiler/Pipeline/Phases.h"

#include <string>
#include <vector>

namespace llmc {

struct CompileCommand {
  PipelineOptions pipeline;
  MemoryLimits limits;
  std::string model;
  std::string output;
  /// Print the decisions of phases whose category matches; empty: none.
  std::string remarks;
};

struct PlanCommand {
  PipelineOptions pipeline;
  MemoryLimits limits;
  std::string model;
  bool json = false;
  /// How many tensors each list shows.
  int64_t most = 12;
  /// Kernels and their expected times instead of memory.
  bool kernels = false;
  /// List what was looked at for what is left open.
  bool explain = false;
};

struct DataCommand {
  std::vector<std::string> texts;
  std::string output;
  /// Part of the text kept for held-out loss.
  double heldOut = 0.05;
};

// Each returns the exit status and has printed what went wrong.
int run(const CompileCommand &command);
int run(const PlanCommand &command);
int run(const DataCommand &command);

/// Prints "llmc: error: MESSAGE" and returns 1.
int fail(const std::string &message);

} // namespace llmc

#endif
