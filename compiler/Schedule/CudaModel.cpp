//===- CudaModel.cpp - block sizes for a GPU ------------------------------===//
//
// Products are chosen in CudaGemm.cpp and CudaAttention.cpp. All other kernels
// are bound by memory: their blocks are to keep enough loads in flight.
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/CudaProducts.h"
#include "compiler/Support/Divisors.h"

#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace llmc;
using namespace llmc::cuda_model;

// Elements that a row kernel's thread holds of one tile: so many that a few
// tiles fit the registers.
static constexpr int64_t kMostRowElements = 32;
static constexpr int64_t kRowElements = 16;
// The most threads of a row kernel, and the columns at a time of rows that
// they cannot hold.
static constexpr int64_t kRowThreads = 256;
static constexpr int64_t kRowColumns = 4096;
// Elements of a block of rows, where rows are short.
static constexpr int64_t kRowBlock = 4096;
// Tiles that are alive at once in a row kernel of many tensors.
static constexpr int64_t kMostLiveTiles = 6;
// Optimizer state is 4 bytes an element: one vector for each thread and array.
static constexpr int64_t kFlatBlock = 1024;
static constexpr int64_t kFlatThreads = 256;
static constexpr int64_t kSumBlock = 2048;
// A position of an embedding's gradient looks through the tokens; the rows of
// the most frequent one, such a share of a text's, follow one another.
static constexpr double kSearchSeconds = 0.1e-9;
static constexpr double kTokenRowSeconds = 0.4e-6;
static constexpr double kTokenShare = 0.05;

/// A power of two from `least` to `most`, at most `value` if it can be.
static int64_t roundDown(int64_t value, int64_t least, int64_t most) {
  return std::clamp<int64_t>(
      llvm::bit_floor(uint64_t(std::max<int64_t>(value, 1))), least, most);
}

namespace {
class CudaModel : public TargetModel {
public:
  explicit CudaModel(const Chip &chip) : chip(chip) {}

  llvm::SmallVector<llvm::StringRef>
  getNames(const KernelShape &shape) const override;
  std::string findObstacle(const KernelShape &shape) const override;
  std::string findFault(const KernelShape &shape,
                        const BlockSizes &blocks) const override;
  bool splitsProducts() const override { return true; }
  std::string findPartsFault(const KernelShape &shape,
                             int64_t parts) const override {
    return findGemmPartsFault(shape, parts);
  }
  ScheduleChoice choose(const KernelShape &shape) const override;
  ScheduleChoice estimate(const KernelShape &shape, const BlockSizes &blocks,
                          const Resources *reported) const override;
  bool dependsOnCompiler(const KernelShape &shape) const override;
  double getRoom(const KernelShape &shape,
                 const BlockSizes &blocks) const override;
  llvm::SmallVector<ScheduleChoice> findContenders(const KernelShape &shape,
                                                   double room) const override;
  std::optional<ScheduleChoice> relax(const KernelShape &shape,
                                      const BlockSizes &blocks) const override;

private:
  BlockSizes chooseRows(const KernelShape &shape) const;
  BlockSizes chooseStream(const KernelShape &shape) const;
  int64_t getLiveElements(const KernelShape &shape,
                          const BlockSizes &blocks) const;
  ScheduleChoice estimateStream(const KernelShape &shape,
                                BlockSizes blocks) const;

  const Chip &chip;
};

bool isAttention(const KernelShape &shape) {
  return shape.kind == KernelKind::Attention ||
         shape.kind == KernelKind::AttentionQueryGrad ||
         shape.kind == KernelKind::AttentionKeyValueGrad;
}
} // namespace

llvm::SmallVector<llvm::StringRef>
CudaModel::getNames(const KernelShape &shape) const {
  llvm::SmallVector<llvm::StringRef> names = getBlockNames(shape);
  if (shape.kind == KernelKind::Gemm)
    names.append({"warps_m", "warps_n", "raster"});
  if (shape.kind == KernelKind::Gemm || isAttention(shape))
    names.push_back("stages");
  names.append({"threads", "min_blocks"});
  return names;
}

