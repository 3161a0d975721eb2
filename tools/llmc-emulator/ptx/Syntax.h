//===- Syntax.h - PTX text as statements ------------------------*- C++ -*-===//
//
// What the text says, with nothing resolved: names are names, and instructions
// are their opcode's text and their operands. All views are of the text.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_EMULATOR_PTX_SYNTAX_H
#define LLMC_EMULATOR_PTX_SYNTAX_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llmc::emulator::ptx {

struct Operand {
  enum Kind {
    Name,    // a register, a special register, a label, a variable
    Integer, // 16, -1, 0x1F
    Float,   // 0f3F800000, 0d3FF0000000000000: its bits
    Vector,  // {%f1, %f2}
    Address, // [%rd1+16]: parts[0] is the base, value the offset
    Pair     // %r1|%p1
  };
  Kind kind = Name;
  std::string_view name;
  uint64_t value = 0;
  std::vector<Operand> parts;
};

struct Statement {
  int line = 0;
  std::string_view label;  // a label alone, or an instruction:
  std::string_view opcode; // "ld.global.v4.f32"
  std::string_view guard;  // "%p1" of "@!%p1", or empty
  bool guardNegated = false;
  std::vector<Operand> operands;
};

/// A variable of the module or a function, or a kernel's parameter.
struct Variable {
  std::string_view name;
  int bytes = 0; // 0 for an array of no size, which the launch gives one
  int alignment = 1;
};

/// ".reg .b32 %r<62>;", or one register by its name.
struct RegisterRange {
  std::string_view prefix;
  char width = 0; // p, h, w, d: a predicate, 16, 32, 64 bits
  int count = 0;  // 0: the register `prefix` itself
};

struct Entry {
  std::string_view name;
  int line = 0;
  int maxThreads = 1024;
  std::vector<Variable> parameters;
  std::vector<RegisterRange> registers;
  std::vector<Variable> shared;
  std::vector<Statement> statements;
};

struct Syntax {
  std::vector<Variable> shared; // outside of functions
  std::vector<Variable> global; // zero at first
  std::vector<Entry> entries;
};

/// False, and `error` says what and in which line, if the text is not PTX or
/// uses what the emulator does not know.
bool parse(std::string_view text, Syntax &syntax, std::string &error);

} // namespace llmc::emulator::ptx

#endif // LLMC_EMULATOR_PTX_SYNTAX_H
