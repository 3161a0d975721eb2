//===- Packing.cpp - buffers with lifetimes into one arena ----------------===//
//
// One attempt places the buffers in a given order, each into the smallest gap
// between those already placed that live at the same time. Placed buffers are
// kept sorted by offset, so that one walk over them finds every gap: n walks
// of at most n steps, each two comparisons; 3000 buffers take some
// milliseconds. An order decides how good the result is, so several are tried,
// and the best is improved by placing first what lay on top.
//
//===----------------------------------------------------------------------===//

#include "compiler/Support/Packing.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <numeric>

using namespace llmc;

namespace {

/// More attempts at improvement gain little and cost compile time.
constexpr int maxImprovements = 24;

struct Placed {
  int64_t offset;
  int64_t end;
  int64_t first;
  int64_t last;
};

int64_t alignedBytes(const Lifetime &buffer) {
  return llvm::alignTo(buffer.bytes, planAlignment);
}

Packing packInOrder(llvm::ArrayRef<Lifetime> buffers,
                    llvm::ArrayRef<unsigned> order) {
  Packing packing;
  packing.offsets.resize(buffers.size());
  std::vector<Placed> placed; // sorted by offset
  placed.reserve(buffers.size());
  for (unsigned index : order) {
    const Lifetime &buffer = buffers[index];
    int64_t bytes = alignedBytes(buffer);
    int64_t frontier = 0; // end of what has been passed
    int64_t best = -1, bestGap = 0;
    for (const Placed &other : placed) {
      if (other.last < buffer.first || other.first > buffer.last)
        continue;
      int64_t gap = other.offset - frontier;
      if (gap >= bytes && (best < 0 || gap < bestGap)) {
        best = frontier;
        bestGap = gap;
      }
      frontier = std::max(frontier, other.end);
    }
    int64_t offset = best < 0 ? frontier : best;
    packing.offsets[index] = offset;
    packing.bytes = std::max(packing.bytes, offset + bytes);
    Placed entry{offset, offset + bytes, buffer.first, buffer.last};
    placed.insert(llvm::upper_bound(placed, entry,
                                    [](const Placed &a, const Placed &b) {
                                      return a.offset < b.offset;
                                    }),
                  entry);
  }
  return packing;
}

int64_t length(const Lifetime &buffer) {
  return buffer.last - buffer.first + 1;
}

/// The orders worth trying; ties are broken by position, so that the result
/// does not depend on the sort.
std::vector<std::vector<unsigned>>
candidateOrders(llvm::ArrayRef<Lifetime> buffers) {
  using Key = int64_t (*)(const Lifetime &);
  const Key keys[] = {
      [](const Lifetime &buffer) { return -buffer.bytes; },
      [](const Lifetime &buffer) { return -buffer.bytes * length(buffer); },
      [](const Lifetime &buffer) { return -length(buffer); },
      [](const Lifetime &buffer) { return buffer.first; },
      [](const Lifetime &buffer) { return -buffer.last; },
  };
  std::vector<std::vector<unsigned>> orders;
  for (Key key : keys) {
    std::vector<unsigned> order(buffers.size());
    std::iota(order.begin(), order.end(), 0);
    llvm::sort(order, [&](unsigned a, unsigned b) {
      int64_t keyA = key(buffers[a]), keyB = key(buffers[b]);
      return keyA != keyB ? keyA < keyB : a < b;
    });
    orders.push_back(std::move(order));
  }
  return orders;
}

} // namespace

int64_t llmc::packingLowerBound(llvm::ArrayRef<Lifetime> buffers) {
  std::vector<std::pair<int64_t, int64_t>> changes;
  for (const Lifetime &buffer : buffers) {
    changes.emplace_back(buffer.first, alignedBytes(buffer));
    changes.emplace_back(buffer.last + 1, -alignedBytes(buffer));
  }
  // At one time, ends (negative) come before beginnings.
  llvm::sort(changes);
  int64_t live = 0, most = 0;
  for (auto [time, bytes] : changes) {
    live += bytes;
    most = std::max(most, live);
  }
  return most;
}

Packing llmc::packBuffers(llvm::ArrayRef<Lifetime> buffers) {
  if (buffers.empty())
    return {};
  int64_t bound = packingLowerBound(buffers);
  Packing best;
  std::vector<unsigned> bestOrder;
  for (std::vector<unsigned> &order : candidateOrders(buffers)) {
    Packing packing = packInOrder(buffers, order);
    if (bestOrder.empty() || packing.bytes < best.bytes) {
      best = std::move(packing);
      bestOrder = std::move(order);
    }
    if (best.bytes == bound)
      return best;
  }

  // What sticks out at the top came too late: place it first.
  std::vector<unsigned> order = bestOrder;
  Packing current = best;
  for (int step = 0; step != maxImprovements; ++step) {
    std::vector<unsigned> top, rest;
    for (unsigned index : order) {
      int64_t end = current.offsets[index] + alignedBytes(buffers[index]);
      (end == current.bytes ? top : rest).push_back(index);
    }
    top.insert(top.end(), rest.begin(), rest.end());
    order = std::move(top);
    current = packInOrder(buffers, order);
    if (current.bytes < best.bytes)
      best = current;
    if (best.bytes == bound)
      break;
  }
  return best;
}
