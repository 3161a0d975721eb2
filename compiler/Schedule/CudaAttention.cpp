//===- CudaAttention.cpp - tiles of attention on a GPU --------------------===//
//
// A block keeps rows of one side (queries; keys for their gradients) and walks
// over the other. Warps share the kept rows among them, at least 16 each, so
// that no row is shared between warps.
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/CudaProducts.h"
#include "compiler/Support/Divisors.h"

#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace llmc;
using namespace llmc::cuda_model;

/// Of these the estimate errs by less than is left.
static constexpr int64_t kSafeRegisters = 245;

namespace {
struct AttentionTile {
  int64_t kept, walked; // rows
  int64_t warps, stages;
  /// The kept rows are fragments in registers; what is walked over takes their
  /// place in shared memory.
  bool keepsFragments;
};

/// How a kind of attention kernel uses its tiles. Tensors have D columns.
struct AttentionForm {
  int64_t keptTensors;   // for the whole loop, each the left operand of one
                         // product
  int64_t walkedTensors; // loaded at each step
  int64_t accumulators;  // [kept, D]
  int64_t scores;        // [kept, walked] in f32 at once
  int64_t products;      // of kept * walked * D multiply-adds
};

struct AttentionModel {
  const Chip &chip;
  const KernelShape &shape;

  bool keepsKeys() const {
    return shape.kind == KernelKind::AttentionKeyValueGrad;
  }
  AttentionForm getForm() const {
    switch (shape.kind) {
    case KernelKind::AttentionQueryGrad:
      return {2, 2, 1, 2, 3};
    case KernelKind::AttentionKeyValueGrad:
      return {2, 2, 2, 2, 4};
    default:
      return {1, 2, 1, 1, 2};
    }
  }
  AttentionTile getTile(const BlockSizes &blocks) const {
    return {blocks.lookup(keepsKeys() ? "block_k" : "block_q"),
            blocks.lookup(keepsKeys() ? "block_q" : "block_k"),
            blocks.lookup("threads") / 32, blocks.lookup("stages"),
            blocks.lookup("keep_fragments") != 0};
  }
  Footprint getFootprint(const AttentionTile &tile) const;
  ScheduleChoice describe(const AttentionTile &tile, int64_t perSM,
                          const Footprint &footprint, BlockSizes blocks) const;
  ScheduleChoice makeChoice(const AttentionTile &tile, int64_t perSM) const;
  int64_t chooseRaster() const;
};
} // namespace

Footprint AttentionModel::getFootprint(const AttentionTile &tile) const {
  AttentionForm form = getForm();
  int64_t element = bytesOf(shape.element), d = shape.headSize;
  int64_t rows = tile.kept / tile.warps;
  Footprint result;
  result.threads = 32 * tile.warps;
  int64_t row = llvm::alignTo(d * element, 16); // whole chunks
  int64_t kept = form.keptTensors * tile.kept * row;
  int64_t walked = tile.stages * tile.walked * form.walkedTensors * row;
  result.sharedBytes =
      tile.keepsFragments ? std::max(kept, walked) : kept + walked;
  // Without mma the probabilities go through shared memory, and for gradients
  // of keys and values theirs do, too.
  if (shape.element == Element::F32)
    result.sharedBytes += (keepsKeys() ? 2 : 1) * tile.kept * tile.walked * 4;
  int64_t score = rows * tile.walked / 32;
  // Probabilities take half of a score in bf16; two sets of fragments.
  result.registers = form.accumulators * rows * d / 32 + form.scores * score +
                     score * element / 4 + rows / 2 + 16 + 40;
  if (tile.keepsFragments)
    result.registers += form.keptTensors * rows * d * element / 4 / 32;
  return result;
}

