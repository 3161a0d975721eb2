//===- Warp.cpp - 32 threads in step --------------------------------------===//

#include "Warp.h"
#include "Block.h"

#include <algorithm>
#include <climits>

namespace llmc::emulator::ptx {

void Warp::start(Block &owner, int number, char *registers) {
  block = &owner;
  index = number;
  file = registers;
  groups.assign(1, {0, allLanes, false});
  atBarrier = false;
}

void Warp::fill(uint32_t slot, char width, uint64_t value) const {
  if (width == 'p')
    predicate(slot) = value ? allLanes : 0;
  else if (width == 'h')
    std::fill_n(lanes<uint16_t>(slot), 32, uint16_t(value));
  else if (width == 'w')
    std::fill_n(lanes<uint32_t>(slot), 32, uint32_t(value));
  else
    std::fill_n(lanes<uint64_t>(slot), 32, value);
}

void Warp::passBarrier() {
  atBarrier = false;
  groups.front().waits = false;
  ++groups.front().at;
}

void Warp::add(int at, uint32_t lanes) {
  auto place = std::lower_bound(
      groups.begin(), groups.end(), at,
      [](const Group &group, int value) { return group.at < value; });
  if (place == groups.end() || place->at != at) {
    groups.insert(place, {at, lanes, false});
    return;
  }
  place->lanes |= lanes;
  place->waits = false; // they may be complete now
}

void Warp::run(const Code &code) {
  while (!groups.empty() && !block->failed) {
    auto ready = std::find_if(groups.begin(), groups.end(),
                              [](const Group &group) { return !group.waits; });
    if (ready == groups.end()) {
      failParted(code);
      return;
    }
    runGroup(code, size_t(ready - groups.begin()));
    if (atBarrier)
      return;
  }
}

void Warp::runGroup(const Code &code, size_t which) {
  int at = groups[which].at;
  const uint32_t lanes = groups[which].lanes;
  const int limit = which + 1 < groups.size() ? groups[which + 1].at : INT_MAX;
  // Where it stops, it is put back.
  groups.erase(groups.begin() + long(which));
  const Instruction *instructions = code.instructions.data();
  do {
    const Instruction &instruction = instructions[at];
    active = lanes;
    if (instruction.guard >= 0) {
      uint32_t guard = predicate(uint32_t(instruction.guard));
      active &= instruction.guardNegated ? ~guard : guard;
    }
    switch (instruction.flow) {
    case Flow::Lanes:
      if (active)
        instruction.execute(*this, instruction);
      ++at;
      break;
    case Flow::Warp:
    case Flow::Members:
    case Flow::Barrier:
      if (!areComplete(instruction, lanes)) {
        add(at, lanes);
        auto here = std::find_if(groups.begin(), groups.end(),
                                 [&](const Group &g) { return g.at == at; });
        here->waits = true;
        return;
      }
      if (instruction.flow == Flow::Barrier) {
        add(at, lanes);
        atBarrier = true;
        return;
      }
      instruction.execute(*this, instruction);
      ++at;
      break;
    case Flow::Branch:
      if (active && active != lanes) {
        add(at + 1, lanes & ~active);
        add(instruction.target, active);
        return;
      }
      at = active ? instruction.target : at + 1;
      // It may have come back to where others wait.
      if (active && !groups.empty()) {
        add(at, lanes);
        return;
      }
      break;
    case Flow::Return:
      if (active != lanes)
        add(at + 1, lanes & ~active);
      return;
    }
    if (__builtin_expect(block->failed, 0))
      return;
  } while (at < limit);
  add(at, lanes);
}

bool Warp::areComplete(const Instruction &instruction, uint32_t lanes) {
  if (instruction.flow != Flow::Members)
    return lanes == allLanes;
  // The members' mask is the last operand, and every member names the same.
  const uint32_t *masks =
      this->lanes<uint32_t>(instruction.operands[instruction.operandCount - 1]);
  uint32_t members = masks[__builtin_ctz(lanes)];
  for (int lane = 0; lane < 32; ++lane)
    if ((lanes >> lane & 1) &&
        (masks[lane] != members || !(members >> lane & 1))) {
      block->fail(*this, lane, instruction,
                  "the mask of members lacks the thread itself, or is not the "
                  "same in all of them");
      return true;
    }
  return lanes == members;
}

void Warp::failParted(const Code &code) {
  // Name one that waits, and one that does not come: it waits elsewhere or has
  // ended.
  const Group &first = groups.front();
  const Instruction &instruction = code.instructions[size_t(first.at)];
  uint32_t others = groups.size() > 1 ? groups[1].lanes : ~first.lanes;
  int absent = index * 32 + __builtin_ctz(others);
  std::string what = std::to_string(__builtin_popcount(first.lanes)) +
                     " of 32 threads of the warp wait; thread " +
                     std::to_string(absent);
  if (groups.size() > 1) {
    const Instruction &other = code.instructions[size_t(groups[1].at)];
    what += " waits at " + other.opcode->name + " at line " +
            std::to_string(other.line);
  } else {
    what += " has ended";
  }
  block->fail(*this, __builtin_ctz(first.lanes), instruction, what);
}

} // namespace llmc::emulator::ptx
