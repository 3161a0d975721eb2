//===- Files.h - files that are written, programs that are run --*- C++ -*-===//

#ifndef LLMC_COMPILER_SUPPORT_FILES_H
#define LLMC_COMPILER_SUPPORT_FILES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <system_error>
#include <vector>

namespace llmc {

/// Writes a whole file, to its end: a disk that is full is an error.
std::error_code writeFile(llvm::StringRef path, llvm::StringRef bytes);

/// Files that go at the end of the scope, or with a signal that ends the
/// program.
class TemporaryFiles {
public:
  TemporaryFiles() = default;
  TemporaryFiles(const TemporaryFiles &) = delete;
  TemporaryFiles &operator=(const TemporaryFiles &) = delete;
  ~TemporaryFiles();

  /// The path of a new, empty one, where the system keeps such.
  llvm::Expected<std::string> create(llvm::StringRef stem,
                                     llvm::StringRef extension);
  /// The same beside `path`.
  llvm::Expected<std::string> createBeside(llvm::StringRef path);
  /// It is something else now, such as renamed, and stays.
  void keep(llvm::StringRef path);

private:
  std::vector<std::string> paths;
};

/// Runs arguments[0], which reads the file `input`, and waits; whether it ended
/// with 0. What it printed, and why it could not be run, is `log`.
bool runProgram(llvm::ArrayRef<std::string> arguments, std::string &log,
                llvm::StringRef input = "");

} // namespace llmc

#endif // LLMC_COMPILER_SUPPORT_FILES_H
