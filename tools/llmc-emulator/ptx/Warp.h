//===- Warp.h - 32 threads in step ------------------------------*- C++ -*-===//
//
// A warp's registers and which of its lanes are where. Lanes at the same
// instruction execute it together. Where they part, those that are behind go
// on first, and join the others where they meet them: code is laid out so that
// this is where the branches join.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_EMULATOR_PTX_WARP_H
#define LLMC_EMULATOR_PTX_WARP_H

#include "Code.h"

#include <cstring>
#include <vector>

namespace llmc::emulator::ptx {

class Block;

constexpr uint32_t allLanes = 0xffffffffu;

class Warp {
public:
  Block *block = nullptr;
  int index = 0;
  char *file = nullptr; // registers
  /// Which lanes execute the present instruction.
  uint32_t active = allLanes;

  template <typename T> T *lanes(uint32_t slot) const {
    return reinterpret_cast<T *>(file + slot);
  }
  uint32_t &predicate(uint32_t slot) const { return *lanes<uint32_t>(slot); }

  /// Gives a register of this width the same value in all lanes.
  void fill(uint32_t slot, char width, uint64_t value) const;
  /// The active lanes' values of a register.
  template <typename T> void write(uint32_t slot, const T (&values)[32]) const {
    T *target = lanes<T>(slot);
    if (__builtin_expect(active == allLanes, 1)) {
      std::memcpy(target, values, sizeof(values));
      return;
    }
    for (int lane = 0; lane < 32; ++lane)
      target[lane] = active >> lane & 1 ? values[lane] : target[lane];
  }
  void writePredicate(uint32_t slot, uint32_t bits) const {
    uint32_t &target = predicate(slot);
    target = (target & ~active) | (bits & active);
  }

  //===--------------------------------------------------------------------===//
  // Flow
  //===--------------------------------------------------------------------===//

  /// Lanes at one instruction. Waiting ones need others there.
  struct Group {
    int at;
    uint32_t lanes;
    bool waits;
  };

  void start(Block &owner, int number, char *registers);
  /// Runs until the whole warp is at a barrier or through, or a check fails.
  void run(const Code &code);

  bool isDone() const { return groups.empty(); }
  bool isAtBarrier() const { return atBarrier; }
  /// Goes on behind the barrier.
  void passBarrier();
  const std::vector<Group> &where() const { return groups; }

private:
  void runGroup(const Code &code, size_t which);
  /// Whether the lanes of an instruction that needs others are complete.
  bool areComplete(const Instruction &instruction, uint32_t lanes);
  void add(int at, uint32_t lanes);
  [[gnu::cold]] void failParted(const Code &code);

  std::vector<Group> groups; // by `at`, each once
  bool atBarrier = false;
};

} // namespace llmc::emulator::ptx

#endif // LLMC_EMULATOR_PTX_WARP_H
