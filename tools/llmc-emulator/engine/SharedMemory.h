//===- SharedMemory.h - A block's shared memory and its shadow --*- C++ -*-===//
//
// Every two bytes have a cell:
//
//   in flight 1 | written 1 | many readers 1 | read epoch 19 | reader 10 |
//   write epoch 19 | writer 10
//
// and beside it the source lines of the last write and the last read. A
// barrier begins a new epoch; what happened in an older one is ordered before
// everything in this one.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_EMULATOR_ENGINE_SHAREDMEMORY_H
#define LLMC_EMULATOR_ENGINE_SHAREDMEMORY_H

#include "Memory.h"

#include <algorithm>
#include <string>
#include <vector>

namespace llmc::emulator {

struct SharedCell {
  static constexpr unsigned maxEpoch = (1u << 19) - 1;
  static constexpr Cell many = Cell(1) << 58;
  static constexpr Cell written = Cell(1) << 59;
  static constexpr Cell inFlight = Cell(1) << 60;
  static constexpr Cell readMask = ((Cell(1) << 30) - 1) << 29; // with many

  static int writer(Cell c) { return int(c & 0x3ff); }
  static unsigned writeEpoch(Cell c) { return unsigned(c >> 10) & maxEpoch; }
  static int reader(Cell c) { return int(c >> 29) & 0x3ff; }
  static unsigned readEpoch(Cell c) { return unsigned(c >> 39) & maxEpoch; }

  enum class Verdict {
    Fine,
    Uninitialized,
    InFlight,
    AfterWrite, // another thread wrote in this epoch
    AfterRead   // another thread read in this epoch
  };

  static Verdict read(Cell &cell, unsigned epoch, unsigned thread, bool races) {
    Cell c = cell;
    if ((c & (inFlight | written)) != written)
      return c & inFlight ? Verdict::InFlight : Verdict::Uninitialized;
    if (races && writeEpoch(c) == epoch && unsigned(writer(c)) != thread)
      return Verdict::AfterWrite;
    if (readEpoch(c) != epoch)
      cell = (c & ~readMask) | Cell(thread) << 29 | Cell(epoch) << 39;
    else if (unsigned(reader(c)) != thread)
      cell = c | many;
    return Verdict::Fine;
  }

  /// A read whose data go to the whole warp.
  static Verdict readByWarp(Cell &cell, unsigned epoch, bool races) {
    Cell c = cell;
    if ((c & (inFlight | written)) != written)
      return c & inFlight ? Verdict::InFlight : Verdict::Uninitialized;
    if (races && writeEpoch(c) == epoch)
      return Verdict::AfterWrite;
    cell = (c & ~readMask) | Cell(epoch) << 39 | many;
    return Verdict::Fine;
  }

  static Verdict wrote(Cell &cell, unsigned epoch, unsigned thread, bool races,
                       Cell flag) {
    Cell c = cell;
    if (c & inFlight)
      return Verdict::InFlight;
    if (races && writeEpoch(c) == epoch && unsigned(writer(c)) != thread)
      return Verdict::AfterWrite;
    if (races && readEpoch(c) == epoch &&
        ((c & many) || unsigned(reader(c)) != thread))
      return Verdict::AfterRead;
    cell = (c & readMask) | flag | Cell(epoch) << 10 | thread;
    return Verdict::Fine;
  }
};

struct SharedMemory {
  std::vector<char> storage;
  char *data = nullptr; // 128-byte aligned, as the banks are
  std::vector<Cell> cells;
  std::vector<unsigned> lines; // last write | last read << 16
  /// Of each 16 bytes that one cp_async brought and nobody changed since:
  /// where they are in global memory. Of bytes that nobody wrote in this block
  /// it says nothing.
  std::vector<const char *> sources;
  int launched = 0; // bytes that the launch asked for
  int declared = 0; // bytes that the kernel's text says

