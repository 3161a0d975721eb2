//===- Parser.cpp - PTX text as statements --------------------------------===//

#include "Lexer.h"
#include "Syntax.h"

#include <charconv>

namespace llmc::emulator::ptx {
namespace {

class Parser {
public:
  Parser(std::string_view text, Syntax &syntax, std::string &error)
      : lexer(text), syntax(syntax), error(error) {}

  bool parseModule();

private:
  bool parseEntry();
  bool parseBody(Entry &entry);
  bool parseRegisters(Entry &entry);
  bool parseInstruction(Entry &entry);
  bool parseOperand(Operand &operand);
  bool parseAddress(Operand &operand);
  bool parseNumber(Operand &operand);
  /// ".align 128 .b8 name[]", what follows the state space.
  bool parseVariable(Variable &variable);
  bool parseInteger(int &value);
  bool skipToSemicolon();
  bool expect(std::string_view token);
  bool fail(const std::string &what);

  Lexer lexer;
  Syntax &syntax;
  std::string &error;
};

std::string quoted(std::string_view text) {
  return text.empty() ? "the end of the text" : "'" + std::string(text) + "'";
}

/// Bytes of ".u64" and the like, or 0.
int bytesOf(std::string_view type) {
  if (type.size() < 3 || type[0] != '.' ||
      std::string_view("bsuf").find(type[1]) == std::string_view::npos)
    return 0;
  std::string_view bits = type.substr(2);
  return bits == "8"    ? 1
         : bits == "16" ? 2
         : bits == "32" ? 4
         : bits == "64" ? 8
                        : 0;
}

bool Parser::fail(const std::string &what) {
  error = "PTX line " + std::to_string(lexer.line) + ": " + what + ": \"" +
          std::string(lexer.lineText(lexer.line)) + "\"";
  return false;
}

bool Parser::expect(std::string_view token) {
  if (lexer.take(token))
    return true;
  return fail("expected '" + std::string(token) + "', found " +
              quoted(lexer.token));
}

bool Parser::parseInteger(int &value) {
  std::string_view word = lexer.token;
  auto [end, code] =
      std::from_chars(word.data(), word.data() + word.size(), value);
  if (code != std::errc() || end != word.data() + word.size())
    return fail("expected a number, found " + quoted(word));
  lexer.next();
  return true;
}

bool Parser::skipToSemicolon() {
  while (!lexer.token.empty() && lexer.token != ";")
    lexer.next();
  return expect(";");
}

bool Parser::parseModule() {
  while (!lexer.token.empty()) {
    if (lexer.take(".version") || lexer.take(".address_size")) {
      lexer.next();
    } else if (lexer.take(".target")) {
      do
        lexer.next();
      while (lexer.take(","));
    } else if (lexer.take(".visible") || lexer.take(".weak") ||
               lexer.take(".extern")) {
      continue;
    } else if (lexer.take(".shared")) {
      if (!parseVariable(syntax.shared.emplace_back()) || !expect(";"))
        return false;
    } else if (lexer.take(".global")) {
      if (!parseVariable(syntax.global.emplace_back()) || !expect(";"))
        return false;
    } else if (lexer.take(".entry")) {
      if (!parseEntry())
        return false;
    } else if (lexer.take(".file")) {
      lexer.next();
      lexer.next();
    } else {
      return fail("the emulator does not know " + quoted(lexer.token));
    }
  }
  return true;
}

bool Parser::parseVariable(Variable &variable) {
  bool hasAlignment = lexer.take(".align");
  if (hasAlignment && !parseInteger(variable.alignment))
    return false;
  int bytes = bytesOf(lexer.token);
  if (!bytes)
    return fail("expected a type, found " + quoted(lexer.token));
  if (!hasAlignment)
    variable.alignment = bytes;
  lexer.next();
  if (!lexer.isWord())
    return fail("expected a name, found " + quoted(lexer.token));
  variable.name = lexer.takeWord();
  variable.bytes = bytes;
  if (lexer.take("[")) {
    int count = 0;
    if (!lexer.take("]") && (!parseInteger(count) || !expect("]")))
      return false;
    variable.bytes *= count;
  }
  return true;
}

bool Parser::parseEntry() {
  Entry &entry = syntax.entries.emplace_back();
  entry.line = lexer.line;
  if (!lexer.isWord())
    return fail("expected a kernel's name, found " + quoted(lexer.token));
  entry.name = lexer.takeWord();
  if (lexer.take("(") && !lexer.take(")")) {
    do
      if (!expect(".param") || !parseVariable(entry.parameters.emplace_back()))
        return false;
    while (lexer.take(","));
    if (!expect(")"))
      return false;
  }
  while (lexer.token != "{") {
    if (lexer.take(".maxntid") || lexer.take(".reqntid")) {
      entry.maxThreads = 1;
      do {
        int extent = 0;
        if (!parseInteger(extent))
          return false;
        entry.maxThreads *= extent;
      } while (lexer.take(","));
    } else if (lexer.take(".minnctapersm") || lexer.take(".maxnreg")) {
      lexer.next();
    } else {
      return fail("the emulator does not know " + quoted(lexer.token));
    }
  }
  return parseBody(entry);
}

bool Parser::parseBody(Entry &entry) {
  lexer.next();
  while (!lexer.take("}")) {
    if (lexer.token.empty())
      return fail("expected '}', found the end of the text");
    if (lexer.take(".reg")) {
      if (!parseRegisters(entry))
        return false;
    } else if (lexer.take(".shared")) {
      if (!parseVariable(entry.shared.emplace_back()) || !expect(";"))
        return false;
    } else if (lexer.token == ".pragma" || lexer.token == ".loc") {
      // A line of the source ends with its line.
      bool isPragma = lexer.token == ".pragma";
      int line = lexer.line;
      if (isPragma && !skipToSemicolon())
        return false;
      while (!isPragma && lexer.line == line && !lexer.token.empty())
        lexer.next();
    } else if (lexer.token[0] == '.') {
      return fail("the emulator does not know " + quoted(lexer.token));
    } else if (!parseInstruction(entry)) {
      return false;
    }
  }
  return true;
}

bool Parser::parseRegisters(Entry &entry) {
  std::string_view type = lexer.takeWord();
  int bytes = bytesOf(type);
  char width = type == ".pred" ? 'p'
               : bytes == 2    ? 'h'
               : bytes == 4    ? 'w'
               : bytes == 8    ? 'd'
                               : 0;
  if (!width)
    return fail("the emulator has no registers of type " + quoted(type));
  do {
    RegisterRange &range = entry.registers.emplace_back();
    range.width = width;
    range.prefix = lexer.takeWord();
    if (lexer.take("<") && (!parseInteger(range.count) || !expect(">")))
      return false;
  } while (lexer.take(","));
  return expect(";");
}

bool Parser::parseInstruction(Entry &entry) {
  Statement statement;
  statement.line = lexer.line;
  if (lexer.take("@")) {
    statement.guardNegated = lexer.take("!");
    statement.guard = lexer.takeWord();
  }
  if (!lexer.isWord())
    return fail("expected an instruction, found " + quoted(lexer.token));
  std::string_view word = lexer.takeWord();
  if (statement.guard.empty() && lexer.take(":")) {
    statement.label = word;
    entry.statements.push_back(std::move(statement));
    return true;
  }
  statement.opcode = word;
  if (!lexer.take(";")) {
    do
      if (!parseOperand(statement.operands.emplace_back()))
        return false;
    while (lexer.take(","));
    if (!expect(";"))
      return false;
  }
  entry.statements.push_back(std::move(statement));
  return true;
}

bool Parser::parseOperand(Operand &operand) {
  if (lexer.take("{")) {
    operand.kind = Operand::Vector;
    do
      if (!parseOperand(operand.parts.emplace_back()))
        return false;
    while (lexer.take(","));
    return expect("}");
  }
  if (lexer.take("["))
    return parseAddress(operand);
  if (lexer.token == "-" ||
      (lexer.isWord() && lexer.token[0] >= '0' && lexer.token[0] <= '9'))
    return parseNumber(operand);
  if (!lexer.isWord())
    return fail("expected an operand, found " + quoted(lexer.token));
  operand.name = lexer.takeWord();
  if (!lexer.take("|"))
    return true;
  Operand first = operand, second;
  if (!parseOperand(second))
    return false;
  operand = Operand();
  operand.kind = Operand::Pair;
  operand.parts = {first, second};
  return true;
}

bool Parser::parseAddress(Operand &operand) {
  operand.kind = Operand::Address;
  if (!parseOperand(operand.parts.emplace_back()))
    return false;
  if (lexer.token == "+" || lexer.token == "-") {
    lexer.take("+");
    Operand offset;
    if (!parseNumber(offset))
      return false;
    operand.value = offset.value;
  }
  return expect("]");
}

bool Parser::parseNumber(Operand &operand) {
  bool negative = lexer.take("-");
  std::string_view word = lexer.token;
  std::string_view kind = word.substr(0, 2);
  bool isFloat = kind == "0f" || kind == "0F" || kind == "0d" || kind == "0D";
  bool isHex = kind == "0x" || kind == "0X";
  std::string_view digits = isFloat || isHex ? word.substr(2) : word;
  if (!digits.empty() && !isFloat && digits.back() == 'U')
    digits.remove_suffix(1);
  auto [end, code] =
      std::from_chars(digits.data(), digits.data() + digits.size(),
                      operand.value, isFloat || isHex ? 16 : 10);
  if (code != std::errc() || end != digits.data() + digits.size() ||
      (isFloat && negative))
    return fail("expected a number, found " + quoted(word));
  operand.kind = isFloat ? Operand::Float : Operand::Integer;
  if (negative)
    operand.value = -operand.value;
  lexer.next();
  return true;
}

} // namespace

bool parse(std::string_view text, Syntax &syntax, std::string &error) {
  return Parser(text, syntax, error).parseModule();
}

} // namespace llmc::emulator::ptx
