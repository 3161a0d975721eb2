//===- Rng.h - random numbers as pure functions of a counter --------------===//
//
// Nothing here has a state: a number depends on a key and a counter only, so
// that weights do not depend on the order or the threads that fill them, and a
// resumed run finds its place in the data without replaying anything.
// The mixing function is the finalizer of splitmix64 (Steele, Lea, Flood 2014).
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_CORE_RNG_H
#define LLMC_RUNTIME_CORE_RNG_H

#include <cmath>
#include <cstdint>
#include <string_view>

namespace llmc::runtime {

inline uint64_t mixBits(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// 64 bits for element `counter` of the stream `key`.
inline uint64_t randomBits(uint64_t key, uint64_t counter) {
  return mixBits(mixBits(key) ^ mixBits(counter * 0xd1342543de82ef95u + 1));
}

/// A number in [0, 1), of 53 bits.
inline double randomUniform(uint64_t key, uint64_t counter) {
  return static_cast<double>(randomBits(key, counter) >> 11) * 0x1p-53;
}

/// A stream of its own for each name (FNV-1a of the bytes).
inline uint64_t streamKey(uint64_t seed, std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (char c : name)
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return mixBits(seed) ^ hash;
}

/// Element `index` of a stream of standard normal numbers (Box-Muller; elements
/// 2k and 2k+1 share one radius and angle).
inline double randomNormal(uint64_t key, uint64_t index) {
  uint64_t pair = index / 2;
  // 1 - u lies in (0, 1], so that the logarithm is finite.
  double radius =
      std::sqrt(-2.0 * std::log(1.0 - randomUniform(key, 2 * pair)));
  double angle = 6.283185307179586476925 * randomUniform(key, 2 * pair + 1);
  return radius * (index % 2 ? std::sin(angle) : std::cos(angle));
}

/// A permutation of [0, size) that is evaluated one element at a time: a
/// Feistel network over the next even number of bits, walked until it falls
/// inside the range (at most four tries on average).
class Permutation {
public:
  Permutation(uint64_t size, uint64_t key) : size(size), key(key) {
    while ((uint64_t(1) << (2 * halfBits)) < size)
      ++halfBits;
  }

  uint64_t operator()(uint64_t index) const {
    do
      index = permuteOnce(index);
    while (index >= size);
    return index;
  }

private:
  uint64_t permuteOnce(uint64_t index) const {
    constexpr uint64_t numRounds = 6;
    const uint64_t mask = (uint64_t(1) << halfBits) - 1;
    uint64_t left = index >> halfBits, right = index & mask;
    for (uint64_t round = 0; round < numRounds; ++round) {
      uint64_t next = left ^ (randomBits(key + round, right) & mask);
      left = right;
      right = next;
    }
    return left << halfBits | right;
  }

  uint64_t size;
  uint64_t key;
  unsigned halfBits = 1;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_CORE_RNG_H