std::string CudaModel::findObstacle(const KernelShape &shape) const {
  std::string size = std::to_string(shape.headSize);
  if (isAttention(shape) && shape.headSize % 16)
    return "head size " + size +
           " is not a multiple of 16, as kernels for GPUs need it; give the "
           "model another number of heads, or compile with --target=cpu";
  if (isAttention(shape) && shape.headSize > 256)
    return "head size " + size + " is more than 256";
  if (shape.kind == KernelKind::Gemm && shape.columnGroup > 256)
    return "head size " + std::to_string(shape.columnGroup) +
           " is more than 256";
  return "";
}

std::string CudaModel::findFault(const KernelShape &shape,
                                 const BlockSizes &blocks) const {
  int64_t threads = blocks.lookup("threads");
  if (threads % 32 || threads > 1024)
    return std::to_string(threads) +
           " `threads` are not a multiple of 32 up to 1024";
  std::string fault =
      findGemmPartsFault(shape, std::max<int64_t>(blocks.lookup("split_k"), 1));
  if (!fault.empty())
    return fault;
  if (blocks.lookup("keep_fragments") && !isAttention(shape))
    return "`keep_fragments` is for attention";
  if (shape.kind == KernelKind::Gemm)
    fault = findGemmFault(shape, blocks);
  else if (isAttention(shape))
    fault = findAttentionFault(shape, blocks);
  if (!fault.empty())
    return fault;
  int64_t bytes = estimate(shape, blocks, nullptr).footprint.sharedBytes;
  if (bytes > chip.blockSharedBytes)
    return "it needs " + std::to_string(bytes) + " bytes of shared memory, " +
           chip.arch.str() + " allows " + std::to_string(chip.blockSharedBytes);
  return "";
}

ScheduleChoice CudaModel::choose(const KernelShape &shape) const {
  if (shape.kind == KernelKind::Gemm)
    return chooseGemm(chip, shape);
  if (isAttention(shape))
    return chooseAttention(chip, shape);
  BlockSizes blocks =
      shape.kind == KernelKind::Rows ? chooseRows(shape) : chooseStream(shape);
  ScheduleChoice choice = estimateStream(shape, std::move(blocks));
  // No more than hide a load's latency.
  int64_t grid = 1;
  for (int64_t extent : getGrid(shape, choice.blocks))
    grid *= extent;
  choice.blocks["min_blocks"] =
      std::min(getMinBlocks(chip, grid, choice.blocksPerSM),
               1024 / choice.blocks.lookup("threads"));
  return choice;
}

ScheduleChoice CudaModel::estimate(const KernelShape &shape,
                                   const BlockSizes &blocks,
                                   const Resources *reported) const {
  Footprint footprint;
  if (reported)
    footprint = {blocks.lookup("threads"), reported->registers,
                 reported->sharedBytes};
  const Footprint *known = reported ? &footprint : nullptr;
  if (shape.kind == KernelKind::Gemm)
    return estimateGemm(chip, shape, blocks, known);
  if (isAttention(shape))
    return estimateAttention(chip, shape, blocks, known);
  return estimateStream(shape, blocks);
}

bool CudaModel::dependsOnCompiler(const KernelShape &shape) const {
  return shape.kind == KernelKind::Gemm || isAttention(shape);
}

double CudaModel::getRoom(const KernelShape &shape,
                          const BlockSizes &blocks) const {
  return cuda_model::getRoom(
      chip, blocks, estimate(shape, blocks, nullptr).footprint.registers);
}

llvm::SmallVector<ScheduleChoice>
CudaModel::findContenders(const KernelShape &shape, double room) const {
  if (shape.kind == KernelKind::Gemm)
    return findGemmContenders(chip, shape, room);
  if (isAttention(shape))
    return findAttentionContenders(chip, shape, room);
  return {};
}

/// The registers that a thread can have.
static int64_t getMostRegisters(const Chip &chip, const BlockSizes &blocks) {
  int64_t threads = blocks.lookup("threads") * blocks.lookup("min_blocks");
  // They are handed out in steps of 8.
  return std::min(kMostRegisters, chip.registers / threads / 8 * 8);
}

