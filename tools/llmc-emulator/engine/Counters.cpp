//===- Counters.cpp - What kernels did, as hardware would count it --------===//

#include "Counters.h"

#include <algorithm>
#include <unordered_map>

namespace llmc::emulator {

static Access siteAccess(uint32_t site) { return Access(site >> 5 & 7); }
static int siteBytes(uint32_t site) { return int(site & 31); }
static int siteLine(uint32_t site) { return int(site >> 8); }
static bool isShared(Access access) { return access <= Access::Ldmatrix; }

//===----------------------------------------------------------------------===//
// Counting one access of a warp
//===----------------------------------------------------------------------===//

// There are 32 banks of 4 bytes. Lanes of up to 4 bytes are served together,
// of 8 bytes by halves of a warp, of 16 bytes by quarters. A pass serves any
// number of lanes that want the same word and one word of each bank.
static void countShared(int bytes, const uint64_t *addresses, uint32_t mask,
                        LineCounters &counters) {
  int unit = std::max(bytes, 4);
  int together = 128 / unit; // lanes of a pass, and groups of banks
  for (int begin = 0; begin < 32; begin += together) {
    uint64_t words[32][32];
    uint8_t depth[32] = {};
    int deepest = 0;
    for (int lane = begin; lane < begin + together; ++lane) {
      if (!(mask >> lane & 1))
        continue;
      uint64_t word = addresses[lane] / unsigned(unit);
      int bank = int(word) & (together - 1);
      bool known = false;
      for (int i = 0; i < depth[bank] && !known; ++i)
        known = words[bank][i] == word;
      if (known)
        continue;
      words[bank][depth[bank]++] = word;
      deepest = std::max<int>(deepest, depth[bank]);
    }
    counters.wavefronts += deepest;
    if (deepest)
      counters.conflicts += deepest - 1;
  }
}

static void countGlobal(int bytes, const uint64_t *addresses, uint32_t mask,
                        LineCounters &counters) {
  uint64_t sectors[32];
  uint32_t touched[32];
  int count = 0;
  for (int lane = 0; lane < 32; ++lane) {
    if (!(mask >> lane & 1))
      continue;
    uint64_t sector = addresses[lane] >> 5;
    uint32_t part = ((1u << bytes) - 1) << (addresses[lane] & 31);
    int i = count - 1; // the neighbour's is the likeliest
    while (i >= 0 && sectors[i] != sector)
      --i;
    if (i < 0) {
      i = count++;
      sectors[i] = sector;
      touched[i] = 0;
    }
    touched[i] |= part;
  }
  int distinct = 0;
  for (int i = 0; i < count; ++i)
    distinct += __builtin_popcount(touched[i]);
  counters.sectors += count;
  counters.leastSectors += (distinct + 31) / 32;
}

void countAccess(uint32_t site, const uint64_t *addresses, uint32_t mask,
                 LineCounters &counters) {
  ++counters.accesses;
  if (isShared(siteAccess(site)))
    countShared(siteBytes(site), addresses, mask, counters);
  else
    countGlobal(siteBytes(site), addresses, mask, counters);
}

//===----------------------------------------------------------------------===//
// Merging the logs of lanes
//===----------------------------------------------------------------------===//

static bool isUniform(std::vector<LogEntry> *const logs[32]) {
  size_t size = logs[0]->size();
  for (int lane = 1; lane < 32; ++lane)
    if (logs[lane]->size() != size)
      return false;
  for (size_t i = 0; i < size; ++i)
    for (int lane = 1; lane < 32; ++lane)
      if ((*logs[lane])[i].site != (*logs[0])[i].site)
        return false;
  return true;
}

void mergeLogs(std::vector<LogEntry> *const logs[32], Counters &counters) {
  struct Group {
    uint32_t site, mask;
    uint64_t addresses[32];
  };
  for (int lane = 0; lane < 32; ++lane)
    counters.laneAccesses += int64_t(logs[lane]->size());
  if (isUniform(logs)) {
    uint32_t last = 0;
    LineCounters *line = nullptr;
    for (size_t i = 0; i < logs[0]->size(); ++i) {
      uint64_t addresses[32];
      for (int lane = 0; lane < 32; ++lane)
        addresses[lane] = (*logs[lane])[i].address;
      uint32_t site = (*logs[0])[i].site;
      if (!line || site != last)
        line = &counters.lines[site];
      last = site;
      countAccess(site, addresses, ~0u, *line);
    }
  } else {
    // Lanes went different ways: the n-th access of a site goes with the n-th
    // of the others that came there.
    std::unordered_map<uint64_t, size_t> index;
    std::vector<Group> groups;
    for (int lane = 0; lane < 32; ++lane) {
      std::unordered_map<uint32_t, uint32_t> occurrences;
      for (const LogEntry &entry : *logs[lane]) {
        uint64_t key = uint64_t(entry.site) << 32 | occurrences[entry.site]++;
        auto [it, isNew] = index.try_emplace(key, groups.size());
        if (isNew)
          groups.push_back({entry.site, 0, {}});
        Group &group = groups[it->second];
        group.mask |= 1u << lane;
        group.addresses[lane] = entry.address;
      }
    }
    for (const Group &group : groups)
      countAccess(group.site, group.addresses, group.mask,
                  counters.lines[group.site]);
  }
  for (int lane = 0; lane < 32; ++lane)
    logs[lane]->clear();
}

//===----------------------------------------------------------------------===//
// Sums and the report
//===----------------------------------------------------------------------===//

void Counters::add(const Counters &other) {
  launches += other.launches;
  blocks += other.blocks;
  mma += other.mma;
  ldmatrix += other.ldmatrix;
  shuffles += other.shuffles;
  barriers += other.barriers;
  copyAsyncBytes += other.copyAsyncBytes;
  laneAccesses += other.laneAccesses;
  for (const auto &[site, line] : other.lines) {
    LineCounters &sum = lines[site];
    sum.accesses += line.accesses;
    sum.wavefronts += line.wavefronts;
    sum.conflicts += line.conflicts;
    sum.sectors += line.sectors;
    sum.leastSectors += line.leastSectors;
  }
}

int64_t Counters::conflicts() const {
  int64_t sum = 0;
  for (const auto &[site, line] : lines)
    sum += line.conflicts;
  return sum;
}

int64_t Counters::sectors(bool stores) const {
  int64_t sum = 0;
  for (const auto &[site, line] : lines)
    if ((siteAccess(site) == Access::StoreGlobal) == stores)
      sum += line.sectors;
  return sum;
}

int64_t Counters::redundantSectors(bool stores) const {
  int64_t sum = 0;
  for (const auto &[site, line] : lines)
    if ((siteAccess(site) == Access::StoreGlobal) == stores)
      sum += line.sectors - line.leastSectors;
  return sum;
}

static std::string field(const char *name, int64_t value) {
  return std::string("\"") + name + "\": " + std::to_string(value);
}

static std::string lineToJson(uint32_t site, const LineCounters &line) {
  Access access = siteAccess(site);
  std::string text = "{" + field("line", siteLine(site)) +
                     ", \"intrinsic\": \"" + accessName(access) +
                     "\", \"memory\": \"" +
                     (isShared(access) ? "shared" : "global") + "\", " +
                     field("bytes", siteBytes(site)) + ", " +
                     field("warp_accesses", line.accesses) + ", ";
  if (isShared(access))
    return text + field("wavefronts", line.wavefronts) + ", " +
           field("bank_conflicts", line.conflicts) + "}";
  return text + field("sectors", line.sectors) + ", " +
         field("redundant_sectors", line.sectors - line.leastSectors) + "}";
}

std::string toJson(const std::map<std::string, Counters> &kernels) {
  std::string text = "{\"kernels\": [";
  const char *separator = "\n";
  for (const auto &[name, c] : kernels) {
    text += separator + std::string("  {\"name\": \"") + name + "\"";
    separator = ",\n";
    for (const std::string &part :
         {field("launches", c.launches), field("blocks", c.blocks),
          field("mma", c.mma), field("ldmatrix", c.ldmatrix),
          field("shuffles", c.shuffles), field("barriers", c.barriers),
          field("cp_async_bytes", c.copyAsyncBytes),
          field("lane_accesses", c.laneAccesses),
          field("bank_conflicts", c.conflicts()),
          field("global_load_sectors", c.sectors(false)),
          field("redundant_load_sectors", c.redundantSectors(false)),
          field("global_store_sectors", c.sectors(true)),
          field("redundant_store_sectors", c.redundantSectors(true))})
      text += ", " + part;
    text += ",\n   \"lines\": [";
    const char *comma = "\n    ";
    for (const auto &[site, line] : c.lines) {
      text += comma + lineToJson(site, line);
      comma = ",\n    ";
    }
    text += "]}";
  }
  return text + "]}\n";
}

} // namespace llmc::emulator
