//===- Arena.cpp - one aligned block of memory, taken once ----------------===//

#include "device/Arena.h"

#include "core/Console.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>

// Kernels that the compiler made are not instrumented. For their sake an arena
// ends, in a build with the address sanitizer, where memory ends: what runs
// over it by a vector or more is a fault.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LLMC_GUARD_ARENAS 1
#endif
#endif

namespace llmc::runtime {

Result<Arena> Arena::allocate(const char *name, int64_t bytes,
                              int64_t alignment) {
  constexpr int64_t pageBytes = 4096;
  constexpr int64_t hugePageBytes = int64_t(2) << 20;
  // Huge pages save table walks. Only those that are used whole, so that the
  // program takes no more memory than it says.
  const int64_t hugeBytes = bytes / hugePageBytes * hugePageBytes;
  [[maybe_unused]] const int64_t wanted = alignment;
  alignment = std::max(alignment, hugeBytes ? hugePageBytes : pageBytes);

  Arena arena;
  if (bytes == 0)
    return arena;
  arena.mappedBytes = bytes + alignment - pageBytes;
#ifdef LLMC_GUARD_ARENAS
  const int64_t usable =
      (bytes + wanted + pageBytes - 1) / pageBytes * pageBytes;
  arena.mappedBytes = usable + pageBytes;
#endif
  void *mapped = ::mmap(nullptr, static_cast<size_t>(arena.mappedBytes),
                        PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED)
    return Status::error("cannot allocate {} for the {} arena: {}; stop other "
                         "programs, or compile with a smaller --batch",
                         formatBytes(bytes), name, std::strerror(errno));
  arena.mapping = mapped;
  auto address = reinterpret_cast<uintptr_t>(mapped);
  auto mask = static_cast<uintptr_t>(alignment - 1);
  arena.begin = reinterpret_cast<uint8_t *>((address + mask) & ~mask);
#ifdef LLMC_GUARD_ARENAS
  mask = static_cast<uintptr_t>(wanted - 1);
  arena.begin = reinterpret_cast<uint8_t *>(
      (address + static_cast<uintptr_t>(usable - bytes)) & ~mask);
  if (::mprotect(static_cast<uint8_t *>(mapped) + usable, pageBytes,
                 PROT_NONE) != 0)
    return Status::error("cannot guard the {} arena: {}", name,
                         std::strerror(errno));
#endif
  arena.bytes = bytes;
  if (hugeBytes)
    ::madvise(arena.begin, static_cast<size_t>(hugeBytes), MADV_HUGEPAGE);
  for (int64_t page = 0; page < bytes; page += pageBytes)
    static_cast<volatile uint8_t *>(arena.begin)[page] = 0;
  return arena;
}

Arena::Arena(Arena &&other) noexcept { *this = std::move(other); }

Arena &Arena::operator=(Arena &&other) noexcept {
  std::swap(mapping, other.mapping);
  std::swap(mappedBytes, other.mappedBytes);
  std::swap(begin, other.begin);
  std::swap(bytes, other.bytes);
  return *this;
}

Arena::~Arena() {
  if (mapping)
    ::munmap(mapping, static_cast<size_t>(mappedBytes));
}

int64_t lockedMemoryLimit() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
    return -1;
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<int64_t>::max()
                                         : static_cast<int64_t>(limit.rlim_cur);
}

int64_t availableMemory() {
  int64_t available = -1;
  std::ifstream info("/proc/meminfo");
  for (std::string key; info >> key;) {
    int64_t kibibytes = 0;
    if (key == "MemAvailable:" && info >> kibibytes)
      available = kibibytes * 1024;
    info.ignore(256, '\n');
  }
  int64_t limit = 0, used = 0;
  std::ifstream maxFile("/sys/fs/cgroup/memory.max");
  std::ifstream usedFile("/sys/fs/cgroup/memory.current");
  if (maxFile >> limit && usedFile >> used) {
    int64_t left = std::max<int64_t>(0, limit - used);
    available = available < 0 ? left : std::min(available, left);
  }
  return available;
}

int64_t ownResidentBytes() {
  std::ifstream status("/proc/self/status");
  std::string key;
  int64_t kibibytes = 0;
  while (status >> key) {
    if (key == "RssAnon:" && status >> kibibytes)
      return kibibytes * 1024;
    status.ignore(256, '\n');
  }
  return -1;
}

} // namespace llmc::runtime
