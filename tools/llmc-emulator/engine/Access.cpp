//===- Access.cpp - Checked accesses to shared and global memory ----------===//

#include "Worker.h"

#include <algorithm>
#include <cstring>

namespace llmc::emulator {

int Worker::coordinate(int which) const {
  switch (which) {
  case 0:
    return current->index;
  case 1:
    return int(block % launch->grid[0]);
  case 2:
    return int(block / launch->grid[0] % launch->grid[1]);
  default:
    return int(block / launch->grid[0] / launch->grid[1]);
  }
}

// A single byte shares its cell with a neighbour that may be another thread's,
// so accesses of one byte take no part in the search for races.
static int granulesOf(int bytes) { return (bytes + 1) / granuleBytes; }

//===----------------------------------------------------------------------===//
// Declarations
//===----------------------------------------------------------------------===//

void Worker::declareShared(int bytes, int line) {
  if (bytes > launch->sharedBytes)
    fail(*current, "LLMC_SHARED", line,
         "the kernel uses " + std::to_string(bytes) +
             " bytes of shared memory, the launch gave it " +
             std::to_string(launch->sharedBytes));
  shared.declared = bytes;
}

void Worker::declareArgument(const char *name, const void *base,
                             int64_t elements, int elementBytes, bool writable,
                             int line) {
  // One thread speaks for the whole launch.
  if (argumentsKnown)
    return;
  if (!registrar)
    registrar = current;
  else if (registrar != current)
    return;
  size_t number = TaggedPointer::argument(base);
  if (number >= arguments.size())
    fail(*current, "LLMC_ARGUMENT", line,
         std::string("'") + name + "' is not an argument of the kernel");
  size_t bytes = size_t(elements) * size_t(elementBytes);
  Argument made;
  made.name = name;
  made.begin = TaggedPointer::address(base);
  made.end = made.begin + bytes;
  made.allocation = launch->memory->find(made.begin, bytes);
  made.elementBytes = elementBytes;
  made.writable = made.mayRace = writable;
  if (!made.allocation)
    fail(*current, "LLMC_ARGUMENT", line,
         std::string("argument '") + name + "' of " + std::to_string(elements) +
             " elements of " + std::to_string(elementBytes) +
             " bytes does not lie within one allocation of the device");
  for (Argument &other : arguments)
    if (other.begin < made.end && made.begin < other.end) {
      other.mayRace |= writable;
      made.mayRace |= other.writable;
    }
  arguments[number] = made;
}

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

// Lines beyond 16 bits are rare enough to be told wrong.
static unsigned shortLine(int line) { return unsigned(line) & 0xffffu; }

char *Worker::loadShared(int byte, int bytes, int line) {
  if (switchAtAccesses)
    maybeSwitch();
  checkShared("load_shared", byte, bytes, line);
  int granule = byte / granuleBytes, count = granulesOf(bytes);
  SharedVerdict verdict = SharedVerdict::Fine;
  unsigned thread = unsigned(current->index);
  bool races = sharedRaces && bytes > 1;
  int bad = stepCells(&shared.cells[granule], count, verdict, [&](Cell &cell) {
    return SharedCell::read(cell, epoch, thread, races);
  });
  if (bad >= 0)
    failShared("load_shared", line, byte, bytes, granule + bad, verdict, false);
  shared.noteRead(granule, count, shortLine(line));
  note(Access::LoadShared, uint64_t(byte), bytes, line);
  return shared.data + byte;
}

void Worker::writeShared(const char *intrinsic, int byte, int bytes, int line,
                         Cell state) {
  int granule = byte / granuleBytes, count = granulesOf(bytes);
  SharedVerdict verdict = SharedVerdict::Fine;
  unsigned thread = unsigned(current->index);
  bool races = sharedRaces && bytes > 1;
  int bad = stepCells(&shared.cells[granule], count, verdict, [&](Cell &cell) {
    return SharedCell::wrote(cell, epoch, thread, races, state);
  });
  if (bad >= 0)
    failShared(intrinsic, line, byte, bytes, granule + bad, verdict, true);
  shared.noteWrite(granule, count, shortLine(line));
}

char *Worker::storeShared(int byte, int bytes, int line) {
  if (switchAtAccesses)
    maybeSwitch();
  checkShared("store_shared", byte, bytes, line);
  writeShared("store_shared", byte, bytes, line, SharedCell::written);
  shared.sources[byte / 16] = nullptr;
  note(Access::StoreShared, uint64_t(byte), bytes, line);
  return shared.data + byte;
}

//===----------------------------------------------------------------------===//
// Global memory
//===----------------------------------------------------------------------===//

static bool isAligned(const void *p, int bytes) {
  return (reinterpret_cast<uintptr_t>(p) & uintptr_t(bytes - 1)) == 0;
}

static Cell *cellsOf(const Argument &argument, const char *p) {
  return argument.allocation->cells +
         (p - argument.allocation->base) / granuleBytes;
}

void Worker::checkWritten(const Argument &argument, const char *p, int bytes,
                          int line, Access access) {
  Cell *cells = cellsOf(argument, p);
  for (int i = 0; i < granulesOf(bytes); ++i)
    if (!cells[i])
      failGlobal(accessName(access), line, p, bytes, argument, i,
                 GlobalCell::Verdict::Uninitialized, false);
  // What is not complete yet may have become so by small stores.
  size_t line16 = size_t(p - argument.allocation->base) / 16;
  const Cell *all = argument.allocation->cells + line16 * (16 / granuleBytes);
  if (std::all_of(all, all + 16 / granuleBytes, [](Cell c) { return c; }))
    argument.allocation->complete[line16] = 1;
}

void Worker::checkAligned(const Argument &argument, const char *p, int bytes,
                          int line, Access access) {
  if (!isAligned(p, bytes))
    fail(*current, accessName(access), line,
         "byte " + std::to_string(p - argument.begin) + " of argument '" +
             argument.name + "' is not aligned to " + std::to_string(bytes));
}

template <typename Step>
void Worker::stepGlobal(const Argument &argument, const char *p, int bytes,
                        int line, Access access, Step step) {
  Cell me = identity | Cell(current->index);
  GlobalCell::Verdict verdict = GlobalCell::Verdict::Fine;
  int bad = stepCells(cellsOf(argument, p), granulesOf(bytes), verdict,
                      [&](Cell &cell) {
                        adoptKnown(cell, me);
                        return step(cell, me);
                      });
  if (bad >= 0)
    failGlobal(accessName(access), line, p, bytes, argument, bad, verdict,
               access == Access::StoreGlobal);
}

char *Worker::loadGlobal(const void *source, int bytes, int line,
                         Access access) {
  const Argument &argument =
      findArgument(accessName(access), source, bytes, false, line);
  char *p = TaggedPointer::address(source);
  if (access == Access::LoadGlobal)
    checkAligned(argument, p, bytes, line, access);
  if (!argument.mayRace) {
    // Nobody writes here in this launch: there is nothing to remember.
    size_t line16 = size_t(p - argument.allocation->base) / 16;
    if (uninitialized && !argument.allocation->complete[line16])
      checkWritten(argument, p, bytes, line, access);
  } else if (uninitialized || globalRaces) {
    bool races = globalRaces && bytes > 1;
    stepGlobal(argument, p, bytes, line, access, [&](Cell &cell, Cell me) {
      return GlobalCell::read(cell, me, uninitialized, races);
    });
  }
  note(access, reinterpret_cast<uintptr_t>(p), bytes, line);
  return p;
}

char *Worker::storeGlobal(void *target, int bytes, int line) {
  const Access access = Access::StoreGlobal;
  const Argument &argument =
      findArgument(accessName(access), target, bytes, true, line);
  char *p = TaggedPointer::address(target);
  checkAligned(argument, p, bytes, line, access);
  bool races = globalRaces && bytes > 1;
  stepGlobal(argument, p, bytes, line, access, [&](Cell &cell, Cell me) {
    return GlobalCell::wrote(cell, me, races);
  });
  note(access, reinterpret_cast<uintptr_t>(p), bytes, line);
  return p;
}

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

void Worker::copyAsync(int byte, const void *source, int sourceBytes, int bytes,
                       int line) {
  if (switchAtAccesses)
    maybeSwitch();
  checkShared("cp_async", byte, bytes, line);
  if (sourceBytes < 0 || sourceBytes > bytes)
    fail(*current, "cp_async", line,
         std::to_string(sourceBytes) + " source bytes of a copy of " +
             std::to_string(bytes));
  AsyncCopy copy{byte, bytes, line, 0, nullptr, {}};
  if (sourceBytes > 0) {
    if (!isAligned(source, bytes))
      fail(*current, "cp_async", line,
           "the source is not aligned to " + std::to_string(bytes));
    copy.source =
        loadGlobal(source, sourceBytes, line, Access::CopyAsyncGlobal);
    std::memcpy(copy.data, copy.source, size_t(sourceBytes));
  }
  writeShared("cp_async", byte, bytes, line, SharedCell::inFlight);
  note(Access::CopyAsyncShared, uint64_t(byte), bytes, line);
  counters.copyAsyncBytes += bytes;
  current->copies.add(copy);
}

void Worker::copyAsyncCommit() { current->copies.commit(); }

void Worker::copyAsyncWait(int groups, int line) {
  if (groups < 0)
    fail(*current, "cp_async_wait", line, "a negative number of groups");
  current->copies.deliver(unsigned(groups), shared, epoch, current->index);
}

} // namespace llmc::emulator
