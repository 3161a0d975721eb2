//===- OptionValues.h - what the value of an option may be ----------------===//

#ifndef LLMC_RUNTIME_TRAIN_OPTIONVALUES_H
#define LLMC_RUNTIME_TRAIN_OPTIONVALUES_H

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace llmc::runtime {

/// Larger counts are mistakes; below it, products of counts do not overflow.
constexpr int64_t largestCount = 1000000000000;

/// Accepts a whole number in [least, most]; `what` names it in the error.
CLI::Validator wholeNumber(const char *what, int64_t least,
                           int64_t most = largestCount);

/// Accepts a number in [least, most], or in (least, most] when `open`.
CLI::Validator number(const char *what, double least, double most,
                      bool open = false);

/// Accepts one of the names given.
CLI::Validator oneOf(const char *what, std::vector<std::string> names);

/// Accepts every name that is one: a variable of a script that is not set gives
/// none.
CLI::Validator anyName(const char *what);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_OPTIONVALUES_H
