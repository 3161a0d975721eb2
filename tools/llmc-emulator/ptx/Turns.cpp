//===- Turns.cpp - What blocks tell each other ----------------------------===//
//
// A word among the module's variables is written with st.release and read with
// ld.acquire: who reads it knows of what its writer's block did before its last
// barrier, and so does the rest of the block behind the next.
//
//===----------------------------------------------------------------------===//

#include "Block.h"
#include "Opcodes.h"

namespace llmc::emulator::ptx {

unsigned *Block::findVariable(const Warp &warp, int lane,
                              const Instruction &instruction,
                              uint64_t address) {
  uint64_t begin = reinterpret_cast<uintptr_t>(code->variables->data());
  uint64_t bytes = code->variables->size() * sizeof(uint32_t);
  if (address - begin < bytes && address % 4 == 0)
    return reinterpret_cast<unsigned *>(address);
  fail(warp, lane, instruction,
       "the address is not that of a word among the module's variables");
  return nullptr;
}

unsigned Block::takeTicket(const Warp &warp, int lane,
                           const Instruction &instruction, uint64_t address,
                           unsigned most) {
  unsigned *counter = findVariable(warp, lane, instruction, address);
  return counter ? launch->turns->nextTicket(counter, most + 1) : 0;
}

unsigned Block::acquire(const Warp &warp, int lane,
                        const Instruction &instruction, uint64_t address) {
  lastFlag = findVariable(warp, lane, instruction, address);
  if (lastFlag)
    lastValue = launch->turns->read(lastFlag, acquired);
  return lastValue;
}

void Block::release(const Warp &warp, int lane, const Instruction &instruction,
                    uint64_t address, unsigned value) {
  unsigned *flag = findVariable(warp, lane, instruction, address);
  if (!flag)
    return;
  BlockClock told = known;
  told[block] = epoch;
  launch->turns->write(flag, value, told);
}

void Block::sleep(const Warp &warp, int lane, const Instruction &instruction) {
  if (!lastFlag)
    return;
  switch (launch->turns->awaitChange(lastFlag, lastValue)) {
  case Turns::Result::Done:
    return;
  case Turns::Result::Stuck:
    fail(warp, lane, instruction,
         "waits for another value than " + std::to_string(lastValue) +
             " to be released, and no block is left that could do so");
    return;
  case Turns::Result::Aborted:
    wasAborted = true;
    fail(warp, lane, instruction, "another block failed");
  }
}

static void increment(Warp &warp, const Instruction &instruction) {
  Address address(warp, instruction.operands + 1);
  for (int lane = 0; lane < 32; ++lane)
    if (warp.active >> lane & 1) {
      unsigned most = warp.lanes<uint32_t>(instruction.operands[3])[lane];
      warp.lanes<uint32_t>(instruction.operands[0])[lane] =
          warp.block->takeTicket(warp, lane, instruction, address[lane], most);
    }
}

static void loadAcquire(Warp &warp, const Instruction &instruction) {
  Address address(warp, instruction.operands + 1);
  for (int lane = 0; lane < 32; ++lane)
    if (warp.active >> lane & 1)
      warp.lanes<uint32_t>(instruction.operands[0])[lane] =
          warp.block->acquire(warp, lane, instruction, address[lane]);
}

static void storeRelease(Warp &warp, const Instruction &instruction) {
  Address address(warp, instruction.operands);
  for (int lane = 0; lane < 32; ++lane)
    if (warp.active >> lane & 1)
      warp.block->release(warp, lane, instruction, address[lane],
                          warp.lanes<uint32_t>(instruction.operands[2])[lane]);
}

static void nanosleep(Warp &warp, const Instruction &instruction) {
  warp.block->sleep(warp, __builtin_ctz(warp.active), instruction);
}

void addTurnOpcodes(Opcodes &opcodes) {
  opcodes.push_back({"atom.global.inc.u32", "waw", increment});
  opcodes.push_back({"ld.acquire.gpu.global.u32", "wa", loadAcquire});
  opcodes.push_back({"st.release.gpu.global.u32", "aw", storeRelease});
  opcodes.push_back({"nanosleep.u32", "w", nanosleep});
}

} // namespace llmc::emulator::ptx
