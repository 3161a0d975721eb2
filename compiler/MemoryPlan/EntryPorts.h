//===- EntryPorts.h - what a program's functions take and give --*- C++ -*-===//

#ifndef LLMC_COMPILER_MEMORYPLAN_ENTRYPORTS_H
#define LLMC_COMPILER_MEMORYPLAN_ENTRYPORTS_H

#include "llvm/ADT/StringRef.h"

#include <array>

namespace llmc {

/// The ports of one entry point, in the order of its arguments and results.
/// Empty names are no ports. The last `optional` arguments may be missing.
struct EntryPorts {
  llvm::StringRef function;
  std::array<llvm::StringRef, 2> arguments;
  llvm::StringRef result;
  unsigned optional = 0;
};

inline constexpr EntryPorts entryPorts[] = {
    {"micro_step", {"tokens", "targets"}, "loss"},
    {"first_micro_step", {"tokens", "targets"}, "loss"},
    {"last_micro_step", {"tokens", "targets"}, "loss"},
    {"only_micro_step", {"tokens", "targets"}, "loss"},
    {"evaluate", {"tokens", "targets"}, "loss"},
    {"generate", {"prompt", "position"}, "logits"},
    {"update", {"hyper", "places"}, "norm", 1},
    {"prepare", {"", ""}, ""},
};

/// None for a function that is no entry point.
inline const EntryPorts *findPorts(llvm::StringRef function) {
  for (const EntryPorts &ports : entryPorts)
    if (ports.function == function)
      return &ports;
  return nullptr;
}

} // namespace llmc

#endif
