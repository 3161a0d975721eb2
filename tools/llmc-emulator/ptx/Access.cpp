//===- Access.cpp - Checked accesses to shared and global memory ----------===//

#include "Block.h"

namespace llmc::emulator::ptx {

static int granulesOf(int bytes) { return (bytes + 1) / granuleBytes; }

/// A report has room for lines up to 65535.
static unsigned shortLine(const Instruction &instruction) {
  return unsigned(instruction.line) & 0xffffu;
}

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

/// The byte of shared memory, or -1 after a failure.
int Block::placeShared(const Warp &warp, int lane,
                       const Instruction &instruction, uint64_t address,
                       int bytes) {
  uint64_t byte = address - sharedBase;
  if (byte > uint64_t(shared.declared) ||
      byte + uint64_t(bytes) > uint64_t(shared.declared)) {
    fail(warp, lane, instruction,
         std::to_string(bytes) + " bytes at " + std::to_string(int64_t(byte)) +
             " are outside the " + std::to_string(shared.declared) +
             " bytes of shared memory that the block has");
    return -1;
  }
  if (byte & uint64_t(bytes - 1)) {
    fail(warp, lane, instruction,
         "byte " + std::to_string(byte) +
             " of shared memory is not aligned "
             "to " +
             std::to_string(bytes));
    return -1;
  }
  return int(byte);
}

/// Whether `step` finds nothing wrong with these bytes; then the access is
/// noted.
template <typename Step>
bool Block::checkShared(const Warp &warp, int lane,
                        const Instruction &instruction, int byte, int bytes,
                        bool writes, Step step) {
  int granule = byte / granuleBytes;
  SharedCell::Verdict verdict = SharedCell::Verdict::Fine;
  int bad = stepCells(&shared.cells[size_t(granule)], granulesOf(bytes),
                      verdict, step);
  if (bad >= 0) {
    fail(warp, lane, instruction,
         describeShared(shared, byte, bytes, granule + bad, verdict, writes));
    return false;
  }
  if (writes)
    shared.noteWrite(granule, granulesOf(bytes), shortLine(instruction));
  else
    shared.noteRead(granule, granulesOf(bytes), shortLine(instruction));
  return true;
}

/// The bytes at an address, or null after a failure.
template <typename Step>
char *Block::accessShared(const Warp &warp, int lane,
                          const Instruction &instruction, uint64_t address,
                          int bytes, bool writes, Step step) {
  int byte = placeShared(warp, lane, instruction, address, bytes);
  if (byte < 0 ||
      !checkShared(warp, lane, instruction, byte, bytes, writes, step))
    return nullptr;
  return shared.data + byte;
}

char *Block::loadShared(const Warp &warp, int lane,
                        const Instruction &instruction, uint64_t address,
                        int bytes) {
  unsigned thread = unsigned(warp.index * 32 + lane);
  bool races = sharedRaces && bytes > 1;
  return accessShared(
      warp, lane, instruction, address, bytes, false,
      [&](Cell &cell) { return SharedCell::read(cell, epoch, thread, races); });
}

char *Block::loadRow(const Warp &warp, int lane, const Instruction &instruction,
                     uint64_t address) {
  return accessShared(warp, lane, instruction, address, 16, false,
                      [&](Cell &cell) {
                        return SharedCell::readByWarp(cell, epoch, sharedRaces);
                      });
}

char *Block::storeShared(const Warp &warp, int lane,
                         const Instruction &instruction, uint64_t address,
                         int bytes) {
  unsigned thread = unsigned(warp.index * 32 + lane);
  bool races = sharedRaces && bytes > 1;
  char *place = accessShared(
      warp, lane, instruction, address, bytes, true, [&](Cell &cell) {
        return SharedCell::wrote(cell, epoch, thread, races,
                                 SharedCell::written);
      });
  if (place)
    shared.sources[size_t(place - shared.data) / 16] = nullptr;
  return place;
}

//===----------------------------------------------------------------------===//
// Global memory
//===----------------------------------------------------------------------===//

/// The allocation of the device that holds the bytes, or null after a failure.
const Allocation *Block::findGlobal(const Warp &warp, int lane,
                                    const Instruction &instruction,
                                    uint64_t address, int bytes,
                                    int alignment) {
  const char *p = reinterpret_cast<const char *>(address);
  if (__builtin_expect(!allocation || p < allocation->base ||
                           p + bytes > allocation->base + allocation->bytes,
                       0)) {
    allocation = launch->memory->find(p, size_t(bytes));
    if (!allocation) {
      char text[32];
      std::snprintf(text, sizeof(text), "0x%llx",
                    static_cast<unsigned long long>(address));
      fail(warp, lane, instruction,
           std::to_string(bytes) + " bytes at " + text +
               " are in no allocation of the device");
      return nullptr;
    }
  }
  if (__builtin_expect(address & uint64_t(alignment - 1), 0)) {
    fail(warp, lane, instruction,
         "byte " + std::to_string(p - allocation->base) +
             " of an allocation is not aligned to " +
             std::to_string(alignment));
    return nullptr;
  }
  return allocation;
}

template <typename Step>
char *Block::checkGlobal(const Warp &warp, int lane,
                         const Instruction &instruction, uint64_t address,
                         int bytes, int alignment, bool writes, Step step) {
  const Allocation *found =
      findGlobal(warp, lane, instruction, address, bytes, alignment);
  if (!found)
    return nullptr;
  char *p = reinterpret_cast<char *>(address);
  Cell *cells = found->cells + (p - found->base) / granuleBytes;
  GlobalCell::Verdict verdict = GlobalCell::Verdict::Fine;
  int bad = stepCells(cells, granulesOf(bytes), verdict, step);
  if (bad < 0)
    return p;
  std::string what =
      "byte " + std::to_string(p - found->base + bad * granuleBytes) +
      " of an allocation of " + std::to_string(found->bytes) + " bytes ";
  fail(warp, lane, instruction,
       describeGlobal(*launch, cells[bad], block, what, verdict, writes));
  return nullptr;
}

char *Block::loadGlobal(const Warp &warp, int lane,
                        const Instruction &instruction, uint64_t address,
                        int bytes, int alignment, bool constant) {
  Cell me = identity | Cell(warp.index * 32 + lane);
  bool races = globalRaces && bytes > 1;
  return checkGlobal(warp, lane, instruction, address, bytes, alignment, false,
                     [&](Cell &cell) {
                       // The cache that .nc reads through does not see stores
                       // of the launch.
                       if (constant && races && (cell & GlobalCell::dirty) &&
                           !((cell ^ me) >> GlobalCell::launchShift))
                         return GlobalCell::Verdict::Race;
                       adoptKnown(cell, me);
                       return GlobalCell::read(cell, me, uninitialized, races);
                     });
}

char *Block::storeGlobal(const Warp &warp, int lane,
                         const Instruction &instruction, uint64_t address,
                         int bytes) {
  Cell me = identity | Cell(warp.index * 32 + lane);
  bool races = globalRaces && bytes > 1;
  return checkGlobal(warp, lane, instruction, address, bytes, bytes, true,
                     [&](Cell &cell) {
                       adoptKnown(cell, me);
                       return GlobalCell::wrote(cell, me, races);
                     });
}

//===----------------------------------------------------------------------===//
// Asynchronous copies
//===----------------------------------------------------------------------===//

void Block::copyAsync(const Warp &warp, int lane,
                      const Instruction &instruction, uint64_t target,
                      uint64_t source, int sourceBytes, int bytes) {
  int byte = placeShared(warp, lane, instruction, target, bytes);
  if (byte < 0)
    return;
  if (sourceBytes < 0 || sourceBytes > bytes) {
    fail(warp, lane, instruction,
         std::to_string(sourceBytes) + " source bytes of a copy of " +
             std::to_string(bytes));
    return;
  }
  AsyncCopy copy{byte, bytes, instruction.line, 0, nullptr, {}};
  if (sourceBytes) {
    const char *p =
        loadGlobal(warp, lane, instruction, source, sourceBytes, bytes, false);
    if (!p)
      return;
    std::memcpy(copy.data, p, size_t(sourceBytes));
  }
  unsigned thread = unsigned(warp.index * 32 + lane);
  if (!checkShared(warp, lane, instruction, byte, bytes, true, [&](Cell &cell) {
        return SharedCell::wrote(cell, epoch, thread, sharedRaces,
                                 SharedCell::inFlight);
      }))
    return;
  counters.copyAsyncBytes += bytes;
  copies[thread].add(copy);
}

void Block::commitCopies(const Warp &warp) {
  for (int lane = 0; lane < 32; ++lane)
    if (warp.active >> lane & 1)
      copies[size_t(warp.index * 32 + lane)].commit();
}

void Block::waitForCopies(const Warp &warp, unsigned groups) {
  for (int lane = 0; lane < 32; ++lane) {
    int thread = warp.index * 32 + lane;
    if (warp.active >> lane & 1)
      copies[size_t(thread)].deliver(groups, shared, epoch, thread);
  }
}

} // namespace llmc::emulator::ptx
