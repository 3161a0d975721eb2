//===- CudaGemm.cpp - tiles of matrix products on a GPU -------------------===//
//
// All tiles that fit are ranked by the time of the busiest SM: multiply-adds,
// shared memory and L2 overlap, the longest of them counts; beside them DRAM,
// which `raster` spares; and what a block spends before and after its loop.
// Where a product is added to a gradient, `split_k` blocks may share its depth.
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/GemmTiles.h"
#include "compiler/Schedule/Ranking.h"

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

/// What parts must gain of the time, as any other schedule must that reports
/// are to put in the place of the first choice.
static constexpr double kPartsGain = Ranking::kGain;
/// Cycles until a block has its ticket; from the end of a turn until the next
/// block has read what it adds to; and bytes that one block alone moves in one.
static constexpr double kTicketCycles = 1000;
static constexpr double kTurnCycles = 2000;
static constexpr double kBlockBytesPerCycle = 32;

namespace {
struct GemmModel {
  const Chip &chip;
  const KernelShape &shape;

  int64_t rowBlocks(const GemmTile &tile) const {
    return llvm::divideCeilSigned(shape.m, tile.m);
  }
  int64_t columnBlocks(const GemmTile &tile) const {
    return llvm::divideCeilSigned(shape.n, tile.n);
  }
  int64_t places(const GemmTile &tile) const {
    return rowBlocks(tile) * columnBlocks(tile);
  }
  int64_t blocks(const GemmTile &tile) const {
    return places(tile) * tile.parts;
  }
  /// The depth of the deepest part.
  int64_t depth(const GemmTile &tile) const {
    return llvm::divideCeilSigned(llvm::divideCeilSigned(shape.k, tile.k),
                                  tile.parts) *
           tile.k;
  }
  /// Rows of `k` elements of one step: a's, and those of each product's b.
  int64_t loadedRows(const GemmTile &tile) const {
    return tile.m + shape.products * tile.n;
  }
  Footprint getFootprint(const GemmTile &tile) const;
  double getMemoryBytes(const GemmTile &tile, int64_t perSM,
                        int64_t raster) const;
  double getTurnCycles(const GemmTile &tile, int64_t perSM,
                       double epilogueBytes) const;
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
  double bytesA = double(shape.m) * shape.k * bytesOf(shape.element);
  double bytesB =
      double(shape.products) * shape.n * shape.k * bytesOf(shape.element);
  double cache = 0.6 * chip.l2Bytes;
  if (bytesA + bytesB <= cache)
    return shape.bytes;
  // What a part has added to comes again after all of the part's operands.
  double result = 4.0 * shape.m * shape.n;
  double again = result + (bytesA + bytesB) / tile.parts <= cache
                     ? 0
                     : 2 * result * (tile.parts - 1);
  int64_t wave = std::min(chip.sms * perSM, places(tile));
  // Groups of `raster` row blocks pass over all columns, one after another: b
  // is read once a group, and a stays if it fits.
  int64_t groupRows = std::min(raster, rowBlocks(tile));
  double groups = double(rowBlocks(tile)) / groupRows;
  double readsB = bytesB <= cache ? 1 : groups;
  double rowsAtOnce = groupRows;
  if (groupRows * columnBlocks(tile) < wave)
    readsB = std::max(1.0, readsB * groupRows * columnBlocks(tile) / wave);
  double groupA = rowsAtOnce * tile.m * depth(tile) * bytesOf(shape.element);
  double columnsAtOnce = std::max(1.0, double(wave) / groupRows);
  double readsA =
      groupA <= cache ? 1 : std::max(1.0, columnBlocks(tile) / columnsAtOnce);
  return shape.bytes + again + (readsA - 1) * bytesA + (readsB - 1) * bytesB;
}

/// Cycles in which the last of the blocks that run at once at one place waits
/// for the others' turns.
double GemmModel::getTurnCycles(const GemmTile &tile, int64_t perSM,
                                double epilogueBytes) const {
  int64_t atOnce = std::min(
      tile.parts, llvm::divideCeilSigned(chip.sms * perSM, places(tile)));
  return double(atOnce - 1) *
         (kTurnCycles + epilogueBytes / kBlockBytesPerCycle);
}

double GemmModel::getSeconds(const GemmTile &tile, int64_t perSM,
                             int64_t raster) const {
  int64_t element = bytesOf(shape.element);
  double depth = this->depth(tile);
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
  // Each part but the first reads and writes what was stored before.
  double epilogueBytes =
      (shape.epilogueBytes + 8.0 * shape.m * shape.n * (tile.parts - 1)) /
      blocks;
  double epilogue = epilogueBytes / chip.l2BytesPerCycle +
                    getSumCycles(chip, shape, places(tile)) / tile.parts;
  double fill = kFillCycles + (tile.parts > 1 ? kTicketCycles : 0);
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
               (fill + epilogue * concurrent) / (concurrent > 1 ? 1.5 : 1);
      });
  cycles += getTurnCycles(tile, perSM, epilogueBytes);
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
  if (tile.parts > 1)
    blocks["split_k"] = tile.parts;
  blocks["threads"] = 32 * tile.warps();
  blocks["min_blocks"] = getMinBlocks(chip, this->blocks(tile), perSM);
  return describe(tile, perSM, raster, getFootprint(tile), std::move(blocks));
}

ScheduleChoice cuda_model::chooseGemm(const Chip &chip,
                                      const KernelShape &shape) {
  GemmModel model{chip, shape};
  ScheduleChoice best;
  double least = std::numeric_limits<double>::infinity();
  forEachTile(chip, shape, [&](const GemmTile &tile) {
    int64_t perSM = model.getSafeBlocksPerSM(tile);
    if (!perSM)
      return;
    int64_t raster = model.chooseRaster(tile, perSM);
    double time = model.getSeconds(tile, perSM, raster) *
                  (tile.parts > 1 ? 1 / kPartsGain : 1);
    // Of equals the first, which is the smaller one.
    if (time < least * 0.999) {
      least = time;
      best = model.makeChoice(tile, perSM);
    }
  });
  return best;
}

llvm::SmallVector<ScheduleChoice>
cuda_model::findGemmContenders(const Chip &chip, const KernelShape &shape,
                               double room) {
  GemmModel model{chip, shape};
  llvm::SmallVector<ScheduleChoice> choices;
  forEachTile(chip, shape, [&](const GemmTile &tile) {
    insertContenders(choices, chip, room, model.getFootprint(tile),
                     model.getSafeBlocksPerSM(tile), [&](int64_t perSM) {
                       return model.makeChoice(tile, perSM);
                     });
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
