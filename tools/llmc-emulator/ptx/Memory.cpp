//===- Memory.cpp - Loads and stores --------------------------------------===//

#include "Block.h"
#include "Opcodes.h"

#include <algorithm>

namespace llmc::emulator::ptx {
namespace {

enum class Space { Global, Constant, Shared };

template <Space space, typename Word, typename Register, int count>
void load(Warp &warp, const Instruction &instruction) {
  Address address(warp, instruction.operands + count);
  constexpr int bytes = sizeof(Word) * count;
  for (int lane = 0; lane < 32; ++lane) {
    if (!(warp.active >> lane & 1))
      continue;
    Block &block = *warp.block;
    const char *p =
        space == Space::Shared
            ? block.loadShared(warp, lane, instruction, address[lane], bytes)
            : block.loadGlobal(warp, lane, instruction, address[lane], bytes,
                               bytes, space == Space::Constant);
    if (!p)
      return;
    Word words[count];
    std::memcpy(words, p, bytes);
    for (int i = 0; i < count; ++i)
      warp.lanes<Register>(instruction.operands[i])[lane] = Register(words[i]);
  }
}

template <Space space, typename Word, typename Register, int count>
void store(Warp &warp, const Instruction &instruction) {
  Address address(warp, instruction.operands);
  constexpr int bytes = sizeof(Word) * count;
  for (int lane = 0; lane < 32; ++lane) {
    if (!(warp.active >> lane & 1))
      continue;
    Block &block = *warp.block;
    char *p =
        space == Space::Shared
            ? block.storeShared(warp, lane, instruction, address[lane], bytes)
            : block.storeGlobal(warp, lane, instruction, address[lane], bytes);
    if (!p)
      return;
    Word words[count];
    for (int i = 0; i < count; ++i)
      words[i] = Word(warp.lanes<Register>(
          instruction.operands[Address::operandCount + i])[lane]);
    std::memcpy(p, words, bytes);
  }
}

/// Every thread reads the same bytes of the launch's parameters.
template <typename Word, typename Register>
void loadParameter(Warp &warp, const Instruction &instruction) {
  Address address(warp, instruction.operands + 1);
  Register values[32];
  for (int lane = 0; lane < 32; ++lane) {
    Word word;
    std::memcpy(&word, warp.block->parameters() + address[lane], sizeof(word));
    values[lane] = Register(word);
  }
  warp.write(instruction.operands[0], values);
}

template <bool isLoad, Space space, typename Word, typename Register>
Execute chooseCount(int count) {
  if constexpr (sizeof(Register) < sizeof(Word))
    return nullptr;
  else if (count == 1)
    return isLoad ? load<space, Word, Register, 1>
                  : store<space, Word, Register, 1>;
  else if (count == 2)
    return isLoad ? load<space, Word, Register, 2>
                  : store<space, Word, Register, 2>;
  else if constexpr (sizeof(Word) == 8)
    return nullptr; // 32 bytes
  else
    return isLoad ? load<space, Word, Register, 4>
                  : store<space, Word, Register, 4>;
}

/// Registers may be wider than what is in memory; `Word` decides whether its
/// sign fills them.
template <bool isLoad, Space space, typename Word>
Execute chooseRegister(char letter, int count) {
  return letter == 'h'   ? chooseCount<isLoad, space, Word, uint16_t>(count)
         : letter == 'w' ? chooseCount<isLoad, space, Word, uint32_t>(count)
                         : chooseCount<isLoad, space, Word, uint64_t>(count);
}

template <bool isLoad, Space space>
Execute choose(const std::string &type, char letter, int count) {
  if (type == "u8" || type == "b8")
    return chooseRegister<isLoad, space, uint8_t>(letter, count);
  if (type == "s8")
    return chooseRegister<isLoad, space, int8_t>(letter, count);
  if (type == "s16")
    return chooseRegister<isLoad, space, int16_t>(letter, count);
  if (type == "s32")
    return chooseRegister<isLoad, space, int32_t>(letter, count);
  if (type.substr(1) == "16")
    return chooseRegister<isLoad, space, uint16_t>(letter, count);
  if (type.substr(1) == "32")
    return chooseRegister<isLoad, space, uint32_t>(letter, count);
  return chooseRegister<isLoad, space, uint64_t>(letter, count);
}

Execute chooseParameter(const std::string &type, char letter) {
  return type.substr(1) == "32" && letter == 'w'
             ? loadParameter<uint32_t, uint32_t>
         : type.substr(1) == "64" && letter == 'd'
             ? loadParameter<uint64_t, uint64_t>
         : type.substr(1) == "16" && letter == 'h'
             ? loadParameter<uint16_t, uint16_t>
             : nullptr;
}

std::vector<std::string> partsOf(std::string_view name) {
  std::vector<std::string> parts;
  while (!name.empty()) {
    size_t end = std::min(name.find('.'), name.size());
    parts.emplace_back(name.substr(0, end));
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return parts;
}

/// What only asks caches for something.
bool isCacheHint(const std::string &part) {
  static const char *const hints[] = {"ca", "cg", "cs", "lu", "cv", "wb", "wt"};
  return std::find(std::begin(hints), std::end(hints), part) !=
             std::end(hints) ||
         part.rfind("L1::", 0) == 0 || part.rfind("L2::", 0) == 0;
}

} // namespace

bool makeAccess(std::string_view name, char letter, Opcode &opcode) {
  std::vector<std::string> parts = partsOf(name);
  if (parts.size() < 3 || (parts[0] != "ld" && parts[0] != "st"))
    return false;
  bool isLoad = parts[0] == "ld", isConstant = false;
  const std::string &space = parts[1], &type = parts.back();
  static const char *const types[] = {"b8",  "u8",  "s8",  "b16", "u16",
                                      "s16", "b32", "u32", "s32", "f32",
                                      "b64", "u64", "s64", "f64"};
  if (std::find(std::begin(types), std::end(types), type) == std::end(types))
    return false;
  int count = 1;
  for (size_t i = 2; i + 1 < parts.size(); ++i)
    if (parts[i] == "nc" && isLoad && space == "global")
      isConstant = true;
    else if (parts[i] == "v2" || parts[i] == "v4")
      count = parts[i][1] - '0';
    else if (!isCacheHint(parts[i]))
      return false;
  if (space == "global")
    opcode.execute = !isLoad ? choose<false, Space::Global>(type, letter, count)
                     : isConstant
                         ? choose<true, Space::Constant>(type, letter, count)
                         : choose<true, Space::Global>(type, letter, count);
  else if (space == "shared")
    opcode.execute = isLoad ? choose<true, Space::Shared>(type, letter, count)
                            : choose<false, Space::Shared>(type, letter, count);
  else if (space == "param" && isLoad && count == 1)
    opcode.execute = chooseParameter(type, letter);
  if (!opcode.execute)
    return false;
  std::string values(size_t(count), letter);
  if (count > 1)
    values = "{" + values + "}";
  opcode.name = name;
  opcode.operands = isLoad ? values + "a" : "a" + values;
  return true;
}

} // namespace llmc::emulator::ptx
