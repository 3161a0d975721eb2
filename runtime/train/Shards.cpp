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

} // namespace llmc::runtime
