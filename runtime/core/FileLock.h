//===- FileLock.h - one writer in a directory -----------------------------===//

#ifndef LLMC_RUNTIME_CORE_FILELOCK_H
#define LLMC_RUNTIME_CORE_FILELOCK_H

#include "core/Status.h"

#include <string>

namespace llmc::runtime {

/// Holds the file DIRECTORY/lock for this process. The system takes the lock
/// away when the process ends, however it ends, so that none is ever stale; the
/// empty file stays. Works between the machines of a network file system where
/// that has locks.
class FileLock {
public:
  FileLock() = default;
  FileLock(const FileLock &) = delete;
  FileLock &operator=(const FileLock &) = delete;
  ~FileLock();

  /// An error when another process holds it, which is named. At most once in
  /// an object's life, and in one object of a process for a directory.
  Status take(const std::string &directory);
  /// False after `take` when the file system has no locks.
  bool isHeld() const { return held; }

private:
  int descriptor = -1;
  bool held = false;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_CORE_FILELOCK_H
