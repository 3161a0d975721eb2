//===- Nesting.h - text that parsers do not survive -------------*- C++ -*-===//

#ifndef LLMC_COMPILER_SUPPORT_NESTING_H
#define LLMC_COMPILER_SUPPORT_NESTING_H

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

#include <optional>

namespace llmc {

/// Far deeper than any file of ours. Parsers of MLIR and of JSON call
/// themselves for each bracket: some ten thousand exhaust the stack.
constexpr unsigned kMostNesting = 256;

/// Where a text of MLIR or JSON goes deeper than kMostNesting brackets; none if
/// it does not.
inline std::optional<size_t> findDeepNesting(llvm::StringRef text) {
  unsigned depth = 0;
  for (size_t i = 0; i < text.size(); ++i)
    switch (text[i]) {
    case '"':
      while (++i < text.size() && text[i] != '"' && text[i] != '\n')
        if (text[i] == '\\')
          ++i;
      break;
    case '/':
      if (text.substr(i).starts_with("//"))
        i = std::min(text.find('\n', i), text.size());
      break;
    case '(':
    case '[':
    case '{':
    case '<':
      if (++depth > kMostNesting)
        return i;
      break;
    case '-':
      if (text.substr(i).starts_with("->"))
        ++i;
      break;
    case ')':
    case ']':
    case '}':
    case '>':
      depth -= depth != 0;
      break;
    }
  return std::nullopt;
}

/// Far more than any op has. MLIR's parser keeps a place for each result up to
/// the one that is named.
constexpr unsigned kMostResultDigits = 5;

/// Where a text of MLIR names a result of an op, as in `%x#1`, by a number of
/// more than kMostResultDigits digits; none if it does not.
inline std::optional<size_t> findHugeResult(llvm::StringRef text) {
  auto isName = [](char c) {
    return llvm::isAlnum(c) || llvm::StringRef("_$.-").contains(c);
  };
  for (size_t i = 0; (i = text.find('%', i)) != llvm::StringRef::npos;) {
    size_t begin = i++;
    i += text.substr(i).take_while(isName).size();
    if (text.substr(i).starts_with("#") &&
        text.substr(i + 1).take_while(llvm::isDigit).size() > kMostResultDigits)
      return begin;
  }
  return std::nullopt;
}

} // namespace llmc

#endif // LLMC_COMPILER_SUPPORT_NESTING_H
