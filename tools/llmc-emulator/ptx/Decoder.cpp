//===- Decoder.cpp - Statements to instructions ---------------------------===//

#include "Opcodes.h"
#include "Slots.h"

#include <algorithm>

namespace llmc::emulator::ptx {
namespace {

/// By name; the operands decide which of several rows is meant.
const std::multimap<std::string, Opcode, std::less<>> &knownOpcodes() {
  static const auto *known = [] {
    Opcodes all;
    addIntegerOpcodes(all);
    addFloatOpcodes(all);
    addConversionOpcodes(all);
    addMoveOpcodes(all);
    addCopyOpcodes(all);
    addWarpOpcodes(all);
    addTurnOpcodes(all);
    auto *made = new std::multimap<std::string, Opcode, std::less<>>;
    for (Opcode &opcode : all)
      made->emplace(opcode.name, std::move(opcode));
    return made;
  }();
  return *known;
}

std::string describe(char letter) {
  switch (letter) {
  case 'p':
    return "a predicate";
  case 'h':
    return "16 bits";
  case 'w':
    return "32 bits";
  case 'd':
    return "64 bits";
  case 'a':
    return "an address";
  case 'l':
    return "a label";
  case 'i':
    return "an integer";
  default:
    return std::string("'") + letter + "'";
  }
}

class EntryDecoder {
public:
  EntryDecoder(const Syntax &syntax, const Entry &entry,
               std::shared_ptr<Variables> variables, std::string &error)
      : syntax(syntax), entry(entry), error(error) {
    code->variables = std::move(variables);
  }

  std::shared_ptr<const Code> decode();

private:
  bool decodeStatement(const Statement &statement);
  const Opcode *findOpcode(const Statement &statement);
  /// False if the operand is not what the letters say. Takes its letters.
  bool matches(const Operand &operand, std::string_view &letters);
  bool matchesAll(const Statement &statement, const Opcode &opcode);
  bool matchesValue(const Operand &operand, char letter);
  bool matchesAddress(const Operand &operand);

  bool fail(const Statement &statement, const std::string &what);

