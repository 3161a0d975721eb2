//===- Copy.cpp - Asynchronous copies to shared memory --------------------===//

#include "Block.h"
#include "Opcodes.h"

namespace llmc::emulator::ptx {

/// cp.async [target], [source], bytes {, source bytes}: both addresses are a
/// slot and an offset each.
template <bool hasSourceBytes>
static void copy(Warp &warp, const Instruction &instruction) {
  const uint32_t *operands = instruction.operands;
  Address target(warp, operands), source(warp, operands + 2);
  int bytes = int(operands[4]);
  for (int lane = 0; lane < 32; ++lane)
    if (warp.active >> lane & 1)
      warp.block->copyAsync(
          warp, lane, instruction, target[lane], source[lane],
          hasSourceBytes ? warp.lanes<int32_t>(operands[5])[lane] : bytes,
          bytes);
}

static void commit(Warp &warp, const Instruction &) {
  warp.block->commitCopies(warp);
}

static void wait(Warp &warp, const Instruction &instruction) {
  warp.block->waitForCopies(warp, instruction.operands[0]);
}

void addCopyOpcodes(Opcodes &opcodes) {
  for (const char *name :
       {"cp.async.ca.shared.global", "cp.async.cg.shared.global"}) {
    opcodes.push_back({name, "aai", copy<false>});
    opcodes.push_back({name, "aaiw", copy<true>});
  }
  opcodes.push_back({"cp.async.commit_group", "", commit});
  opcodes.push_back({"cp.async.wait_group", "i", wait});
}

} // namespace llmc::emulator::ptx