ScheduleChoice AttentionModel::describe(const AttentionTile &tile,
                                        int64_t perSM,
                                        const Footprint &footprint,
                                        BlockSizes blocks) const {
  AttentionForm form = getForm();
  int64_t element = bytesOf(shape.element), d = shape.headSize;
  int64_t heads = keepsKeys() ? shape.kvHeads : shape.heads;
  int64_t grid =
      llvm::divideCeilSigned(shape.sequence, tile.kept) * heads * shape.batch;
  // Tiles that the diagonal cuts are computed whole.
  double pairs =
      double(shape.flops) / (2 * form.products * shape.batch * shape.heads * d);
  pairs += double(shape.sequence) * (tile.kept + tile.walked) / 2;
  double steps = pairs * shape.batch * shape.heads /
                 (double(tile.kept) * tile.walked) / grid;
  double multiply =
      form.products * tile.kept * tile.walked * d / chip.getRate(shape.element);
  // Each warp reads all walked rows for each product, and its kept rows unless
  // it has them.
  double fragments =
      (double(form.products) * tile.warps * tile.walked +
       (tile.keepsFragments ? 0 : form.keptTensors) * double(tile.kept)) *
      d * element;
  double copied = form.walkedTensors * tile.walked * d * element;
  double shared = (fragments + copied) / kSharedBytesPerCycle;
  // An exponential a pair, at 16 a cycle, with some arithmetic beside it; and
  // what each step costs a row: statistics, and scaling what it has so far.
  double scalar = form.scores * tile.kept * tile.walked / 16.0 +
                  tile.kept * (8 + (form.scores == 1 ? d / 64.0 : 0));
  // The barrier of a step, and the way from scores to what they multiply.
  double latency = tile.stages > 1 ? 500 : 1000;
  double products = tile.kept / tile.warps * tile.walked / 128.0;
  double cycles = getBusiestCycles(chip, grid, perSM, [&](int64_t concurrent) {
    double issue = getIssueRate(tile.warps * concurrent, products);
    double step = std::max({multiply * concurrent / issue, shared * concurrent,
                            copied * concurrent / chip.l2BytesPerCycle}) +
                  scalar * concurrent / issue / (concurrent > 1 ? 2 : 1) +
                  latency / concurrent;
    return steps * step + kFillCycles + getSumCycles(chip, shape, grid);
  });
  ScheduleChoice choice;
  choice.blocks = std::move(blocks);
  choice.footprint = footprint;
  choice.blocksPerSM = perSM;
  choice.fill = getFill(chip, grid, perSM);
  choice.microseconds =
      (std::max(cycles / chip.clock, shape.bytes / chip.memoryBytesPerSecond) +
       kLaunchSeconds) *
      1e6;
  return choice;
}

static bool mayKeepFragments(const KernelShape &shape) {
  return shape.element == Element::BF16;
}

/// Calls `visit` with each tile that a kernel may have, smaller ones first.
static void forEachTile(const KernelShape &shape,
                        llvm::function_ref<void(const AttentionTile &)> visit) {
  int64_t most = roundUp(shape.sequence, 16);
  // One stage waits for each load; only for heads too wide for two.
  bool staged = shape.headSize <= 128 || bytesOf(shape.element) < 4;
  for (int64_t kept : {16, 32, 64, 128})
    for (int64_t walked : {16, 32, 64, 128})
      for (int64_t rows : {16, 32})
        for (int64_t stages = staged ? 2 : 1; stages <= 2; ++stages)
          for (bool keepsFragments : {false, true})
            if (kept <= most && walked <= most && kept >= rows &&
                (!keepsFragments || mayKeepFragments(shape)))
              visit({kept, walked, kept / rows, stages, keepsFragments});
}

/// Heads whose blocks are numbered together: what they walk over is to stay in
/// L2, where their blocks of other rows find it.
int64_t AttentionModel::chooseRaster() const {
  int64_t heads = keepsKeys() ? shape.kvHeads : shape.heads;
  int64_t walkedHeads = keepsKeys() ? shape.heads : shape.kvHeads;
  double walked = double(getForm().walkedTensors) * shape.batch * walkedHeads *
                  shape.sequence * shape.headSize * bytesOf(shape.element);
  double share = 0.5 * chip.l2Bytes / walked;
  int64_t all = heads * shape.batch;
  return getLargestDivisor(all, share < 1 ? int64_t(share * all) : all);
}

