//===- Block.cpp - A host thread that runs blocks of PTX ------------------===//

#include "Block.h"

#include <algorithm>

namespace llmc::emulator::ptx {

void Block::begin(const LaunchState &state) {
  launch = &state;
  code = state.code;
  const Options &options = *state.options;
  sharedRaces = options.sharedRaces;
  globalRaces = options.globalRaces;
  uninitialized = options.uninitialized;
  counters = Counters();
  report.clear();
  allocation = nullptr;
  wasAborted = false;

  parameterBytes.assign(size_t(code->parameterBytes), 0);
  for (size_t i = 0; i < code->parameters.size(); ++i)
    std::memcpy(&parameterBytes[size_t(code->parameters[i].offset)],
                &state.arguments[i], size_t(code->parameters[i].bytes));

  size_t count = size_t(state.threads / 32);
  warps.resize(count);
  copies.resize(count * 32);
  // Registers start as NaNs; nothing depends on what they hold.
  registers.assign(count * code->fileBytes + 64, char(0xff));
  char *file = registers.data();
  file += -reinterpret_cast<uintptr_t>(file) & 63;
  for (size_t i = 0; i < count; ++i) {
    warps[i].start(*this, int(i), file + i * code->fileBytes);
    for (const Code::Constant &constant : code->constants)
      warps[i].fill(constant.slot, constant.width, constant.value);
  }
}

void Block::setSpecialRegisters() {
  unsigned place[3] = {block % launch->grid[0],
                       block / launch->grid[0] % launch->grid[1],
                       block / launch->grid[0] / launch->grid[1]};
  for (const Code::SpecialRegister &special : code->specials)
    for (Warp &warp : warps)
      for (int lane = 0; lane < 32; ++lane) {
        uint32_t value = 0;
        switch (special.which) {
        case Special::Tid:
          value = special.axis ? 0 : uint32_t(warp.index * 32 + lane);
          break;
        case Special::Ntid:
          value = special.axis ? 1 : uint32_t(launch->threads);
          break;
        case Special::Ctaid:
          value = place[special.axis];
          break;
        case Special::Nctaid:
          value = launch->grid[special.axis];
          break;
        case Special::Lane:
          value = uint32_t(lane);
          break;
        }
        warp.lanes<uint32_t>(special.slot)[lane] = value;
      }
}

bool Block::runBlock(unsigned index) {
  block = index;
  epoch = 1;
  identity = GlobalCell::make(launch->launch, block, epoch, 0);
  failed = false;
  known.clear();
  acquired.clear();
  lastFlag = nullptr;
  shared.reset(code->staticShared + launch->sharedBytes);
  shared.declared = shared.launched;
  for (AsyncCopies &mine : copies)
    mine.reset();
  for (Warp &warp : warps)
    warp.start(*this, warp.index, warp.file);
  setSpecialRegisters();
  while (runWarps())
    ;
  counters.blocks += !failed;
  return !failed;
}

/// Brings every warp to the next barrier; false if there is none.
bool Block::runWarps() {
  size_t count = warps.size();
  // Another order for each seed, block and barrier.
  size_t first = size_t(
      (launch->options->seed * 0x9e3779b97f4a7c15ull + block + epoch - 1) %
      count);
  size_t waiting = 0;
  for (size_t i = 0; i < count && !failed; ++i) {
    Warp &warp = warps[(first + i) % count];
    warp.run(*code);
    waiting += warp.isAtBarrier();
  }
  if (failed || !waiting)
    return false;
  if (waiting != count) {
    failStuck();
    return false;
  }
  ++counters.barriers;
  if (++epoch > SharedCell::maxEpoch) {
    shared.renumber();
    epoch = 1;
  }
  identity = GlobalCell::make(launch->launch, block, epoch, 0);
  for (auto [other, its] : acquired)
    known[other] = std::max(known[other], its);
  for (Warp &warp : warps)
    warp.passBarrier();
  return true;
}

void Block::failStuck() {
  const Warp *waits = nullptr, *absent = nullptr;
  size_t waiting = 0;
  for (const Warp &warp : warps) {
    (warp.isAtBarrier() ? waits : absent) = &warp;
    waiting += warp.isAtBarrier();
  }
  fail(*waits, 0, code->instructions[size_t(waits->where().front().at)],
       std::to_string(waiting * 32) + " of " + std::to_string(launch->threads) +
           " threads of the block wait; thread " +
           std::to_string(absent->index * 32) + " has ended");
}

void Block::fail(const Warp &warp, int lane, const Instruction &instruction,
                 const std::string &what) {
  if (failed)
    return;
  failed = true;
  report = "kernel '" + launch->kernel + "', block " +
           launch->blockName(block) + ", thread " +
           std::to_string(warp.index * 32 + lane) + ", PTX line " +
           std::to_string(instruction.line) + ": " + instruction.opcode->name +
           ": " + what;
}

} // namespace llmc::emulator::ptx
