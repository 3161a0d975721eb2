//===- Opcodes.h - The instructions that the emulator knows -----*- C++ -*-===//
//
// Tables of opcodes, spelled out with all their modifiers: what is in none of
// them is an error when a module is loaded. Most rows are a function of one
// lane's operands, whose types say which registers the instruction takes.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_EMULATOR_PTX_OPCODES_H
#define LLMC_EMULATOR_PTX_OPCODES_H

#include "Warp.h"

#include <type_traits>
#include <utility>

namespace llmc::emulator::ptx {

using Opcodes = std::vector<Opcode>;

void addIntegerOpcodes(Opcodes &opcodes);
void addFloatOpcodes(Opcodes &opcodes);
void addConversionOpcodes(Opcodes &opcodes);
void addMoveOpcodes(Opcodes &opcodes);
void addCopyOpcodes(Opcodes &opcodes);
/// What lanes do together, and where they go on.
void addWarpOpcodes(Opcodes &opcodes);
/// What blocks tell each other.
void addTurnOpcodes(Opcodes &opcodes);

/// ld and st, whose modifiers combine freely, with registers of this letter.
/// False if the name is of neither, has a modifier that is not known, or is of
/// more bits than such registers have.
bool makeAccess(std::string_view name, char letter, Opcode &opcode);

/// An address of each lane: a register of 32 or 64 bits, and an offset.
class Address {
public:
  static constexpr int operandCount = 2;
  static constexpr uint32_t narrow = 1u << 31; // beside the slot

  Address(const Warp &warp, const uint32_t *operands)
      : warp(warp), slot(operands[0] & ~narrow), offset(int32_t(operands[1])),
        isNarrow(operands[0] & narrow) {}
  uint64_t operator[](int lane) const {
    return isNarrow
               ? warp.lanes<uint32_t>(slot)[lane] + uint32_t(offset)
               : warp.lanes<uint64_t>(slot)[lane] + uint64_t(int64_t(offset));
  }

private:
  const Warp &warp;
  uint32_t slot;
  int32_t offset;
  bool isNarrow;
};

template <typename T> constexpr char letterOf() {
  if constexpr (std::is_same_v<T, bool>)
    return 'p';
  else
    return sizeof(T) == 2 ? 'h' : sizeof(T) == 4 ? 'w' : 'd';
}

/// Reads one operand of all lanes.
template <typename T> struct Source {
  Source(const Warp &warp, uint32_t slot) : values(warp.lanes<T>(slot)) {}
  T operator[](int lane) const { return values[lane]; }
  const T *values;
};
template <> struct Source<bool> {
  Source(const Warp &warp, uint32_t slot) : bits(warp.predicate(slot)) {}
  bool operator[](int lane) const { return bits >> lane & 1; }
  uint32_t bits;
};

/// Where each lane's operands decide the lane's result.
template <typename Function, typename Signature> struct EachLane;

template <typename Function, typename Result, typename... Values>
struct EachLane<Function, Result (Function::*)(Values...) const> {
  static std::string operands() {
    return std::string{letterOf<Result>(), letterOf<Values>()...};
  }
  static void execute(Warp &warp, const Instruction &instruction) {
    run(warp, instruction.operands,
        std::make_index_sequence<sizeof...(Values)>());
  }
  template <size_t... index>
  static void run(Warp &warp, const uint32_t *operands,
                  std::index_sequence<index...>) {
    apply(warp, operands[0], Source<Values>(warp, operands[index + 1])...);
  }
  template <typename... Sources>
  static void apply(Warp &warp, uint32_t slot, Sources... sources) {
    if constexpr (std::is_same_v<Result, bool>) {
      uint32_t bits = 0;
      for (int lane = 0; lane < 32; ++lane)
        bits |= uint32_t(Function{}(sources[lane]...)) << lane;
      warp.writePredicate(slot, bits);
    } else {
      Result results[32];
      for (int lane = 0; lane < 32; ++lane)
        results[lane] = Function{}(sources[lane]...);
      warp.write(slot, results);
    }
  }
};

/// A row whose function has no state.
template <typename Function>
void add(Opcodes &opcodes, std::string name, Function) {
  using Applied = EachLane<Function, decltype(&Function::operator())>;
  opcodes.push_back({std::move(name), Applied::operands(), Applied::execute});
}

} // namespace llmc::emulator::ptx

#endif // LLMC_EMULATOR_PTX_OPCODES_H
