//===- Files.h - files that are written, programs that are run --*- C++ -*-===//

#ifndef LLMC_COMPILER_SUPPORT_FILES_H
#define LLMC_COMPILER_SUPPORT_FILES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <string>
#include <system_error>

namespace llmc {

/// Writes a whole file, to its end: a disk that is full is an error.
std::error_code writeFile(llvm::StringRef path, llvm::StringRef bytes);

/// A directory that goes, with what is in it, at the end of the scope.
class TemporaryDirectory {
public:
  TemporaryDirectory() = default;
  TemporaryDirectory(const TemporaryDirectory &) = delete;
  TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;
  ~TemporaryDirectory();

  llvm::Error create();
  /// The path of a file in it.
  std::string file(const llvm::Twine &name) const;

private:
  llvm::SmallString<128> path;
};

/// Runs arguments[0] and waits; whether it ended with 0. What it printed, and
/// why it could not be run, is `log`.
bool runProgram(llvm::ArrayRef<std::string> arguments, std::string &log);

} // namespace llmc

#endif // LLMC_COMPILER_SUPPORT_FILES_H
