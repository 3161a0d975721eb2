//===- Status.h - errors carried up, never thrown -------------------------===//
//
// A function that can fail returns a Status, or a Result<T> when it also yields
// a value. The message names the place, what was expected, what was found and
// what to do next; it is printed once, by the program's entry.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_CORE_STATUS_H
#define LLMC_RUNTIME_CORE_STATUS_H

#include <cassert>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <utility>

namespace llmc::runtime {

/// Success, or one error message.
class [[nodiscard]] Status {
public:
  static Status ok() { return Status(); }

  template <typename... Args>
  static Status error(fmt::format_string<Args...> format, Args &&...args) {
    Status status;
    status.text = fmt::format(format, std::forward<Args>(args)...);
    return status;
  }

  bool isOk() const { return !text.has_value(); }
  /// The error; empty when there is none.
  std::string message() const { return text.value_or(std::string()); }

private:
  std::optional<std::string> text;
};

/// A value, or the error that kept it from being made.
template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : value(std::move(value)) {}
  Result(Status status) : failure(std::move(status)) {
    assert(!failure.isOk() && "a Result without a value needs an error");
  }

  bool isOk() const { return value.has_value(); }
  const Status &status() const { return failure; }
  std::string message() const { return failure.message(); }

  T &operator*() { return *value; }
  const T &operator*() const { return *value; }
  T *operator->() { return &*value; }
  const T *operator->() const { return &*value; }

private:
  std::optional<T> value;
  Status failure = Status::ok();
};

} // namespace llmc::runtime

/// Returns from the enclosing function with the error of `expression`, if any.
#define LLMC_TRY(expression)                                                   \
  do {                                                                         \
    if (::llmc::runtime::Status tried = (expression); !tried.isOk())           \
      return tried;                                                            \
  } while (false)

#endif // LLMC_RUNTIME_CORE_STATUS_H
