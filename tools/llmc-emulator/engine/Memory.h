//===- Memory.h - Global memory and its shadow ------------------*- C++ -*-===//
//
// Device memory is host memory. Every two bytes have a cell that remembers the
// last access, so that a launch whose threads disturb each other is found
// whatever the order in which they happened to run:
//
//   launch 16 | flags 4 | block 22 | epoch 12 | thread 10
//
// Launch 0: never written. Launch 1: written before, by the host for example.
// The epoch counts the barriers of the block.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_EMULATOR_ENGINE_MEMORY_H
#define LLMC_EMULATOR_ENGINE_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <map>

namespace llmc::emulator {

using Cell = uint64_t;

constexpr int granuleBytes = 2;

/// The cell of a global access, and how accesses of one launch may follow each
/// other.
struct GlobalCell {
  static constexpr Cell threadMask = 0x3ff;
  static constexpr Cell epochMask = Cell(0xfff) << 10;
  static constexpr Cell blockMask = Cell(0x3fffff) << 22;
  static constexpr Cell write = Cell(1) << 44;
  static constexpr Cell dirty = Cell(1) << 45; // the block wrote it before
  static constexpr Cell manyThreads = Cell(1) << 46;
  static constexpr Cell manyBlocks = Cell(1) << 47;
  static constexpr int launchShift = 48;
  static constexpr int maxBlocks = 1 << 22;
  static constexpr Cell writtenBefore = Cell(1) << launchShift;

  static Cell make(unsigned launch, unsigned block, unsigned epoch,
                   unsigned thread) {
    return Cell(launch) << launchShift | Cell(block) << 22 |
           Cell(epoch & 0xfff) << 10 | thread;
  }
  static int thread(Cell c) { return int(c & threadMask); }
  static int block(Cell c) { return int((c & blockMask) >> 22); }

  /// Makes what another block did count as this one's, before its last barrier:
  /// for those that have been told that it is done.
  static void adopt(Cell &cell, Cell me) {
    unsigned before = unsigned((me & epochMask) >> 10) - 1;
    cell = (cell & (write | dirty)) | (me & ~(epochMask | threadMask)) |
           Cell(before & 0xfff) << 10;
  }
  static unsigned epoch(Cell c) { return unsigned((c & epochMask) >> 10); }

  enum class Verdict { Fine, Uninitialized, Race };

  static Verdict read(Cell &cell, Cell me, bool uninitialized, bool races) {
    Cell c = cell, difference = c ^ me;
    if (difference >> launchShift) {
      if (!(c >> launchShift)) {
        if (uninitialized)
          return Verdict::Uninitialized;
        return Verdict::Fine;
      }
      cell = me;
      return Verdict::Fine;
    }
    if (!difference || (c & manyBlocks) || !races)
      return Verdict::Fine;
    if (difference & blockMask) {
      if (c & dirty)
        return Verdict::Race;
      cell = c | manyBlocks;
      return Verdict::Fine;
    }
    bool sameEpoch = !(difference & epochMask);
    bool sameThread = !(difference & threadMask);
    if (c & write) {
      if (sameEpoch)
        return sameThread ? Verdict::Fine : Verdict::Race;
      cell = me | dirty;
    } else if (!sameEpoch) {
      cell = me | (c & dirty);
    } else if (!sameThread) {
      cell = c | manyThreads;
    }
    return Verdict::Fine;
  }

  static Verdict wrote(Cell &cell, Cell me, bool races) {
    Cell c = cell, difference = c ^ me;
    if (!(difference >> launchShift) && races) {
      if ((c & manyBlocks) || (difference & blockMask))
        return Verdict::Race;
      if (!(difference & epochMask) &&
          ((difference & threadMask) || (c & manyThreads)))
        return Verdict::Race;
    }
    cell = me | write | dirty;
    return Verdict::Fine;
  }
};

struct Allocation {
  char *base = nullptr;
  size_t bytes = 0;
  Cell *cells = nullptr; // [bytes / granuleBytes]
  /// Per 16 bytes: 1 once all of them are known to be written. Spares most
  /// loads the look at the cells.
  uint8_t *complete = nullptr;
};

/// The device's allocations. Not thread-safe: the driver holds its lock.
class Memory {
public:
  Memory() = default;
  Memory(const Memory &) = delete;
  ~Memory();

  /// Null if the host has no more. 256-byte aligned, never written.
  void *allocate(size_t bytes);
  /// False if `base` is not what allocate returned.
  bool release(void *base);
  /// The allocation that holds [address, address + bytes), or null.
  const Allocation *find(const void *address, size_t bytes) const;
  /// The host wrote or copied into a range of one allocation.
  void markWritten(const void *address, size_t bytes);
  size_t allocated() const { return total; }
  /// The number of a new launch.
  unsigned nextLaunch();

private:
  std::map<const char *, Allocation> allocations;
  size_t total = 0;
  unsigned launch = 1;
};

} // namespace llmc::emulator

#endif // LLMC_EMULATOR_ENGINE_MEMORY_H
