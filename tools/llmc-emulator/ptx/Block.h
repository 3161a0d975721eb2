//===- Block.h - A host thread that runs blocks of PTX ----------*- C++ -*-===//
//
// The warps of a block, each run until it has to wait for the others at a
// barrier; its shared memory; and the checks of every access, which are those
// of the kernels' C++ text as far as PTX knows what they need.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_EMULATOR_PTX_BLOCK_H
#define LLMC_EMULATOR_PTX_BLOCK_H

#include "../engine/BlockRunner.h"
#include "../engine/SharedMemory.h"
#include "Warp.h"

namespace llmc::emulator::ptx {

class Block : public BlockRunner {
public:
  void begin(const LaunchState &launch) override;
  bool runBlock(unsigned block) override;

  bool failed = false;
  /// Ends the block with a report, unless it has one already.
  void fail(const Warp &warp, int lane, const Instruction &instruction,
            const std::string &what);

  /// Where the launch's parameters lie, as ld.param reads them.
  const char *parameters() const { return parameterBytes.data(); }

  // Each checks one lane's access and gives the bytes' place on the host, or
  // null after a failure. Shared addresses count from `sharedBase`.
  char *loadShared(const Warp &warp, int lane, const Instruction &instruction,
                   uint64_t address, int bytes);
  char *storeShared(const Warp &warp, int lane, const Instruction &instruction,
                    uint64_t address, int bytes);
  /// A row of ldmatrix, whose data go to the whole warp.
  char *loadRow(const Warp &warp, int lane, const Instruction &instruction,
                uint64_t address);
  /// `constant`: nothing may write there in this launch, ld.global.nc.
  char *loadGlobal(const Warp &warp, int lane, const Instruction &instruction,
                   uint64_t address, int bytes, int alignment, bool constant);
  char *storeGlobal(const Warp &warp, int lane, const Instruction &instruction,
                    uint64_t address, int bytes);

  void copyAsync(const Warp &warp, int lane, const Instruction &instruction,
                 uint64_t target, uint64_t source, int sourceBytes, int bytes);
  void commitCopies(const Warp &warp);
  void waitForCopies(const Warp &warp, unsigned groups);

  // Words among the module's variables, by which blocks know of each other.
  unsigned takeTicket(const Warp &warp, int lane,
                      const Instruction &instruction, uint64_t address,
                      unsigned most);
  unsigned acquire(const Warp &warp, int lane, const Instruction &instruction,
                   uint64_t address);
  void release(const Warp &warp, int lane, const Instruction &instruction,
               uint64_t address, unsigned value);
  /// Until what was acquired last changes.
  void sleep(const Warp &warp, int lane, const Instruction &instruction);

private:
  unsigned *findVariable(const Warp &warp, int lane,
                         const Instruction &instruction, uint64_t address);
  void setSpecialRegisters();
  bool runWarps();
  void failStuck();
  int placeShared(const Warp &warp, int lane, const Instruction &instruction,
                  uint64_t address, int bytes);
  const Allocation *findGlobal(const Warp &warp, int lane,
                               const Instruction &instruction, uint64_t address,
                               int bytes, int alignment);
  template <typename Step>
  bool checkShared(const Warp &warp, int lane, const Instruction &instruction,
                   int byte, int bytes, bool writes, Step step);
  template <typename Step>
  char *accessShared(const Warp &warp, int lane, const Instruction &instruction,
                     uint64_t address, int bytes, bool writes, Step step);
  template <typename Step>
  char *checkGlobal(const Warp &warp, int lane, const Instruction &instruction,
                    uint64_t address, int bytes, int alignment, bool writes,
                    Step step);

  const LaunchState *launch = nullptr;
  const Code *code = nullptr;
  bool sharedRaces = true, globalRaces = true, uninitialized = true;
  std::vector<char> parameterBytes;
  std::vector<char> registers; // of all warps
  std::vector<Warp> warps;
  unsigned block = 0, epoch = 1;
  Cell identity = 0; // launch, block and epoch of global cells
  SharedMemory shared;
  std::vector<AsyncCopies> copies; // of each thread
  /// What was acquired since the last barrier: one thread knows it so far.
  BlockClock acquired;
  const unsigned *lastFlag = nullptr;
  unsigned lastValue = 0;
  /// Where the last access to global memory was.
  const Allocation *allocation = nullptr;
};

} // namespace llmc::emulator::ptx

#endif // LLMC_EMULATOR_PTX_BLOCK_H
