//===- Shards.h - which rank has which elements ---------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_SHARDS_H
#define LLMC_RUNTIME_TRAIN_SHARDS_H

#include "abi/ProgramAbi.h"

#include <cstdint>
#include <vector>

namespace llmc::runtime {

/// Consecutive elements of the storage of all parameters that one rank owns.
struct ShardPiece {
  int owner = 0;
  int64_t first = 0; ///< in the whole storage
  int64_t count = 0;
  int64_t stored = 0; ///< in a sharded arena of the owner
};

/// The elements [first, first + count), cut by owner, in order.
std::vector<ShardPiece> piecesOf(const LlmcProgram &program, int64_t first,
                                 int64_t count);

/// What `update` reads as places on `rank`; see LlmcPlaceStride.
std::vector<int32_t> placesOf(const LlmcProgram &program, int64_t rank);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_SHARDS_H
