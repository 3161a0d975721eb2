//===- SharedLibrary.h - libraries that are opened at run time -*- C++ -*-===//

#ifndef LLMC_RUNTIME_CORE_SHAREDLIBRARY_H
#define LLMC_RUNTIME_CORE_SHAREDLIBRARY_H

#include <string>

namespace llmc::runtime {

/// A library that a program can do without until it is used. It stays loaded.
class SharedLibrary {
public:
  enum class Symbols {
    Own,   ///< seen through `find` alone
    Shared ///< seen by libraries that are opened later, too
  };

  /// Opens the file that the environment variable `variable` names, else
  /// `usual`. False if it cannot be opened, and `reason` says why.
  bool open(const char *variable, const char *usual,
            Symbols symbols = Symbols::Own);

  /// The address of `name` as `symbol`, null where there is none.
  template <typename T> void find(T *&symbol, const char *name) {
    symbol = reinterpret_cast<T *>(address(name));
  }

  /// The file that was to be opened.
  const std::string &path() const { return file; }
  /// Whether the environment named it.
  bool isNamed() const { return named; }
  const std::string &reason() const { return error; }
  /// The first name that was not found; null when all were.
  const char *missing() const { return firstMissing; }

private:
  void *address(const char *name);

  void *handle = nullptr;
  std::string file, error;
  bool named = false;
  const char *firstMissing = nullptr;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_CORE_SHAREDLIBRARY_H
