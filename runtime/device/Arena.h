//===- Arena.h - one aligned block of memory, taken once ------------------===//

#ifndef LLMC_RUNTIME_DEVICE_ARENA_H
#define LLMC_RUNTIME_DEVICE_ARENA_H

#include "core/Status.h"

#include <cstdint>

namespace llmc::runtime {

/// Zeroed memory from mmap. Every page is touched at once, so that a machine
/// without enough memory says so at the start and not in the middle of a run.
class Arena {
public:
  /// `alignment` is a power of two.
  static Result<Arena> allocate(const char *name, int64_t bytes,
                                int64_t alignment);
  Arena() = default;
  Arena(Arena &&other) noexcept;
  Arena &operator=(Arena &&other) noexcept;
  ~Arena();

  uint8_t *data() const { return begin; }
  int64_t size() const { return bytes; }

private:
  void *mapping = nullptr;
  int64_t mappedBytes = 0;
  uint8_t *begin = nullptr;
  int64_t bytes = 0;
};

/// Bytes that this process can still take: the machine's available memory or
/// what its control group leaves, whichever is less. -1 when unknown.
int64_t availableMemory();

/// Bytes that a process may lock into memory (ulimit -l), INT64_MAX for any
/// number; -1 when unknown.
int64_t lockedMemoryLimit();

/// The memory that this process holds for itself now, in bytes: what it
/// allocated, without its code and the mapped token files, which the system
/// takes back when it needs the room. -1 when unknown.
int64_t ownResidentBytes();

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_DEVICE_ARENA_H