  const Syntax &syntax;
  const Entry &entry;
  std::string &error;
  std::shared_ptr<Code> code = std::make_shared<Code>();
  Slots slots{syntax, entry, *code};
  std::map<std::string_view, int> labels;
  std::vector<size_t> firstOperands; // of each instruction
  std::vector<uint32_t> operands;    // of the statement that is being matched
  // Of the rows of an opcode, what the one lacks that fits furthest.
  std::string mismatch;
  size_t furthest = 0;
};

bool EntryDecoder::fail(const Statement &statement, const std::string &what) {
  error = "PTX line " + std::to_string(statement.line) + ", kernel '" +
          std::string(entry.name) + "': " + what;
  return false;
}

bool EntryDecoder::matchesValue(const Operand &operand, char letter) {
  if (operand.kind == Operand::Name) {
    uint32_t slot = 0;
    uint64_t value = 0;
    if (const Slots::Register *found = slots.findRegister(operand.name)) {
      operands.push_back(found->slot);
      return found->width == letter;
    }
    if (slots.findSpecial(operand.name, slot)) {
      operands.push_back(slot);
      return letter == 'w';
    }
    if (letter == 'p' || letter == 'h' ||
        !slots.findSymbol(operand.name, value))
      return false;
    operands.push_back(slots.constantSlot(letter, value));
    return true;
  }
  bool isNumber =
      operand.kind == Operand::Integer || operand.kind == Operand::Float;
  if (!isNumber)
    return false;
  uint64_t mask = letter == 'p'   ? 1
                  : letter == 'h' ? 0xffff
                  : letter == 'w' ? 0xffffffff
                                  : ~uint64_t(0);
  operands.push_back(slots.constantSlot(letter, operand.value & mask));
  return true;
}

bool EntryDecoder::matchesAddress(const Operand &operand) {
  if (operand.kind != Operand::Address)
    return false;
  const Operand &base = operand.parts[0];
  uint64_t value = 0;
  int64_t offset = int64_t(operand.value);
  if (offset != int32_t(offset))
    return false;
  if (base.kind == Operand::Name && slots.findSymbol(base.name, value)) {
    operands.push_back(slots.constantSlot('d', value));
  } else {
    const Slots::Register *found =
        base.kind == Operand::Name ? slots.findRegister(base.name) : nullptr;
    if (!found || (found->width != 'w' && found->width != 'd'))
      return false;
    operands.push_back(found->slot |
                       (found->width == 'w' ? Address::narrow : 0));
  }
  operands.push_back(uint32_t(int32_t(offset)));
  return true;
}

bool EntryDecoder::matches(const Operand &operand, std::string_view &letters) {
  char letter = letters.empty() ? 0 : letters[0];
  letters.remove_prefix(std::min<size_t>(1, letters.size()));
  switch (letter) {
  case 0:
    return false;
  case '{':
    if (operand.kind != Operand::Vector)
      return false;
    for (const Operand &part : operand.parts)
      if (!matches(part, letters))
        return false;
    if (letters.empty() || letters[0] != '}')
      return false;
    letters.remove_prefix(1);
    return true;
  case 'a':
    return matchesAddress(operand);
  case 'l': {
    auto it = labels.find(operand.name);
    if (operand.kind != Operand::Name || it == labels.end())
      return false;
    operands.push_back(uint32_t(it->second));
    return true;
  }
  case 'i':
    operands.push_back(uint32_t(operand.value));
    return operand.kind == Operand::Integer;
  case '0':
    return operand.kind == Operand::Integer && operand.value == 0;
  default:
    if (!letters.empty() && letters[0] == '|') {
      if (operand.kind != Operand::Pair)
        return false;
      letters.remove_prefix(1);
      return matchesValue(operand.parts[0], letter) &&
             matches(operand.parts[1], letters);
    }
    return matchesValue(operand, letter);
  }
}

bool EntryDecoder::matchesAll(const Statement &statement,
                              const Opcode &opcode) {
  operands.clear();
  std::string_view letters = opcode.operands;
  auto mismatches = [&](size_t place, const std::string &what) {
    if (place >= furthest)
      mismatch = what;
    furthest = std::max(furthest, place);
    return false;
  };
  for (size_t i = 0; i < statement.operands.size(); ++i) {
    char expected = letters.empty() ? 0 : letters[0];
    if (!matches(statement.operands[i], letters))
      return mismatches(i, expected ? "operand " + std::to_string(i + 1) +
                                          " is not " + describe(expected)
                                    : "too many operands");
  }
  if (!letters.empty())
    return mismatches(statement.operands.size(), "too few operands");
  return true;
}

const Opcode *EntryDecoder::findOpcode(const Statement &statement) {
  furthest = 0;
  auto [begin, end] = knownOpcodes().equal_range(statement.opcode);
  for (auto it = begin; it != end; ++it)
    if (matchesAll(statement, it->second))
      return &it->second;
  bool isKnown = begin != end;
  for (char letter : {'h', 'w', 'd'}) {
    std::unique_ptr<Opcode> &made =
        code->opcodes[std::string(statement.opcode) + " " + letter];
    if (!made) {
      made = std::make_unique<Opcode>();
      makeAccess(statement.opcode, letter, *made);
    }
    if (!made->execute)
      continue;
    isKnown = true;
    if (matchesAll(statement, *made))
      return made.get();
  }
  fail(statement, isKnown
                      ? "'" + std::string(statement.opcode) + "': " + mismatch
                      : "the emulator does not know the instruction '" +
                            std::string(statement.opcode) + "'");
  return nullptr;
}

bool EntryDecoder::decodeStatement(const Statement &statement) {
  const Opcode *opcode = findOpcode(statement);
  if (!opcode)
    return false;
  Instruction instruction;
  instruction.execute = opcode->execute;
  instruction.opcode = opcode;
  instruction.line = statement.line;
  instruction.flow = opcode->flow;
  instruction.operandCount = uint8_t(operands.size());
  if (opcode->flow == Flow::Branch)
    instruction.target = int32_t(operands[0]);
  if (!statement.guard.empty()) {
    const Slots::Register *guard = slots.findRegister(statement.guard);
    if (!guard || guard->width != 'p')
      return fail(statement, "the guard '" + std::string(statement.guard) +
                                 "' is not a predicate");
    if (opcode->flow == Flow::Warp || opcode->flow == Flow::Members ||
        opcode->flow == Flow::Barrier)
      return fail(statement,
                  "the emulator knows no '" + opcode->name + "' with a guard");
    instruction.guard = int32_t(guard->slot);
    instruction.guardNegated = statement.guardNegated;
  }
  firstOperands.push_back(code->operands.size());
  code->operands.insert(code->operands.end(), operands.begin(), operands.end());
  code->instructions.push_back(instruction);
  return true;
}

std::shared_ptr<const Code> EntryDecoder::decode() {
  code->name = entry.name;
  code->maxThreads = entry.maxThreads;
  if (std::string problem; !slots.place(problem)) {
    error = "PTX line " + std::to_string(entry.line) + ", kernel '" +
            std::string(entry.name) + "': " + problem;
    return nullptr;
  }
  int count = 0;
  for (const Statement &statement : entry.statements)
    if (statement.label.empty())
      ++count;
    else
      labels[statement.label] = count;
  for (const Statement &statement : entry.statements)
    if (statement.label.empty() && !decodeStatement(statement))
      return nullptr;
  // Whoever runs over the end returns.
  static const Opcode end = {"the end", "", nullptr, Flow::Return};
  Instruction last;
  last.opcode = &end;
  last.flow = Flow::Return;
  code->instructions.push_back(last);
  for (size_t i = 0; i < firstOperands.size(); ++i)
    code->instructions[i].operands = code->operands.data() + firstOperands[i];
  code->fileBytes = (code->fileBytes + 63) / 64 * 64;
  return code;
}

} // namespace

std::vector<std::shared_ptr<const Code>> decode(std::string_view text,
                                                std::string &error) {
  Syntax syntax;
  if (!parse(text, syntax, error))
    return {};
  size_t bytes = 0;
  for (const Variable &variable : syntax.global)
    bytes += size_t(variable.bytes + variable.alignment);
  auto variables = std::make_shared<Variables>(bytes / 4 + 1);
  std::vector<std::shared_ptr<const Code>> kernels;
  for (const Entry &entry : syntax.entries) {
    kernels.push_back(EntryDecoder(syntax, entry, variables, error).decode());
    if (!kernels.back())
      return {};
  }
  if (kernels.empty())
    error = "the PTX has no kernel";
  return kernels;
}

} // namespace llmc::emulator::ptx
