//===- SharedMemory.cpp - Copies on their way to shared memory ------------===//

#include "SharedMemory.h"

#include <cstring>

namespace llmc::emulator {

void AsyncCopies::deliver(unsigned groups, SharedMemory &shared, unsigned epoch,
                          int thread) {
  Cell stamp = SharedCell::written | Cell(epoch) << 10 | Cell(thread);
  while (done < copies.size()) {
    const AsyncCopy &copy = copies[done];
    if (copy.group + groups >= committed)
      break;
    std::memcpy(shared.data + copy.byte, copy.data, size_t(copy.bytes));
    Cell *cells = &shared.cells[size_t(copy.byte / granuleBytes)];
    // Nobody else got near these bytes while they were in flight. To the
    // others they are written now: a barrier has to follow.
    for (int i = 0; i < copy.bytes / granuleBytes; ++i)
      cells[i] = stamp;
    shared.sources[size_t(copy.byte / 16)] =
        copy.bytes == 16 ? copy.source : nullptr;
    ++done;
  }
  if (done == copies.size()) {
    copies.clear();
    done = 0;
  } else if (done > 256) {
    copies.erase(copies.begin(), copies.begin() + long(done));
    done = 0;
  }
}

} // namespace llmc::emulator
