//===- CudaProducts.h - tiles of products on a GPU --------------*- C++ -*-===//
//
// What gemm and attention kernels share: the rate at which resident warps feed
// the units that multiply, and the choice among candidates.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SCHEDULE_CUDAPRODUCTS_H
#define LLMC_COMPILER_SCHEDULE_CUDAPRODUCTS_H

#include "compiler/Schedule/TargetModel.h"

namespace llmc::cuda_model {

/// Seconds that a launch takes before and after its blocks run.
constexpr double kLaunchSeconds = 2e-6;
/// Bytes that shared memory delivers to an SM in a cycle.
constexpr double kSharedBytesPerCycle = 128;
/// Cycles until the first operands of a block are there, and until its last
/// results are gone.
constexpr double kFillCycles = 900;

/// Cycles until the threads of a block have added up a number of each.
constexpr double kBlockSumCycles = 300;

/// Cycles in which one of `blocks` blocks sums what it has stored, by columns
/// or all squares.
inline double getSumCycles(const Chip &chip, const KernelShape &shape,
                           int64_t blocks) {
  if (!shape.blockSums)
    return 0;
  return double(shape.summedElements) / blocks / chip.f32Rate + kBlockSumCycles;
}

/// The fraction of the peak rate that `warps` on one SM reach: four schedulers
/// need a warp each, and as many warps as the others; and a second one, or more
/// independent products in each, to go on while the first one waits. `products`
/// is m16n8 tiles of a warp.
double getIssueRate(double warps, double products);

/// Cycles of the busiest SM, which runs `blocks` blocks spread over all SMs,
/// `perSM` at once. `getCycles(c)` are those of c blocks side by side.
template <typename GetCycles>
double getBusiestCycles(const Chip &chip, int64_t blocks, int64_t perSM,
                        GetCycles getCycles) {
  int64_t share = (blocks + chip.sms - 1) / chip.sms;
  double cycles = double(share / perSM) * getCycles(perSM);
  return cycles + (share % perSM ? getCycles(share % perSM) : 0.0);
}

/// The smallest power of two that is at least `value` and `least`.
int64_t roundUp(int64_t value, int64_t least);

/// How many schedules findContenders names: with those above the first, enough
/// for a compiler to reject some.
constexpr size_t kContenders = 8;

/// See TargetModel::getRoom; `expected` registers are what the model expects.
double getRoom(const Chip &chip, const BlockSizes &blocks, int64_t expected);

/// Inserts the schedules of one tile that have more than `room` into the
/// contenders: with the blocks per SM that a compiler may reach, and with those
/// that the estimate promises, `safe`. `makeChoice(perSM)` makes them.
void insertContenders(llvm::SmallVectorImpl<ScheduleChoice> &choices,
                      const Chip &chip, double room, Footprint footprint,
                      int64_t safe,
                      llvm::function_ref<ScheduleChoice(int64_t)> makeChoice);

ScheduleChoice chooseGemm(const Chip &chip, const KernelShape &shape);
llvm::SmallVector<ScheduleChoice>
findGemmContenders(const Chip &chip, const KernelShape &shape, double room);
ScheduleChoice estimateGemm(const Chip &chip, const KernelShape &shape,
                            const BlockSizes &blocks,
                            const Footprint *reported);
std::string findGemmFault(const KernelShape &shape, const BlockSizes &blocks);
std::string findGemmPartsFault(const KernelShape &shape, int64_t parts);

ScheduleChoice chooseAttention(const Chip &chip, const KernelShape &shape);
llvm::SmallVector<ScheduleChoice>
findAttentionContenders(const Chip &chip, const KernelShape &shape,
                        double room);
ScheduleChoice estimateAttention(const Chip &chip, const KernelShape &shape,
                                 const BlockSizes &blocks,
                                 const Footprint *reported);
std::string findAttentionFault(const KernelShape &shape,
                               const BlockSizes &blocks);

} // namespace llmc::cuda_model

#endif