ScheduleChoice AttentionModel::makeChoice(const AttentionTile &tile,
                                          int64_t perSM) const {
  BlockSizes blocks;
  blocks["raster"] = chooseRaster();
  blocks[keepsKeys() ? "block_k" : "block_q"] = tile.kept;
  blocks[keepsKeys() ? "block_q" : "block_k"] = tile.walked;
  blocks["stages"] = tile.stages;
  if (tile.keepsFragments)
    blocks["keep_fragments"] = 1;
  blocks["threads"] = 32 * tile.warps;
  int64_t grid = 1;
  for (int64_t extent : getGrid(shape, blocks))
    grid *= extent;
  blocks["min_blocks"] = getMinBlocks(chip, grid, perSM);
  return describe(tile, perSM, getFootprint(tile), std::move(blocks));
}

ScheduleChoice cuda_model::chooseAttention(const Chip &chip,
                                           const KernelShape &shape) {
  AttentionModel model{chip, shape};
  ScheduleChoice best, spilling;
  best.microseconds = std::numeric_limits<double>::infinity();
  int64_t leastRegisters = std::numeric_limits<int64_t>::max();
  forEachTile(shape, [&](const AttentionTile &tile) {
    Footprint footprint = model.getFootprint(tile);
    int64_t perSM = getBlocksPerSM(chip, footprint);
    if (!perSM)
      return;
    ScheduleChoice choice = model.makeChoice(tile, perSM);
    // Where all spill, the one that does least.
    if (footprint.registers > kSafeRegisters) {
      if (best.blocks.empty() && footprint.registers < leastRegisters) {
        leastRegisters = footprint.registers;
        spilling = std::move(choice);
      }
      return;
    }
    if (choice.microseconds < best.microseconds * 0.999)
      best = std::move(choice);
  });
  return best.blocks.empty() ? spilling : best;
}

llvm::SmallVector<ScheduleChoice>
cuda_model::findAttentionContenders(const Chip &chip, const KernelShape &shape,
                                    double room) {
  AttentionModel model{chip, shape};
  llvm::SmallVector<ScheduleChoice> choices;
  forEachTile(shape, [&](const AttentionTile &tile) {
    Footprint footprint = model.getFootprint(tile);
    int64_t safe = footprint.registers > kSafeRegisters
                       ? 0
                       : getBlocksPerSM(chip, footprint);
    insertContenders(choices, chip, room, footprint, safe, [&](int64_t perSM) {
      return model.makeChoice(tile, perSM);
    });
  });
  return choices;
}

ScheduleChoice cuda_model::estimateAttention(const Chip &chip,
                                             const KernelShape &shape,
                                             const BlockSizes &blocks,
                                             const Footprint *reported) {
  AttentionModel model{chip, shape};
  AttentionTile tile = model.getTile(blocks);
  Footprint footprint = reported ? *reported : model.getFootprint(tile);
  int64_t perSM = std::max<int64_t>(1, getBlocksPerSM(chip, footprint));
  return model.describe(tile, perSM, footprint, blocks);
}

std::string cuda_model::findAttentionFault(const KernelShape &shape,
                                           const BlockSizes &blocks) {
  for (llvm::StringRef name : {"block_q", "block_k"})
    if (blocks.lookup(name) % 16)
      return "a `" + name.str() + "` of " +
             std::to_string(blocks.lookup(name)) + " is no multiple of 16";
  if (blocks.lookup("keep_fragments") && !mayKeepFragments(shape))
    return "`keep_fragments` is for products of bf16";
  bool keys = shape.kind == KernelKind::AttentionKeyValueGrad;
  int64_t heads = (keys ? shape.kvHeads : shape.heads) * shape.batch;
  if (int64_t raster = blocks.lookup("raster"); raster && heads % raster)
    return "a `raster` of " + std::to_string(raster) + " does not divide the " +
           std::to_string(heads) + " heads of all sequences";
  llvm::StringRef kept = keys ? "block_k" : "block_q";
  int64_t warps = blocks.lookup("threads") / 32;
  if (!warps || blocks.lookup(kept) % (16 * warps))
    return "a `" + kept.str() + "` of " + std::to_string(blocks.lookup(kept)) +
           " does not give each of " + std::to_string(warps) +
           " warps a multiple of 16 rows";
  return "";
}
