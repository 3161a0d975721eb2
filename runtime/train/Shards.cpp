//===- Shards.cpp - which rank has which elements -------------------------===//

#include "train/Shards.h"

#include <algorithm>

namespace llmc::runtime {

std::vector<ShardPiece> piecesOf(const LlmcProgram &program, int64_t first,
                                 int64_t count) {
  std::vector<ShardPiece> pieces;
  const int64_t end = first + count;
  // Buckets lie one behind the other, and large models have thousands.
  const LlmcBucket *last = program.buckets + program.numBuckets;
  const LlmcBucket *from = std::partition_point(
      program.buckets, last, [first](const LlmcBucket &bucket) {
        return bucket.first + bucket.elements <= first;
      });
  for (; from != last && from->first < end; ++from) {
    const LlmcBucket &bucket = *from;
    const int64_t shard = bucket.elements / program.ranks;
    for (int owner = 0; owner < program.ranks; ++owner) {
      const int64_t begin = bucket.first + owner * shard;
      const int64_t at = std::max(first, begin);
      const int64_t to = std::min(end, begin + shard);
      if (at < to)
        pieces.push_back(
            {owner, at, to - at, bucket.first / program.ranks + at - begin});
    }
  }
  return pieces;
}

std::vector<int32_t> placesOf(const LlmcProgram &program, int64_t rank) {
  std::vector<int32_t> places(
      static_cast<size_t>(program.numBuckets * LlmcPlaceStride));
  for (int64_t i = 0; i < program.numBuckets; ++i) {
    const LlmcBucket &bucket = program.buckets[i];
    const int64_t shard =
        program.zeroStage > 0 ? rank * (bucket.elements / program.ranks) : 0;
    places[static_cast<size_t>(i * LlmcPlaceStride)] =
        static_cast<int32_t>(static_cast<uint32_t>(bucket.first + shard));
  }
  return places;
}

} // namespace llmc::runtime
