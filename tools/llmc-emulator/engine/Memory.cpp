//===- Memory.cpp - Global memory and its shadow --------------------------===//

#include "Memory.h"

#include <algorithm>

#include <sys/mman.h>

namespace llmc::emulator {

// Pages that nobody touches cost nothing, so neither a large allocation nor
// its four times larger shadow does.
static void *map(size_t bytes) {
  void *p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? nullptr : p;
}

static size_t cellBytes(size_t bytes) {
  return (bytes + 15) / 16 * (16 / granuleBytes) * sizeof(Cell);
}

static size_t completeBytes(size_t bytes) { return (bytes + 15) / 16; }

static void unmap(const Allocation &allocation) {
  munmap(allocation.base, allocation.bytes);
  if (allocation.cells)
    munmap(allocation.cells, cellBytes(allocation.bytes));
  if (allocation.complete)
    munmap(allocation.complete, completeBytes(allocation.bytes));
}

Memory::~Memory() {
  for (auto &[base, allocation] : allocations)
    unmap(allocation);
}

void *Memory::allocate(size_t bytes) {
  Allocation allocation;
  allocation.bytes = bytes;
  allocation.base = static_cast<char *>(map(bytes));
  if (!allocation.base)
    return nullptr;
  allocation.cells = static_cast<Cell *>(map(cellBytes(bytes)));
  allocation.complete = static_cast<uint8_t *>(map(completeBytes(bytes)));
  if (!allocation.cells || !allocation.complete) {
    unmap(allocation);
    return nullptr;
  }
  allocations[allocation.base] = allocation;
  total += bytes;
  return allocation.base;
}

bool Memory::release(void *base) {
  auto it = allocations.find(static_cast<char *>(base));
  if (it == allocations.end())
    return false;
  total -= it->second.bytes;
  unmap(it->second);
  allocations.erase(it);
  return true;
}

const Allocation *Memory::find(const void *address, size_t bytes) const {
  const char *p = static_cast<const char *>(address);
  auto it = allocations.upper_bound(p);
  if (it == allocations.begin())
    return nullptr;
  const Allocation &allocation = std::prev(it)->second;
  size_t offset = size_t(p - allocation.base);
  if (offset > allocation.bytes || bytes > allocation.bytes - offset)
    return nullptr;
  return &allocation;
}

void Memory::markWritten(const void *address, size_t bytes) {
  const Allocation *allocation = find(address, bytes);
  if (!allocation || !bytes)
    return;
  size_t offset = size_t(static_cast<const char *>(address) - allocation->base);
  std::fill(allocation->cells + offset / granuleBytes,
            allocation->cells + (offset + bytes - 1) / granuleBytes + 1,
            GlobalCell::writtenBefore);
  size_t first = (offset + 15) / 16, end = (offset + bytes) / 16;
  if (first < end)
    std::fill(allocation->complete + first, allocation->complete + end, 1);
}

unsigned Memory::nextLaunch() {
  if (++launch < 1u << 16)
    return launch;
  // The numbers are used up: what any launch touched counts as written before.
  for (auto &[base, allocation] : allocations) {
    size_t cells = cellBytes(allocation.bytes) / sizeof(Cell);
    for (size_t i = 0; i < cells; ++i)
      if (allocation.cells[i])
        allocation.cells[i] = GlobalCell::writtenBefore;
  }
  return launch = 2;
}

} // namespace llmc::emulator
