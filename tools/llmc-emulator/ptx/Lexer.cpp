//===- Lexer.cpp - PTX text as tokens -------------------------------------===//

#include "Lexer.h"

#include <algorithm>

namespace llmc::emulator::ptx {

void Lexer::skipBlanks() {
  while (at < text.size()) {
    char c = text[at];
    if (c == '\n') {
      ++line;
      ++at;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at;
    } else if (text.substr(at, 2) == "//") {
      at = std::min(text.find('\n', at), text.size());
    } else if (text.substr(at, 2) == "/*") {
      size_t end = std::min(text.find("*/", at), text.size());
      line += int(
          std::count(text.begin() + long(at), text.begin() + long(end), '\n'));
      at = std::min(end + 2, text.size());
    } else {
      return;
    }
  }
}

void Lexer::next() {
  skipBlanks();
  size_t begin = at;
  if (at == text.size()) {
    token = {};
    return;
  }
  if (text[at] == '"') {
    size_t end = text.find_first_of("\"\n", at + 1);
    at = end == std::string_view::npos ? text.size() : end + 1;
  } else if (isWordCharacter(text[at])) {
    while (at < text.size())
      if (isWordCharacter(text[at]))
        ++at;
      else if (text.substr(at, 2) == "::") // of a modifier
        at += 2;
      else
        break;
  } else {
    ++at;
  }
  token = text.substr(begin, at - begin);
}

std::string_view Lexer::lineText(int number) const {
  size_t begin = 0;
  for (int i = 1; i < number && begin < text.size(); ++i)
    begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
  std::string_view found =
      text.substr(begin, std::min(text.find('\n', begin), text.size()) - begin);
  found.remove_prefix(std::min(found.find_first_not_of(" \t"), found.size()));
  return found;
}

} // namespace llmc::emulator::ptx
