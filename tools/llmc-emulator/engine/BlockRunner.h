//===- BlockRunner.h - What runs the blocks of a launch ---------*- C++ -*-===//

#ifndef LLMC_EMULATOR_ENGINE_BLOCKRUNNER_H
#define LLMC_EMULATOR_ENGINE_BLOCKRUNNER_H

#include "Counters.h"
#include "Memory.h"
#include "Options.h"
#include "Turns.h"

#include <string>
#include <vector>

namespace llmc::emulator {

namespace ptx {
struct Code;
} // namespace ptx

/// What all that run blocks of one launch share.
struct LaunchState {
  const Options *options;
  const Memory *memory;
  std::string kernel;
  void *function;        // compiled for the host, or
  const ptx::Code *code; // PTX
  std::vector<uint64_t> arguments;
  unsigned grid[3];
  int threads;
  int sharedBytes;
  unsigned launch;
  Turns *turns;

  /// "(0, 1, 0)".
  std::string blockName(unsigned block) const;
};

/// A host thread's means of running whole blocks, one after the other.
class BlockRunner {
public:
  virtual ~BlockRunner() = default;
  /// A new launch.
  virtual void begin(const LaunchState &launch) = 0;
  /// Runs one block to its end. False if a check failed: `report` says how.
  virtual bool runBlock(unsigned block) = 0;

  std::string report;
  /// Whether a failed block only waited for one that failed.
  bool wasAborted = false;
  Counters counters;

protected:
  /// Adopts what a block did to a cell that this one knows to have done it.
  void adoptKnown(Cell &cell, Cell me) const {
    if (known.empty() || (cell ^ me) >> GlobalCell::launchShift ||
        cell & GlobalCell::manyBlocks)
      return;
    auto other = known.find(unsigned(GlobalCell::block(cell)));
    if (other == known.end())
      return;
    // Epochs are counted modulo 4096.
    unsigned since = (other->second - GlobalCell::epoch(cell)) & 0xfff;
    if (since && since < 2048)
      GlobalCell::adopt(cell, me);
  }

  /// What the block knows of others, by turns.
  BlockClock known;
};

/// What a failed check of global memory says: `what` names the bytes, "byte 2
/// of x ".
std::string describeGlobal(const LaunchState &launch, Cell cell, unsigned block,
                           const std::string &what, GlobalCell::Verdict verdict,
                           bool writes);

} // namespace llmc::emulator

#endif // LLMC_EMULATOR_ENGINE_BLOCKRUNNER_H
