//===- WrittenBytes.h - what is there of a place ----------------*- C++ -*-===//
//
// Private to the verifier of plans.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_MEMORYPLAN_WRITTENBYTES_H
#define LLMC_COMPILER_MEMORYPLAN_WRITTENBYTES_H

#include "dialects/Plan/Plan.h"

#include <map>
#include <set>
#include <utility>

namespace llmc {

/// Bytes from one row to the next of a part that is columns of a whole; 0 for
/// other places.
int64_t pitchOf(plan::ViewOp view);

/// Bytes of a row that are the view's own.
int64_t rowBytes(plan::ViewOp view);

/// Where the view's last byte ends, from the arena's start.
int64_t endOf(plan::ViewOp view);

/// What was written of a place that is no part.
struct Written {
  /// Bytes of a row if its parts are columns, else 0.
  int64_t pitch = 0;
  /// From the arena's start or, of columns, from that of a row.
  std::map<int64_t, int64_t> ranges;
  /// Of ranges that were reduce-scattered: offset and rank stride of what is
  /// left.
  std::set<std::pair<int64_t, int64_t>> shards;

  /// The bytes of `view`, counted as in `ranges`.
  std::pair<int64_t, int64_t> rangeOf(plan::ViewOp view) const;
  /// Whether all bytes of the view are there; of one that depends on the rank
  /// those of all ranks, unless each has its own shard.
  bool contains(plan::ViewOp view, int64_t ranks) const;
  /// Forgets what `source` had but `shard` of it.
  void scatter(plan::ViewOp source, plan::ViewOp shard);
};

} // namespace llmc

#endif