  /// A new block: every byte is poison. `bytes` as launched.
  void reset(int bytes) {
    size_t granules = size_t(bytes + 1) / granuleBytes;
    if (storage.size() < size_t(bytes) + 128) {
      storage.resize(size_t(bytes) + 128);
      uintptr_t p = reinterpret_cast<uintptr_t>(storage.data());
      data = reinterpret_cast<char *>((p + 127) & ~uintptr_t(127));
      cells.resize(granules);
      lines.resize(granules);
      sources.resize(size_t(bytes + 15) / 16);
    }
    std::fill(data, data + bytes, char(0xff)); // a NaN in every type
    std::fill(cells.begin(), cells.begin() + granules, 0);
    launched = bytes;
    declared = 0;
  }

  /// The epochs' numbers are used up: all accesses become old ones.
  void renumber() {
    constexpr Cell epochs =
        Cell(SharedCell::maxEpoch) << 10 | Cell(SharedCell::maxEpoch) << 39;
    for (Cell &cell : cells)
      cell &= ~epochs;
  }

  int writeLine(int granule) const { return int(lines[granule] & 0xffff); }
  int readLine(int granule) const { return int(lines[granule] >> 16); }
  void noteWrite(int granule, int count, unsigned line) {
    if (writeLine(granule) == int(line) &&
        writeLine(granule + count - 1) == int(line))
      return; // as good as certainly those between, too
    for (int i = 0; i < count; ++i)
      lines[granule + i] = (lines[granule + i] & 0xffff0000u) | line;
  }
  void noteRead(int granule, int count, unsigned line) {
    if (readLine(granule) == int(line) &&
        readLine(granule + count - 1) == int(line))
      return;
    for (int i = 0; i < count; ++i)
      lines[granule + i] = (lines[granule + i] & 0xffffu) | line << 16;
  }
};

/// What a failed check of shared memory says, of the cell `granule`.
std::string describeShared(const SharedMemory &shared, int byte, int bytes,
                           int granule, SharedCell::Verdict verdict,
                           bool writes);

/// Bytes that a cp_async has read and not yet delivered.
struct AsyncCopy {
  int byte, bytes, line;
  unsigned group;     // AsyncCopies says which
  const char *source; // null if they are zeros
  char data[16];
};

/// One thread's copies in flight.
class AsyncCopies {
public:
  void reset() {
    copies.clear();
    done = 0;
    committed = 0;
  }
  void add(AsyncCopy copy) {
    copy.group = committed;
    copies.push_back(copy);
  }
  void commit() { ++committed; }
  /// Brings what all but the newest `groups` groups hold.
  void deliver(unsigned groups, SharedMemory &shared, unsigned epoch,
               int thread);

private:
  std::vector<AsyncCopy> copies; // in flight: [done, copies.size())
  size_t done = 0;
  unsigned committed = 0;
};

/// Applies `step(cell)` to the cells of one access. They are nearly always
/// equal, and then one evaluation does. Returns the index of the first cell
/// whose verdict is not Fine, or -1.
template <int count, typename Verdict, typename Step>
inline int stepCellsOf(Cell *cells, Verdict &verdict, Step &step) {
  Cell first = cells[0], different = 0;
  for (int i = 1; i < count; ++i)
    different |= cells[i] ^ first;
  if (__builtin_expect(!different, 1)) {
    Cell next = first;
    verdict = step(next);
    if (__builtin_expect(verdict != Verdict::Fine, 0))
      return 0;
    if (next != first)
      for (int i = 0; i < count; ++i)
        cells[i] = next;
    return -1;
  }
  for (int i = 0; i < count; ++i)
    if ((verdict = step(cells[i])) != Verdict::Fine)
      return i;
  return -1;
}

template <typename Verdict, typename Step>
inline int stepCells(Cell *cells, int count, Verdict &verdict, Step step) {
  switch (count) {
  case 1:
    return stepCellsOf<1>(cells, verdict, step);
  case 2:
    return stepCellsOf<2>(cells, verdict, step);
  case 4:
    return stepCellsOf<4>(cells, verdict, step);
  case 8:
    return stepCellsOf<8>(cells, verdict, step);
  }
  // A copy of which a part is read.
  for (int i = 0; i < count; ++i)
    if (stepCellsOf<1>(cells + i, verdict, step) == 0)
      return i;
  return -1;
}

} // namespace llmc::emulator

#endif // LLMC_EMULATOR_ENGINE_SHAREDMEMORY_H
