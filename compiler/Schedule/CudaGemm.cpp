//===- CudaGemm.cpp - tiles of matrix products on a GPU -------------------===//
//
// All tiles that fit are ranked by the time of the busiest SM: multiply-adds,
// shared memory and L2 overlap, the longest of them counts; beside them DRAM,
// which `raster` spares; and what a block spends before and after its loop.
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/CudaProducts.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <limits>

using namespace llmc;
using namespace llmc::cuda_model;

double cuda_model::getIssueRate(double warps, double products) {
  double perScheduler = warps / 4;
  double parallel = std::max(perScheduler, 1.0) *
                    std::clamp(std::sqrt(products / 8), 0.5, 2.0);
  // Six warps are two for some schedulers and one for the others.
  double share = perScheduler / std::ceil(perScheduler);
  return share *
         (parallel < 1 ? 0.84 * parallel : 1 - 0.16 / (parallel * parallel));
}

int64_t cuda_model::roundUp(int64_t value, int64_t least) {
  return std::max<int64_t>(llvm::PowerOf2Ceil(value), least);
}

namespace {
struct GemmTile {
  int64_t m, n, k;
  int64_t warpsM, warpsN;
  int64_t stages;

  static GemmTile of(const BlockSizes &blocks) {
    return {blocks.lookup("block_m"), blocks.lookup("block_n"),
            blocks.lookup("block_k"), blocks.lookup("warps_m"),
            blocks.lookup("warps_n"), blocks.lookup("stages")};
  }
  int64_t warps() const { return warpsM * warpsN; }
  int64_t warpM() const { return m / warpsM; }
  int64_t warpN() const { return n / warpsN; }
};

struct GemmModel {
  const Chip &chip;
  const KernelShape &shape;

  int64_t rowBlocks(const GemmTile &tile) const {
    return llvm::divideCeilSigned(shape.m, tile.m);
  }
  int64_t columnBlocks(const GemmTile &tile) const {
    return llvm::divideCeilSigned(shape.n, tile.n);
  }
  /// Products that are computed side by side, over parts of the depth.
  int64_t parts() const { return std::max<int64_t>(shape.splits, 1); }
  int64_t blocks(const GemmTile &tile) const {
    return rowBlocks(tile) * columnBlocks(tile) * parts();
  }
  /// Rows of `k` elements of one step: a's, and those of each product's b.
  int64_t loadedRows(const GemmTile &tile) const {
    return tile.m + shape.products * tile.n;
  }
  Footprint getFootprint(const GemmTile &tile) const;
  double getMemoryBytes(const GemmTile &tile, int64_t perSM,
                        int64_t raster) const;
  double getSeconds(const GemmTile &tile, int64_t perSM, int64_t raster) const;
  int64_t chooseRaster(const GemmTile &tile, int64_t perSM) const;
  int64_t getSafeBlocksPerSM(const GemmTile &tile) const;
  ScheduleChoice describe(const GemmTile &tile, int64_t perSM, int64_t raster,
                          const Footprint &footprint, BlockSizes blocks) const;
  ScheduleChoice makeChoice(const GemmTile &tile, int64_t perSM) const;
};
} // namespace

/// Registers as NVRTC reported them for kernels of constant shape: the
/// accumulator, two sets of fragments, and addresses, of which operands stored
/// along rows or columns and deep stages need more.
Footprint GemmModel::getFootprint(const GemmTile &tile) const {
  Footprint result;
  result.threads = 32 * tile.warps();
  result.sharedBytes =
      tile.stages * loadedRows(tile) * tile.k * bytesOf(shape.element);
  int64_t each = tile.warpM() * tile.warpN() / 32;
  int64_t accumulator = shape.products * each;
  int64_t fragments;
  if (shape.element == Element::F32) // one column of a and one row of b
    fragments = 2 * std::llround(std::sqrt(double(each)));
  else
    fragments = tile.warpM() / 4 + shape.products * tile.warpN() / 4;
  result.registers = accumulator + 2 * fragments + 32 +
                     (tile.k >= 64 ? 10 : 0) + (shape.depthFirstA ? 16 : 0) +
                     (shape.depthFirstB ? 4 : 0);
  // f32 that an epilogue reads comes and is worked on in packs of four.
  if (shape.element == Element::TF32 && shape.epilogueReads)
    result.registers += 28;
  // Results that share what was read keep all of it at once, in pairs of bf16.
  if (shape.epilogueReads > 1 && shape.epilogueWrites > 1)
    result.registers = std::max(
        result.registers,
        accumulator +
            (shape.epilogueReads + shape.epilogueWrites - 1) * accumulator / 2 +
            40);
  return result;
}

