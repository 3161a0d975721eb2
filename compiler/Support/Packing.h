//===- Packing.h - buffers with lifetimes into one arena ------------------===//
//
// The problem is dynamic storage allocation: rectangles of fixed width (time)
// and height (bytes) which may be moved up and down only. It is NP-hard; best
// fit by decreasing size is within a few per cent of the bound on training
// steps, whose lifetimes nest (a forward activation lives until its backward
// op).
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SUPPORT_PACKING_H
#define LLMC_COMPILER_SUPPORT_PACKING_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <vector>

namespace llmc {

/// Offsets of all buffers are multiples of this many bytes: a cache line, and
/// the widest vector register.
constexpr int64_t planAlignment = 64;

/// A buffer lives during the times [first, last], both included.
struct Lifetime {
  int64_t bytes = 0;
  int64_t first = 0;
  int64_t last = 0;
};

struct Packing {
  /// Byte offset of each buffer, in the order given.
  std::vector<int64_t> offsets;
  /// Extent of the arena.
  int64_t bytes = 0;
};

/// The most bytes alive at one time, each buffer rounded up to the alignment:
/// no packing can be smaller.
int64_t packingLowerBound(llvm::ArrayRef<Lifetime> buffers);

/// Places the buffers so that no two which live at the same time overlap.
/// Deterministic. Tries several orders and stops at the lower bound.
Packing packBuffers(llvm::ArrayRef<Lifetime> buffers);

} // namespace llmc

#endif
