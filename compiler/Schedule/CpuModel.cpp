//===- CpuModel.cpp - block sizes for caches and cores --------------------===//
//
// One block runs on one core. A product's block keeps its accumulators and the
// packed operands of one step in the second cache; its cost is that of the
// products plus that of packing, in rounds of blocks over the cores.
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/TargetModel.h"
#include "compiler/Support/Divisors.h"

#include "llvm/Support/MathExtras.h"

#include <limits>
#include <numeric>

using namespace llmc;

// Bringing one element of an operand to the micro-kernel costs about as much
// as this many multiply-adds; fitted to profiles of GPT-2 124M on a Zen 5. The
// right operand is always packed, the left one only when it is stored
// transposed, else it streams from further caches for each panel of the right.
static constexpr double kPackRight = 16;
static constexpr double kPackLeft = 12;
static constexpr double kStreamLeft = 4;
// Columns that registers hold side by side, three vectors or two; narrower
// blocks waste lanes. With two, a few percent go to what is done once a panel.
static constexpr int64_t kLanes = 16;
static constexpr double kTwoVectors = 1.03;
static constexpr int64_t kPanelRows = 8;
// Steps along K: a panel of the right operand, three vectors of 16 wide, then
// is 24 KiB and stays in the first cache beside the left one's rows.
static constexpr int64_t kDepth = 128;
// Blocks end at different times by about this part of one.
static constexpr double kImbalance = 0.15;
static constexpr int64_t kAttentionBlock = 64;
// Elements of 1-D blocks: several such tiles fit the second cache.
static constexpr int64_t kFlatBlock = 4096;
static constexpr int64_t kSumBlock = 1024;
static constexpr int64_t kColumnBlock = 256;
static constexpr int64_t kMostRows = 8;
static constexpr int64_t kElementBytes = 4; // of the accumulator

namespace {
class CpuModel : public TargetModel {
public:
  explicit CpuModel(CpuModelOptions options) : options(options) {}

  ScheduleChoice choose(const KernelShape &shape) const override {
    return {chooseBlocks(shape)};
  }

private:
  BlockSizes chooseBlocks(const KernelShape &shape) const {
    switch (shape.kind) {
    case KernelKind::Gemm:
      return chooseGemm(shape);
    case KernelKind::Rows:
      return chooseRows(shape);
    case KernelKind::Attention:
    case KernelKind::AttentionQueryGrad:
    case KernelKind::AttentionKeyValueGrad: {
      int64_t block = std::min(shape.sequence, kAttentionBlock);
      return {{"block_q", block}, {"block_k", block}};
    }
    case KernelKind::EmbeddingGrad:
      return {};
    case KernelKind::Flat:
      if (shape.partials)
        return {{"block",
                 std::min(kSumBlock, llvm::divideCeilSigned(shape.elements,
                                                            shape.partials))}};
      return {{"block", std::min(kFlatBlock, shape.elements)}};
    case KernelKind::Reduce:
      return {{"block", std::min(kSumBlock, shape.elements)}};
    case KernelKind::ColumnSum:
      return {{"block", std::min(kColumnBlock, shape.elements)}};
    }
    llvm_unreachable("every kind has a choice");
  }

  BlockSizes chooseGemm(const KernelShape &shape) const;
  BlockSizes chooseRows(const KernelShape &shape) const;
  double getGemmCost(const KernelShape &shape, int64_t m, int64_t n) const;

  CpuModelOptions options;
};
} // namespace

/// Multiply-adds, or what takes as long, of the core that works longest.
double CpuModel::getGemmCost(const KernelShape &shape, int64_t m,
                             int64_t n) const {
  int64_t blocks =
      llvm::divideCeilSigned(shape.m, m) * llvm::divideCeilSigned(shape.n, n);
  double rounds = llvm::divideCeilSigned(blocks, options.cores);
  double columns = std::min<double>(llvm::alignTo(n, 3 * kLanes),
                                    kTwoVectors * llvm::alignTo(n, 2 * kLanes));
  double left = shape.depthFirstA ? kPackLeft : kStreamLeft;
  // Each product brings both operands.
  double block = shape.products * (llvm::alignTo(m, kPanelRows) * columns +
                                   left * m + kPackRight * n);
  // Ends of blocks never come at once: fewer rounds balance worse.
  return (rounds + kImbalance) * block * shape.k;
}

/// Steps along K of one length, so that the last one is not mostly padding.
static int64_t chooseDepth(int64_t k) {
  if (k <= kDepth)
    return k;
  int64_t steps = llvm::divideCeilSigned(k, kDepth);
  return llvm::alignTo(llvm::divideCeilSigned(k, steps), kLanes);
}

BlockSizes CpuModel::chooseGemm(const KernelShape &shape) const {
  llvm::SmallVector<int64_t> ms = {8,  16,  24,  32,  48,  64,
                                   96, 128, 160, 192, 224, 256};
  llvm::SmallVector<int64_t> ns = {16,  32,  48,  64,  96, 128,
                                   144, 192, 256, 288, 384};
  // A narrow product is one block wide.
  if (shape.n <= 256)
    ns.push_back(llvm::alignTo(shape.n, kLanes));
  if (shape.m <= 256)
    ms.push_back(shape.m);
  if (shape.columnGroup > 1) {
    ns.push_back(shape.columnGroup);
    // A block then lies within one sequence or holds whole ones.
    for (int64_t limit : {32, 64, 128, 192, 256})
      ms.push_back(getLargestDivisor(shape.sequence, limit));
  }

  int64_t bestM = 0, bestN = 0;
  double best = std::numeric_limits<double>::infinity();
  for (int64_t m : ms) {
    if (shape.columnGroup > 1 && shape.sequence % m != 0 &&
        m % shape.sequence != 0)
      continue;
    for (int64_t n : ns) {
      if (n % shape.columnGroup != 0)
        continue;
      // A head may be wider than any block that fits.
      if (shape.products * m * n * kElementBytes > options.l2Bytes / 2 &&
          (bestM || n != shape.columnGroup))
        continue;
      double cost = getGemmCost(shape, m, n);
      if (cost < best)
        std::tie(best, bestM, bestN) = std::tuple(cost, m, n);
    }
  }
  assert(bestM && "the smallest block is always allowed");
  return {{"block_m", bestM},
          {"block_n", bestN},
          {"block_k", chooseDepth(shape.k)}};
}

/// The row kernels' limits are the second cache, where the rows of a block
/// stay between their uses, and that all cores have something to do.
BlockSizes CpuModel::chooseRows(const KernelShape &shape) const {
  int64_t range = shape.splits ? shape.rows / shape.splits : shape.rows;
  int64_t divisible = shape.sequence ? std::gcd(range, shape.sequence) : range;
  int64_t limit = std::max<int64_t>(
      1, options.l2Bytes / 4 / std::max<int64_t>(1, shape.rowBytes));
  if (!shape.splits)
    limit = std::min(limit, std::max<int64_t>(1, shape.rows * shape.rowParts /
                                                     (2 * options.cores)));
  return {
      {"block_rows", getLargestDivisor(divisible, std::min(limit, kMostRows))}};
}

std::unique_ptr<TargetModel> llmc::createCpuModel(CpuModelOptions options) {
  return std::make_unique<CpuModel>(options);
}
