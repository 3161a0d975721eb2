//===- Slots.cpp - Where a kernel's values are ----------------------------===//

#include "Slots.h"

#include <charconv>

namespace llmc::emulator::ptx {

/// Predicates are one word.
static uint32_t slotBytes(char width) {
  return width == 'p' ? 4 : width == 'h' ? 64 : width == 'w' ? 128 : 256;
}

uint32_t Slots::newSlot(char width) {
  uint32_t bytes = slotBytes(width);
  uint32_t aligned = (code.fileBytes + bytes - 1) / bytes * bytes;
  // Vectors begin at a line of the cache.
  if (width != 'p')
    aligned = (code.fileBytes + 63) / 64 * 64;
  code.fileBytes = aligned + bytes;
  return aligned;
}

uint32_t Slots::constantSlot(char width, uint64_t value) {
  auto [it, isNew] = constants.try_emplace({width, value}, 0);
  if (isNew) {
    it->second = newSlot(width);
    code.constants.push_back({it->second, width, value});
  }
  return it->second;
}

char Slots::declaredWidth(std::string_view name) const {
  for (const RegisterRange &range : entry.registers) {
    if (range.count == 0) {
      if (name == range.prefix)
        return range.width;
      continue;
    }
    if (name.substr(0, range.prefix.size()) != range.prefix)
      continue;
    std::string_view digits = name.substr(range.prefix.size());
    int number = -1;
    auto [end, status] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (status == std::errc() && end == digits.data() + digits.size() &&
        number >= 0 && number < range.count)
      return range.width;
  }
  return 0;
}

const Slots::Register *Slots::findRegister(std::string_view name) {
  auto it = registers.find(name);
  if (it != registers.end())
    return &it->second;
  char width = declaredWidth(name);
  if (!width)
    return nullptr;
  return &registers.emplace(name, Register{width, newSlot(width)})
              .first->second;
}

bool Slots::findSpecial(std::string_view name, uint32_t &slot) {
  static const std::pair<std::string_view, Special> known[] = {
      {"%tid.", Special::Tid},
      {"%ntid.", Special::Ntid},
      {"%ctaid.", Special::Ctaid},
      {"%nctaid.", Special::Nctaid}};
  auto it = specials.find(name);
  if (it != specials.end()) {
    slot = it->second;
    return true;
  }
  int axis = name.empty() ? 3 : name.back() - 'x';
  for (const auto &[prefix, which] : known)
    if (name.substr(0, prefix.size()) == prefix &&
        name.size() == prefix.size() + 1 && axis >= 0 && axis < 3) {
      slot = specials[name] = newSlot('w');
      code.specials.push_back({slot, which, axis});
      return true;
    }
  if (name != "%laneid")
    return false;
  slot = specials[name] = newSlot('w');
  code.specials.push_back({slot, Special::Lane, 0});
  return true;
}

bool Slots::findSymbol(std::string_view name, uint64_t &value) const {
  auto it = symbols.find(name);
  if (it != symbols.end())
    value = it->second;
  return it != symbols.end();
}

/// Parameters one after the other, each aligned to its size, and shared memory.
bool Slots::place(std::string &problem) {
  auto roundUp = [](uint64_t value, int alignment) {
    return (value + uint64_t(alignment) - 1) / uint64_t(alignment) *
           uint64_t(alignment);
  };
  uint64_t bytes = 0;
  for (const Variable &parameter : entry.parameters) {
    bytes = roundUp(bytes, parameter.alignment);
    symbols[parameter.name] = bytes;
    code.parameters.push_back({int(bytes), parameter.bytes});
    if (parameter.bytes == 0 || parameter.bytes > 8) {
      problem = "parameter '" + std::string(parameter.name) +
                "' is not a number or a pointer, as the emulator expects";
      return false;
    }
    bytes += uint64_t(parameter.bytes);
  }
  code.parameterBytes = int(bytes);
  uint64_t at = reinterpret_cast<uintptr_t>(code.variables->data());
  for (const Variable &variable : syntax.global) {
    at = roundUp(at, variable.alignment);
    symbols[variable.name] = at;
    at += uint64_t(variable.bytes);
  }
  at = 0;
  auto placeShared = [&](const Variable &variable) {
    at = roundUp(at, variable.alignment);
    symbols[variable.name] = sharedBase + at;
    at += uint64_t(variable.bytes);
  };
  for (const auto *variables : {&syntax.shared, &entry.shared})
    for (const Variable &variable : *variables)
      if (variable.bytes)
        placeShared(variable);
  at = at ? roundUp(at, 128) : 0; // the dynamic part lies behind
  code.staticShared = int(at);
  for (const auto *variables : {&syntax.shared, &entry.shared})
    for (const Variable &variable : *variables)
      if (!variable.bytes)
        placeShared(variable);
  return true;
}

} // namespace llmc::emulator::ptx
