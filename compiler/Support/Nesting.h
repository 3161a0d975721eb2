//===- Nesting.h - brackets in text that is to be parsed --------*- C++ -*-===//

#ifndef LLMC_COMPILER_SUPPORT_NESTING_H
#define LLMC_COMPILER_SUPPORT_NESTING_H

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

} // namespace llmc

#endif // LLMC_COMPILER_SUPPORT_NESTING_H
