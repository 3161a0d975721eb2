//===- GemmTiles.cpp - tiles that a matrix product may have ---------------===//

#include "compiler/Schedule/GemmTiles.h"

#include "llvm/Support/MathExtras.h"

using namespace llmc;
using namespace llmc::cuda_model;

/// The most parts of a depth, and the steps that a part has at least.
static constexpr int64_t kMostParts = 16;
static constexpr int64_t kLeastSteps = 4;
/// Blocks, for each of an SM's, that make it pointless to cut further.
static constexpr int64_t kMostBlocks = 16;
/// The extents of a block along one dimension.
static llvm::SmallVector<int64_t> getExtents(int64_t extent, int64_t least,
                                             int64_t most) {
  llvm::SmallVector<int64_t> extents;
  for (int64_t block = least; block <= most; block *= 2) {
    extents.push_back(block);
    if (block >= extent)
      break;
  }
  return extents;
}

/// Calls `visit` with a tile and each number of parts that it may be one of.
static void forEachCut(const Chip &chip, const KernelShape &shape,
                       GemmTile tile,
                       llvm::function_ref<void(const GemmTile &)> visit) {
  int64_t places = llvm::divideCeilSigned(shape.m, tile.m) *
                   llvm::divideCeilSigned(shape.n, tile.n);
  int64_t steps = llvm::divideCeilSigned(shape.k, tile.k);
  if (shape.wantedParts) {
    tile.parts = shape.wantedParts;
    if (steps >= tile.parts)
      visit(tile);
    return;
  }
  visit(tile);
  for (tile.parts = 2; shape.addsOnly && tile.parts <= kMostParts &&
                       places * (tile.parts - 1) < kMostBlocks * chip.sms &&
                       tile.parts * kLeastSteps <= steps;
       ++tile.parts)
    visit(tile);
}

void cuda_model::forEachTile(const Chip &chip, const KernelShape &shape,
                             llvm::function_ref<void(const GemmTile &)> visit) {
  bool simple = shape.element == Element::F32;
  // f32: a thread has up to 8 x 8 results.
  int64_t least = simple ? 32 : 16, most = simple ? 128 : 256;
  llvm::SmallVector<int64_t> ms = getExtents(shape.m, least, most);
  llvm::SmallVector<int64_t> ns = getExtents(shape.n, least, most);
  // Three warps' worth of columns, where two or four leave a wave half empty.
  for (int64_t n : {96, 192})
    if (!simple && shape.n % n == 0)
      ns.push_back(n);
  if (shape.columnGroup > 1) {
    ns.clear();
    for (int64_t n = shape.columnGroup; n <= std::max(most, shape.columnGroup);
         n *= 2)
      if (n % 16 == 0)
        ns.push_back(n);
  }
  // Rows of fewer than 64 bytes waste the width of shared memory.
  int64_t row = 64 / bytesOf(shape.element);
  llvm::SmallVector<int64_t> ks =
      getExtents(shape.k, shape.k <= 16 ? 16 : row, 2 * row);

  // A warp has a whole group where groups are odd multiples of 16.
  int64_t mostWarpN = llvm::isPowerOf2_64(shape.columnGroup)
                          ? 64
                          : std::max<int64_t>(64, shape.columnGroup);
  for (int64_t m : ms)
    for (int64_t n : ns)
      for (int64_t k : ks)
        for (int64_t warpsM : {1, 2, 4})
          for (int64_t warpsN : {1, 2, 4}) {
            GemmTile tile{m, n, k, warpsM, warpsN, 2};
            if (warpsM * warpsN > 8 || m % (16 * warpsM) || n % (16 * warpsN) ||
                tile.warpM() > 64 || tile.warpN() > mostWarpN)
              continue;
            // No more stages than there are steps.
            int64_t steps = llvm::divideCeilSigned(shape.k, k);
            int64_t mostStages = std::clamp<int64_t>(steps, 2, 4);
            for (tile.stages = 2; tile.stages <= mostStages; ++tile.stages)
              forEachCut(chip, shape, tile, visit);
          }
}

std::string cuda_model::findGemmPartsFault(const KernelShape &shape,
                                           int64_t parts) {
  if (parts == 1)
    return "";
  if (!shape.addsOnly)
    return "only a product that is added to a weight's gradient, and nothing "
           "else, has a `split_k`";
  if (parts < 1 || parts > kMostParts || shape.k < 16 * parts)
    return "a `split_k` of " + std::to_string(parts) +
           " does not cut a depth of " + std::to_string(shape.k) +
           " into up to " + std::to_string(kMostParts) + " parts of 16 or more";
  return "";
}

std::string cuda_model::findGemmFault(const KernelShape &shape,
                                      const BlockSizes &blocks) {
  GemmTile tile = GemmTile::of(blocks);
  auto number = [](int64_t value) { return std::to_string(value); };
  for (auto [name, extent, warps] :
       {std::tuple("block_m", tile.m, tile.warpsM),
        std::tuple("block_n", tile.n, tile.warpsN)})
    if (extent % (16 * warps))
      return "a `" + std::string(name) + "` of " + number(extent) +
             " does not give each of " + number(warps) +
             " warps a multiple of 16";
  if (tile.k % 16)
    return "a `block_k` of " + number(tile.k) + " is no multiple of 16";
  if (llvm::divideCeilSigned(shape.k, tile.k) < tile.parts)
    return "a `split_k` of " + number(tile.parts) +
           " leaves parts without a step of " + number(tile.k);
  if (tile.n % shape.columnGroup)
    return "a `block_n` of " + number(tile.n) + " cuts heads of " +
           number(shape.columnGroup) + " columns";
  if (blocks.lookup("threads") != 32 * tile.warps())
    return number(blocks.lookup("threads")) + " `threads` are not " +
           number(tile.warps()) + " warps";
  return "";
}
