//===- Checksum.h - a 64-bit checksum of a stream of bytes ----------------===//
//
// Detects damaged and truncated files; it is no protection against intent.
// Four independent multiply-and-rotate lanes over 32-byte blocks run at memory
// speed; the length is mixed in at the end. The result depends on the bytes
// alone, not on how they were cut into calls.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_CORE_CHECKSUM_H
#define LLMC_RUNTIME_CORE_CHECKSUM_H

#include "core/Rng.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace llmc::runtime {

class Checksum {
public:
  void add(const void *data, size_t bytes) {
    const auto *next = static_cast<const uint8_t *>(data);
    length += bytes;
    if (pendingBytes) {
      size_t taken =
          bytes < blockBytes - pendingBytes ? bytes : blockBytes - pendingBytes;
      std::memcpy(pending + pendingBytes, next, taken);
      pendingBytes += taken;
      next += taken;
      bytes -= taken;
      if (pendingBytes < blockBytes)
        return;
      mixBlock(pending);
      pendingBytes = 0;
    }
    for (; bytes >= blockBytes; next += blockBytes, bytes -= blockBytes)
      mixBlock(next);
    if (bytes)
      std::memcpy(pending, next, bytes);
    pendingBytes = bytes;
  }

  /// The checksum of everything added so far; more may be added afterwards.
  uint64_t value() const {
    Checksum tail = *this;
    if (tail.pendingBytes) {
      std::memset(tail.pending + tail.pendingBytes, 0,
                  blockBytes - tail.pendingBytes);
      tail.mixBlock(tail.pending);
    }
    uint64_t hash = length;
    for (uint64_t lane : tail.lanes)
      hash = mixBits(hash ^ lane);
    return hash;
  }

private:
  static constexpr size_t blockBytes = 32;

  void mixBlock(const uint8_t *block) {
    for (int lane = 0; lane < 4; ++lane) {
      uint64_t word;
      std::memcpy(&word, block + 8 * lane, 8);
      uint64_t x = (lanes[lane] ^ word) * 0xd6e8feb86659fd93u;
      lanes[lane] = (x << 29) | (x >> 35);
    }
  }

  uint64_t lanes[4] = {0x243f6a8885a308d3u, 0x13198a2e03707344u,
                       0xa4093822299f31d0u, 0x082efa98ec4e6c89u};
  uint64_t length = 0;
  uint8_t pending[blockBytes] = {};
  size_t pendingBytes = 0;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_CORE_CHECKSUM_H