double cuda_model::getRoom(const Chip &chip, const BlockSizes &blocks,
                           int64_t expected) {
  return double(getMostRegisters(chip, blocks)) / expected;
}

std::optional<ScheduleChoice> CudaModel::relax(const KernelShape &shape,
                                               const BlockSizes &blocks) const {
  int64_t fewer = blocks.lookup("min_blocks") - 1;
  if (fewer < 1)
    return std::nullopt;
  BlockSizes relaxed = blocks;
  relaxed["min_blocks"] = fewer;
  // What was too little is expected to be used up.
  Resources all;
  all.registers = getMostRegisters(chip, relaxed);
  all.sharedBytes = estimate(shape, blocks, nullptr).footprint.sharedBytes;
  return estimate(shape, relaxed, &all);
}

/// The registers that a compiler may do with where the model expects
/// `estimate`: estimates were up to a fifth too high.
static int64_t getFewestRegisters(int64_t estimate) { return estimate * 4 / 5; }

void cuda_model::insertContenders(
    llvm::SmallVectorImpl<ScheduleChoice> &choices, const Chip &chip,
    double room, Footprint footprint, int64_t safe,
    llvm::function_ref<ScheduleChoice(int64_t)> makeChoice) {
  int64_t expected = footprint.registers;
  footprint.registers = getFewestRegisters(footprint.registers);
  if (footprint.registers > kMostRegisters)
    return;
  int64_t most = getBlocksPerSM(chip, footprint);
  if (!most)
    return;
  auto insert = [&](int64_t perSM) {
    ScheduleChoice choice = makeChoice(perSM);
    if (getRoom(chip, choice.blocks, expected) > room)
      insertByTime(choices, std::move(choice), kContenders);
  };
  insert(most);
  if (safe && safe != most)
    insert(safe);
}

/// Narrow rows have a warp each, or share one; wide ones a block. Rows that
/// do not fit the registers are worked on in parts.
BlockSizes CudaModel::chooseRows(const KernelShape &shape) const {
  int64_t range = shape.splits ? shape.rows / shape.splits : shape.rows;
  int64_t divisible = shape.sequence ? std::gcd(range, shape.sequence) : range;
  int64_t columns = std::max<int64_t>(shape.columns, 1);
  // A block that walks over rows gains by few, long steps.
  int64_t block =
      shape.splits && shape.rowTensors <= 4 ? 2 * kRowBlock : kRowBlock;
  int64_t limit = std::clamp<int64_t>(block / columns, 1, 32);
  if (!shape.splits)
    limit = std::min(
        limit, std::max<int64_t>(1, shape.rows * shape.rowParts / chip.sms));
  int64_t rows = getLargestDivisor(divisible, limit);
  // Rows spread evenly over warps where there is a choice.
  int64_t even = getLargestDivisor(divisible & -divisible, limit);
  if (2 * even > rows)
    rows = even;

  BlockSizes blocks;
  blocks["block_rows"] = rows;
  bool parts = shape.columnParts && columns > kMostRowElements * kRowThreads;
  if (parts)
    blocks["block_columns"] = kRowColumns;
  int64_t elements = rows * (parts ? kRowColumns : columns);
  // A warp for each row at least, unless rows are shorter than a warp.
  int64_t threads = roundDown(llvm::divideCeilSigned(elements, kRowElements),
                              32, kRowThreads);
  if (columns >= 32)
    threads = std::max(threads, roundDown(32 * rows, 32, kRowThreads));
  blocks["threads"] = threads;
  return blocks;
}

BlockSizes CudaModel::chooseStream(const KernelShape &shape) const {
  BlockSizes blocks;
  switch (shape.kind) {
  case KernelKind::EmbeddingGrad:
    // One vector of four for each thread.
    blocks["threads"] = roundDown(shape.columns / 4, 32, kFlatThreads);
    return blocks;
  case KernelKind::Flat:
    blocks["block"] = shape.partials ? kSumBlock : kFlatBlock;
    blocks["threads"] = kFlatThreads;
    break;
  case KernelKind::Reduce:
    blocks["block"] = kSumBlock;
    blocks["threads"] = kFlatThreads;
    break;
  default: { // column_sum
    int64_t rows = std::min<int64_t>(shape.rows, 32);
    blocks["block"] = roundDown(
        std::min(shape.elements / (2 * chip.sms), 4096 / rows), 32, kFlatBlock);
    blocks["threads"] = roundDown(rows * blocks["block"] / 4, 32, kFlatThreads);
    return blocks;
  }
  }
  // A model for tests may have less.
  blocks["block"] = std::min(blocks["block"], roundUp(shape.elements, 32));
  blocks["threads"] = std::min(blocks["threads"], blocks["block"]);
  return blocks;
}