/// What a product moves from and to DRAM. Blocks that run at once share what
/// they read; an operand that stays in L2 is read once.
double GemmModel::getMemoryBytes(const GemmTile &tile, int64_t perSM,
                                 int64_t raster) const {
  double bytesA = double(shape.m) * shape.k * parts() * bytesOf(shape.element);
  double bytesB = double(shape.products) * shape.n * shape.k * parts() *
                  bytesOf(shape.element);
  double cache = 0.6 * chip.l2Bytes;
  if (bytesA + bytesB <= cache)
    return shape.bytes;
  int64_t wave =
      std::min(chip.sms * perSM, rowBlocks(tile) * columnBlocks(tile));
  // Groups of `raster` row blocks pass over all columns, one after another: b
  // is read once a group, and a stays if it fits.
  int64_t groupRows = std::min(raster, rowBlocks(tile));
  double groups = double(rowBlocks(tile)) / groupRows;
  double readsB = bytesB <= cache ? 1 : groups;
  double rowsAtOnce = groupRows;
  if (groupRows * columnBlocks(tile) < wave)
    readsB = std::max(1.0, readsB * groupRows * columnBlocks(tile) / wave);
  double groupA = rowsAtOnce * tile.m * shape.k * bytesOf(shape.element);
  double columnsAtOnce = std::max(1.0, double(wave) / groupRows);
  double readsA =
      groupA <= cache ? 1 : std::max(1.0, columnBlocks(tile) / columnsAtOnce);
  return shape.bytes + (readsA - 1) * bytesA + (readsB - 1) * bytesB;
}

double GemmModel::getSeconds(const GemmTile &tile, int64_t perSM,
                             int64_t raster) const {
  int64_t element = bytesOf(shape.element);
  double depth = llvm::alignTo(shape.k, tile.k);
  double multiply =
      shape.products * tile.m * tile.n * depth / chip.getRate(shape.element);
  // Fragments of a serve a warp's columns, those of b its rows; a register
  // tile of f32 reads both once for 8 columns. Each product reads its own.
  double fragments = shape.products * tile.warps() *
                     (tile.warpM() + tile.warpN()) * depth * element *
                     (shape.element == Element::F32 ? 2 : 1);
  double copied = loadedRows(tile) * depth * element;
  double shared = (fragments + copied) / kSharedBytesPerCycle;
  double l2 = copied / chip.l2BytesPerCycle;
  int64_t blocks = this->blocks(tile);
  double epilogue =
      double(shape.epilogueBytes) / blocks / chip.l2BytesPerCycle +
      getSquareCycles(chip, shape, blocks);
  // A barrier, the wait for a stage, and the addresses of the next.
  double steps = depth / tile.k;
  // Too few stages leave the latency of a load in sight.
  double ahead = (tile.stages - 1) * tile.k;
  double stall = ahead >= 64 ? 1 : ahead >= 48 ? 1.02 : 1.08;
  double cycles =
      getBusiestCycles(chip, blocks, perSM, [&](int64_t concurrent) {
        double product =
            multiply * concurrent /
            getIssueRate(tile.warps() * concurrent,
                         shape.products * tile.warpM() * tile.warpN() / 128.0);
        double loop =
            std::max({product, shared * concurrent, l2 * concurrent}) +
            0.25 * shared * concurrent;
        return loop * (concurrent > 1 ? 1 + (stall - 1) / 2 : stall) +
               steps * (concurrent > 1 ? 40 : 90) +
               (kFillCycles + epilogue * concurrent) /
                   (concurrent > 1 ? 1.5 : 1);
      });
  double memory = getMemoryBytes(tile, perSM, raster);
  return std::max(cycles / chip.clock, memory / chip.memoryBytesPerSecond) +
         kLaunchSeconds;
}

int64_t GemmModel::chooseRaster(const GemmTile &tile, int64_t perSM) const {
  int64_t best = 1;
  double least = getMemoryBytes(tile, perSM, 1);
  for (int64_t raster : {2, 4, 8, 16}) {
    if (raster > rowBlocks(tile))
      break;
    double bytes = getMemoryBytes(tile, perSM, raster);
    if (bytes < 0.98 * least)
      std::tie(best, least) = std::pair(raster, bytes);
  }
  return best;
}

