//===- Lexer.h - PTX text as tokens -----------------------------*- C++ -*-===//

#ifndef LLMC_EMULATOR_PTX_LEXER_H
#define LLMC_EMULATOR_PTX_LEXER_H

#include <string_view>

namespace llmc::emulator::ptx {

/// Words hold everything that names and opcodes may: "ld.global.L2::128B",
/// "%tid.x", "$L__BB0_2", "0f3F800000". Strings keep their quotes. All else is
/// a token of one character; the end is an empty token.
class Lexer {
public:
  explicit Lexer(std::string_view text) : text(text) { next(); }

  std::string_view token;
  int line = 1; ///< of `token`

  void next();
  bool isWord() const { return !token.empty() && isWordCharacter(token[0]); }
  bool take(std::string_view expected) {
    bool same = token == expected;
    if (same)
      next();
    return same;
  }
  std::string_view takeWord() {
    std::string_view word = token;
    next();
    return word;
  }
  /// The line of the text with this number, without what indents it.
  std::string_view lineText(int number) const;

private:
  static bool isWordCharacter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '$' || c == '%' ||
           c == '.';
  }
  void skipBlanks();

  std::string_view text;
  size_t at = 0;
};

} // namespace llmc::emulator::ptx

#endif // LLMC_EMULATOR_PTX_LEXER_H
