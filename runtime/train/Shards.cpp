//===- Shards.cpp - which rank has which elements -------------------------===//

#include "train/Shards.h"

#include <algorithm>

namespace llmc::runtime {

std::vector<ShardPiece> piecesOf(const LlmcProgram &program, int64_t first,
                                 int64_t count) {
  std::vector<ShardPiece> pieces;
  const int64_t end = first + count;
  for (int64_t i = 0; i < program.numBuckets; ++i) {
    const LlmcBucket &bucket = program.buckets[i];
    const int64_t shard = bucket.elements / program.ranks;
    for (int owner = 0; owner < program.ranks; ++owner) {
      const int64_t begin = bucket.first + owner * shard;
      const int64_t from = std::max(first, begin);
      const int64_t to = std::min(end, begin + shard);
      if (from < to)
        pieces.push_back({owner, from, to - from,
                          bucket.first / program.ranks + from - begin});
    }
  }
  return pieces;
}

} // namespace llmc::runtime
