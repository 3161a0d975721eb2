//===- Slots.h - Where a kernel's values are --------------------*- C++ -*-===//

#ifndef LLMC_EMULATOR_PTX_SLOTS_H
#define LLMC_EMULATOR_PTX_SLOTS_H

#include "Code.h"
#include "Syntax.h"

namespace llmc::emulator::ptx {

/// Gives registers, constants and special registers their slots as they are
/// met, and variables and parameters their addresses.
class Slots {
public:
  struct Register {
    char width; // as RegisterRange's
    uint32_t slot;
  };

  Slots(const Syntax &syntax, const Entry &entry, Code &code)
      : syntax(syntax), entry(entry), code(code) {}

  /// Parameters one after the other, each aligned to its size, variables of
  /// the module and shared memory. False, and `problem` says why, if one is of
  /// a kind not known.
  bool place(std::string &problem);
  /// Null if no register of that name is declared.
  const Register *findRegister(std::string_view name);
  /// A special register, of 32 bits. False if there is none of that name.
  bool findSpecial(std::string_view name, uint32_t &slot);
  /// The address of a variable of shared memory, the offset of a parameter.
  bool findSymbol(std::string_view name, uint64_t &value) const;
  uint32_t constantSlot(char width, uint64_t value);

private:
  uint32_t newSlot(char width);
  char declaredWidth(std::string_view name) const;

  const Syntax &syntax;
  const Entry &entry;
  Code &code;
  std::map<std::string_view, Register> registers;
  std::map<std::string_view, uint32_t> specials;
  std::map<std::pair<char, uint64_t>, uint32_t> constants;
  std::map<std::string_view, uint64_t> symbols;
};

} // namespace llmc::emulator::ptx

#endif // LLMC_EMULATOR_PTX_SLOTS_H
