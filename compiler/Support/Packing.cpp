//===- Packing.cpp - buffers with lifetimes into one arena ----------------===//
//
// One attempt places the buffers in a given order, each into the smallest gap
// between those already placed that live at the same time. Placed buffers are
// kept sorted by offset, so that one walk over them finds every gap: n walks
// of at most n steps, each two comparisons; 3000 buffers take some
// milliseconds. An order decides how good the result is, so several are tried,
// and each is improved by placing earlier what lay on top.
//
//===----------------------------------------------------------------------===//

#include "compiler/Support/Packing.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <numeric>
#include <tuple>

using namespace llmc;

namespace {

/// Of each order. More attempts gain little and cost compile time.
constexpr int maxImprovements = 5;

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

/// What ends above the bound came too late: it is placed earlier, and earlier
/// still each time that it does so again (Joslin and Clements, "Squeaky wheel
/// optimization", 1999). `packing` is that of `order`, and becomes the best.
void improve(llvm::ArrayRef<Lifetime> buffers, std::vector<unsigned> &order,
             Packing &packing, int64_t bound) {
  const int64_t count = buffers.size();
  std::vector<int64_t> places(count); // in the order, less what was gained
  for (auto [place, index] : llvm::enumerate(order))
    places[index] = place;
  std::vector<size_t> ranks(count); // in the order
  Packing current = packing;
  for (int step = 0; step != maxImprovements && packing.bytes != bound;
       ++step) {
    for (unsigned index = 0; index != count; ++index)
      if (current.offsets[index] + alignedBytes(buffers[index]) > bound)
        places[index] -= llvm::divideCeilSigned(count, 3);
    // Ties keep their order. (std::stable_sort warns of what libstdc++ uses.)
    for (auto [at, index] : llvm::enumerate(order))
      ranks[index] = at;
    llvm::sort(order, [&](unsigned a, unsigned b) {
      return std::tie(places[a], ranks[a]) < std::tie(places[b], ranks[b]);
    });
    current = packInOrder(buffers, order);
    if (current.bytes < packing.bytes)
      packing = current;
  }
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
  const int64_t bound = packingLowerBound(buffers);
  std::vector<std::vector<unsigned>> orders = candidateOrders(buffers);
  std::vector<Packing> packings;
  unsigned best = 0;
  for (auto [number, order] : llvm::enumerate(orders)) {
    packings.push_back(packInOrder(buffers, order));
    if (packings[number].bytes < packings[best].bytes)
      best = number;
    if (packings[best].bytes == bound)
      return packings[best];
  }
  Packing found = packings[best];
  for (auto [order, packing] : llvm::zip_equal(orders, packings)) {
    improve(buffers, order, packing, bound);
    if (packing.bytes < found.bytes)
      found = packing;
    if (found.bytes == bound)
      break;
  }
  return found;
}
