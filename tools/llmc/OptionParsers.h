//===- OptionParsers.h - values on the command line -------------*- C++ -*-===//
//
// LLVM's own parsers print messages of their own kind.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_TOOLS_LLMC_OPTIONPARSERS_H
#define LLMC_TOOLS_LLMC_OPTIONPARSERS_H

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"

#include <string>

namespace llmc {

/// What is wrong with an option's value; printed by main like other mistakes.
inline std::string wrongValue;

/// A number.
template <typename T> struct NumberParser : llvm::cl::basic_parser<T> {
  NumberParser(llvm::cl::Option &option)
      : llvm::cl::basic_parser<T>(option), option(option) {}

  /// What LLVM prints values with.
  operator llvm::cl::parser<T>() const { return llvm::cl::parser<T>(option); }

  bool parse(llvm::cl::Option &, llvm::StringRef name, llvm::StringRef text,
             T &value) {
    bool wrong;
    if constexpr (std::is_integral_v<T>)
      wrong = text.getAsInteger(10, value);
    else
      wrong = text.getAsDouble(value);
    if (wrong)
      wrongValue = ("--" + name + " expects a " +
                    (std::is_integral_v<T> ? "whole number of at most 18 digits"
                                           : "number") +
                    ", found '" + text + "'")
                       .str();
    return wrong;
  }

private:
  llvm::cl::Option &option;
};
using WholeNumber = NumberParser<int64_t>;

/// A number of sequences, or "auto", which is 0.
struct BatchParser : WholeNumber {
  using WholeNumber::WholeNumber;

  bool parse(llvm::cl::Option &option, llvm::StringRef name,
             llvm::StringRef text, int64_t &value) {
    value = 0;
    if (text == "auto")
      return false;
    if (WholeNumber::parse(option, name, text, value))
      return true;
    if (value < 1)
      wrongValue = "--batch expects at least 1 sequence, found " + text.str();
    return value < 1;
  }
};

/// A number of bytes: 24GiB, 500MB, 24g. Bytes without a unit are many.
struct BytesParser : WholeNumber {
  using WholeNumber::WholeNumber;

  bool parse(llvm::cl::Option &, llvm::StringRef name, llvm::StringRef text,
             int64_t &value) {
    llvm::StringRef digits =
        text.take_while([](char c) { return llvm::isDigit(c) || c == '.'; });
    llvm::StringRef unit = text.drop_front(digits.size());
    double number = 0, factor = 1;
    bool wrong = digits.getAsDouble(number);
    if (!unit.empty()) {
      size_t power = llvm::StringRef("kmgt").find(llvm::toLower(unit.front()));
      wrong |= power == llvm::StringRef::npos;
      llvm::StringRef rest = unit.drop_front();
      bool isDecimal = rest.equals_insensitive("b");
      wrong |= !isDecimal && !rest.equals_insensitive("ib") && !rest.empty();
      for (size_t i = 0; !wrong && i <= power; ++i)
        factor *= isDecimal ? 1000 : 1024;
    }
    wrong |= number * factor < 1 || number * factor > 1e15;
    bool isTiny = !wrong && number * factor < (1 << 20);
    if (wrong || isTiny)
      wrongValue = ("--" + name + " expects a size such as 24GiB, found '" +
                    text + "'" + (isTiny ? ", which is below 1 MiB" : ""))
                       .str();
    else
      value = static_cast<int64_t>(number * factor);
    return wrong || isTiny;
  }
};
using Number = NumberParser<double>;

} // namespace llmc

#endif
