//===- Counters.h - what kernels did, as hardware counts it -----*- C++ -*-===//
//
// Lanes run one after another, so each logs its accesses; where the warp meets
// (and at the block's end) the logs are merged: the n-th access of a line by
// every lane is one access of the warp. From that follow the wavefronts of
// shared memory and the sectors of global memory.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_EMULATOR_ENGINE_COUNTERS_H
#define LLMC_EMULATOR_ENGINE_COUNTERS_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace llmc::emulator {

enum class Access : uint8_t {
  LoadShared,
  StoreShared,
  CopyAsyncShared,
  Ldmatrix,
  LoadGlobal,
  StoreGlobal,
  CopyAsyncGlobal,
};
inline const char *accessName(Access access) {
  constexpr const char *names[] = {
      "load_shared", "store_shared", "cp_async", "ldmatrix",
      "load_global", "store_global", "cp_async"};
  return names[int(access)];
}

/// One lane's access. `site` is makeSite's.
struct LogEntry {
  uint64_t address;
  uint32_t site;
};

inline uint32_t makeSite(Access access, int bytes, int line) {
  return uint32_t(line) << 8 | uint32_t(access) << 5 | uint32_t(bytes);
}

struct LineCounters {
  int64_t accesses = 0;     // of warps
  int64_t wavefronts = 0;   // shared: passes over the banks
  int64_t conflicts = 0;    // shared: wavefronts beyond the least
  int64_t sectors = 0;      // global: 32-byte sectors touched
  int64_t leastSectors = 0; // global: what the distinct bytes would fill
};

struct Counters {
  int64_t launches = 0, blocks = 0, mma = 0, ldmatrix = 0, shuffles = 0;
  int64_t barriers = 0;       // per block
  int64_t copyAsyncBytes = 0; // written to shared memory, zeros included
  int64_t laneAccesses = 0;   // of all memory, by single threads
  std::map<uint32_t, LineCounters> lines; // by site

  void add(const Counters &other);
  int64_t conflicts() const;
  int64_t sectors(bool stores) const;
  int64_t redundantSectors(bool stores) const;
  int64_t redundantSectors() const {
    return redundantSectors(false) + redundantSectors(true);
  }
};

/// Merges the logs of a warp's 32 lanes into `counters` and empties them.
void mergeLogs(std::vector<LogEntry> *const logs[32], Counters &counters);
/// One access of a warp: `mask` says which lanes take part.
void countAccess(uint32_t site, const uint64_t *addresses, uint32_t mask,
                 LineCounters &counters);

/// The JSON document of all kernels.
std::string toJson(const std::map<std::string, Counters> &kernels);

} // namespace llmc::emulator

#endif // LLMC_EMULATOR_ENGINE_COUNTERS_H