ScheduleChoice GemmModel::describe(const GemmTile &tile, int64_t perSM,
                                   int64_t raster, const Footprint &footprint,
                                   BlockSizes blocks) const {
  ScheduleChoice choice;
  choice.blocks = std::move(blocks);
  choice.footprint = footprint;
  choice.blocksPerSM = perSM;
  choice.fill = getFill(chip, this->blocks(tile), perSM);
  choice.microseconds = getSeconds(tile, perSM, raster) * 1e6;
  return choice;
}

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

/// Calls `visit` with each tile that a kernel may have, smaller ones first.
static void forEachTile(const KernelShape &shape,
                        llvm::function_ref<void(const GemmTile &)> visit) {
  bool simple = shape.element == Element::F32;
  // f32: a thread has up to 8 x 8 results.
  int64_t least = simple ? 32 : 16, most = simple ? 128 : 256;
  llvm::SmallVector<int64_t> ms = getExtents(shape.m, least, most);
  llvm::SmallVector<int64_t> ns = getExtents(shape.n, least, most);
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
              visit(tile);
          }
}

/// Blocks per SM that the estimate promises; 0 for tiles that are not taken.
int64_t GemmModel::getSafeBlocksPerSM(const GemmTile &tile) const {
  Footprint footprint = getFootprint(tile);
  // Some room, as the estimate is one.
  if (footprint.registers > 250)
    return 0;
  footprint.registers += footprint.registers / 16;
  return getBlocksPerSM(chip, footprint);
}

ScheduleChoice GemmModel::makeChoice(const GemmTile &tile,
                                     int64_t perSM) const {
  int64_t raster = chooseRaster(tile, perSM);
  BlockSizes blocks;
  blocks["block_m"] = tile.m;
  blocks["block_n"] = tile.n;
  blocks["block_k"] = tile.k;
  blocks["warps_m"] = tile.warpsM;
  blocks["warps_n"] = tile.warpsN;
  blocks["stages"] = tile.stages;
  blocks["raster"] = raster;
  blocks["threads"] = 32 * tile.warps();
  blocks["min_blocks"] = getMinBlocks(chip, this->blocks(tile), perSM);
  return describe(tile, perSM, raster, getFootprint(tile), std::move(blocks));
}

ScheduleChoice cuda_model::chooseGemm(const Chip &chip,
                                      const KernelShape &shape) {
  GemmModel model{chip, shape};
  ScheduleChoice best;
  best.microseconds = std::numeric_limits<double>::infinity();
  forEachTile(shape, [&](const GemmTile &tile) {
    int64_t perSM = model.getSafeBlocksPerSM(tile);
    if (!perSM)
      return;
    int64_t raster = model.chooseRaster(tile, perSM);
    double microseconds = model.getSeconds(tile, perSM, raster) * 1e6;
    // Of equals the first, which is the smaller one.
    if (microseconds < best.microseconds * 0.999)
      best = model.makeChoice(tile, perSM);
  });
  return best;
}

llvm::SmallVector<ScheduleChoice>
cuda_model::findGemmContenders(const Chip &chip, const KernelShape &shape) {
  GemmModel model{chip, shape};
  llvm::SmallVector<ScheduleChoice> choices;
  forEachTile(shape, [&](const GemmTile &tile) {
    insertContenders(
        choices, chip, model.getFootprint(tile), model.getSafeBlocksPerSM(tile),
        [&](int64_t perSM) { return model.makeChoice(tile, perSM); });
  });
  return choices;
}

ScheduleChoice cuda_model::estimateGemm(const Chip &chip,
                                        const KernelShape &shape,
                                        const BlockSizes &blocks,
                                        const Footprint *reported) {
  GemmModel model{chip, shape};
  GemmTile tile = GemmTile::of(blocks);
  Footprint footprint = reported ? *reported : model.getFootprint(tile);
  int64_t perSM = std::max<int64_t>(1, getBlocksPerSM(chip, footprint));
  return model.describe(tile, perSM, blocks.lookup("raster"), footprint,
                        blocks);
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
  if (shape.splits > 1 && shape.k % tile.k)
    return "a `block_k` of " + number(tile.k) +
           " does not divide parts of depth " + number(shape.k);
  if (tile.n % shape.columnGroup)
    return "a `block_n` of " + number(tile.n) + " cuts heads of " +
           number(shape.columnGroup) + " columns";
  if (blocks.lookup("threads") != 32 * tile.warps())
    return number(blocks.lookup("threads")) + " `threads` are not " +
           number(tile.warps()) + " warps";
  return "";
}
