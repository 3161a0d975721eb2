//===- Buckets.cpp - which gradients one collective carries ---------------===//

#include "compiler/Distribution/Buckets.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace llmc;

llvm::SmallVector<Bucket> llmc::cutIntoBuckets(llvm::ArrayRef<int64_t> sections,
                                               int64_t ranks, int64_t limit) {
  llvm::SmallVector<Bucket> buckets;
  int64_t multiple = kShardAlignment * ranks, begin = 0;
  limit = llvm::alignTo(std::max<int64_t>(limit, 1), multiple);
  for (int64_t section : sections) {
    int64_t end = begin + llvm::alignTo(section, multiple);
    for (int64_t at = begin; at < end; at += limit)
      buckets.push_back({at, std::min(limit, end - at)});
    begin = end;
  }
  return buckets;
}