/// Elements that a thread holds at once, of all tiles.
int64_t CudaModel::getLiveElements(const KernelShape &shape,
                                   const BlockSizes &blocks) const {
  int64_t threads = blocks.lookup("threads");
  auto perThread = [&](int64_t elements) {
    return llvm::divideCeilSigned(elements, threads);
  };
  switch (shape.kind) {
  case KernelKind::Rows: {
    int64_t columns = std::max<int64_t>(shape.columns, 1);
    if (int64_t part = blocks.lookup("block_columns"))
      columns = std::min(columns, part);
    // Sums of rows are carried through the loop; the first takes the place of
    // a tile that is not needed any more.
    int64_t tiles = std::min(shape.rowTensors + 1, kMostLiveTiles) +
                    std::max<int64_t>(shape.rowSums - 1, 0);
    return tiles * perThread(blocks.lookup("block_rows") * columns);
  }
  case KernelKind::EmbeddingGrad:
    return 2 * perThread(shape.columns);
  case KernelKind::Flat:
    return (shape.partials ? 2 : 8) * perThread(blocks.lookup("block"));
  case KernelKind::Reduce:
    return 2 * perThread(blocks.lookup("block"));
  default:
    return 2 * perThread(blocks.lookup("block") *
                         std::min<int64_t>(shape.rows, 32));
  }
}

ScheduleChoice CudaModel::estimateStream(const KernelShape &shape,
                                         BlockSizes blocks) const {
  ScheduleChoice choice;
  choice.footprint.threads = blocks.lookup("threads");
  choice.footprint.registers = 32 + getLiveElements(shape, blocks);
  // Warps exchange their parts of sums.
  choice.footprint.sharedBytes = 1024;
  choice.blocksPerSM =
      std::max<int64_t>(1, getBlocksPerSM(chip, choice.footprint));
  int64_t grid = 1;
  for (int64_t extent : getGrid(shape, blocks))
    grid *= extent;
  choice.fill = getFill(chip, grid, choice.blocksPerSM);
  // An SM alone draws no more than its part of L2; parts of rows are read
  // again from there.
  double bytes = shape.bytes;
  double perSM = bytes / std::min(grid, chip.sms) / chip.l2BytesPerCycle;
  double again = blocks.lookup("block_columns") ? 2 : 1;
  double seconds =
      std::max(bytes / chip.memoryBytesPerSecond, again * perSM / chip.clock);
  // A step of a loop waits for what it loads.
  constexpr double kStepSeconds = 1.2e-6;
  if (shape.splits)
    seconds = std::max(
        seconds,
        kStepSeconds * shape.rows / shape.splits / blocks.lookup("block_rows") *
            shape.rowParts *
            llvm::divideCeilSigned(grid, chip.sms * choice.blocksPerSM));
  if (shape.kind == KernelKind::EmbeddingGrad)
    seconds = std::max(seconds + kSearchSeconds * shape.rows *
                                     llvm::divideCeilSigned(
                                         grid, chip.sms * choice.blocksPerSM),
                       kTokenRowSeconds * shape.rows * kTokenShare);
  // Blocks of one SM hide each other's waits.
  seconds += getSumCycles(chip, shape, grid) *
             llvm::divideCeilSigned(grid, chip.sms * choice.blocksPerSM) /
             chip.clock;
  choice.microseconds = (seconds + kLaunchSeconds) * 1e6;
  choice.blocks = std::move(blocks);
  return choice;
}

std::unique_ptr<TargetModel> llmc::createCudaModel(const Chip &chip) {
  return std::make_unique<CudaModel>(chip);
}
