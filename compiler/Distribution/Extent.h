//===- Extent.h - the bytes of a place ------------------------------------===//

#ifndef LLMC_COMPILER_DISTRIBUTION_EXTENT_H
#define LLMC_COMPILER_DISTRIBUTION_EXTENT_H

#include "dialects/Plan/Plan.h"

namespace llmc {

/// The bytes of a place, of all ranks' where it depends on the rank.
struct Extent {
  llvm::StringRef arena;
  int64_t begin;
  int64_t end;

  bool overlaps(const Extent &other) const {
    return arena == other.arena && begin < other.end && other.begin < end;
  }
};

/// `place` is a `plan.view`.
Extent getExtent(mlir::Value place, int64_t ranks);

} // namespace llmc

#endif
