//===- OptionValues.cpp - what the value of an option may be --------------===//

#include "train/OptionValues.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>

namespace llmc::runtime {

CLI::Validator wholeNumber(const char *what, int64_t least, int64_t most) {
  return CLI::Validator(
      [what, least, most](std::string &text) -> std::string {
        char *end = nullptr;
        errno = 0;
        long long value = std::strtoll(text.c_str(), &end, 10);
        if (text.empty() || *end != '\0' || errno != 0 || value < least ||
            value > most)
          return fmt::format("expected {}, a whole number from {} to {}, "
                             "found '{}'",
                             what, least, most, text);
        return {};
      },
      "");
}

CLI::Validator number(const char *what, double least, double most, bool open) {
  return CLI::Validator(
      [=](std::string &text) -> std::string {
        char *end = nullptr;
        double value = std::strtod(text.c_str(), &end);
        bool inside = std::isfinite(value) && value <= most &&
                      (open ? value > least : value >= least);
        if (text.empty() || *end != '\0' || !inside)
          return fmt::format("expected {}, a number {} {}{}, found '{}'", what,
                             open ? "above" : "of at least", least,
                             std::isfinite(most)
                                 ? fmt::format(" and at most {}", most)
                                 : std::string(),
                             text);
        return {};
      },
      "");
}

CLI::Validator oneOf(const char *what, std::vector<std::string> names) {
  return CLI::Validator(
      [what, names = std::move(names)](std::string &text) -> std::string {
        std::string list;
        for (const std::string &name : names) {
          if (text == name)
            return {};
          list += (list.empty() ? "" : ", ") + name;
        }
        return fmt::format("expected {}, one of {}, found '{}'", what, list,
                           text);
      },
      "");
}

CLI::Validator anyName(const char *what) {
  return CLI::Validator(
      [what](std::string &text) -> std::string {
        return text.empty()
                   ? fmt::format("expected {}, found an empty name", what)
                   : std::string();
      },
      "");
}

} // namespace llmc::runtime
