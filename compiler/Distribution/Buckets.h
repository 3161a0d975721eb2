//===- Buckets.h - which gradients one collective carries -----------------===//
//
// Policy, apart from rewriting. A section, the parameters of a unit, is cut
// without regard to where tensors begin: all its buckets but the last have one
// size, so that their kernels are the same, and a tensor larger than a bucket
// is no exception.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_DISTRIBUTION_BUCKETS_H
#define LLMC_COMPILER_DISTRIBUTION_BUCKETS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace llmc {

/// A shard begins where a variable may begin: at a multiple of so many
/// elements.
inline constexpr int64_t kShardAlignment = 64;

/// Elements [at, at + elements) of flat storage.
struct Bucket {
  int64_t at;
  int64_t elements;
};

/// Cuts consecutive sections of `sections[i]` elements. Each section begins a
/// bucket, so that what holds for a section holds for all of a bucket, and is
/// padded to a multiple of 64 elements for each rank. Buckets have `limit`
/// elements, rounded up to such a multiple, the last of a section what is left.
llvm::SmallVector<Bucket> cutIntoBuckets(llvm::ArrayRef<int64_t> sections,
                                         int64_t ranks, int64_t limit);

} // namespace llmc

#endif
