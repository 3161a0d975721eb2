//===- WrittenBytes.cpp - what is there of a place ------------------------===//

#include "compiler/MemoryPlan/WrittenBytes.h"

#include "compiler/MemoryPlan/Lifetimes.h"
#include "dialects/Tile/RowPitch.h"

using namespace mlir;
using namespace llmc;

static int64_t elementBytes(plan::ViewOp view) {
  return (view.getType().getElementTypeBitWidth() + 7) / 8;
}

int64_t llmc::pitchOf(plan::ViewOp view) {
  auto type = cast<MemRefType>(view.getType());
  if (!view.getWhole() || type.getLayout().isIdentity())
    return 0;
  return tile::getRowPitch(type) * elementBytes(view);
}

int64_t llmc::rowBytes(plan::ViewOp view) {
  return cast<MemRefType>(view.getType()).getShape().back() *
         elementBytes(view);
}

int64_t llmc::endOf(plan::ViewOp view) {
  int64_t end = view.getOffset() + bytesOf(view.getResult().getType());
  // The last row of columns ends before the whole's.
  int64_t pitch = pitchOf(view);
  return pitch ? end - pitch + rowBytes(view) : end;
}

std::pair<int64_t, int64_t> Written::rangeOf(plan::ViewOp view) const {
  if (!pitch)
    return {view.getOffset(), endOf(view)};
  if (!pitchOf(view))
    return {0, pitch};
  int64_t column = (view.getOffset() - view.getRoot().getOffset()) % pitch;
  return {column, column + rowBytes(view)};
}

bool Written::contains(plan::ViewOp view, int64_t ranks) const {
  int64_t stride = view.getRankStride().value_or(0);
  if (shards.count({view.getOffset(), stride}))
    return true;
  auto [at, end] = rangeOf(view);
  end += (ranks - 1) * stride;
  auto range = ranges.upper_bound(at);
  if (range != ranges.begin())
    --range;
  for (; range != ranges.end() && range->first <= at; ++range)
    at = std::max(at, range->second);
  return at >= end;
}

void Written::scatter(plan::ViewOp source, plan::ViewOp shard) {
  int64_t begin = source.getOffset(), end = endOf(source);
  auto range = ranges.lower_bound(begin);
  if (range != ranges.begin() && std::prev(range)->second > begin)
    --range;
  while (range != ranges.end() && range->first < end) {
    auto [first, last] = *range;
    range = ranges.erase(range);
    if (first < begin)
      ranges[first] = begin;
    if (last > end)
      ranges[end] = last;
  }
  shards.insert({shard.getOffset(), shard.getRankStride().value_or(0)});
}
