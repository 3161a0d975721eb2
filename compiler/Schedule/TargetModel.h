//===- TargetModel.h - who chooses block sizes ------------------*- C++ -*-===//

#ifndef LLMC_COMPILER_SCHEDULE_TARGETMODEL_H
#define LLMC_COMPILER_SCHEDULE_TARGETMODEL_H

#include "compiler/Schedule/Chip.h"
#include "compiler/Schedule/KernelShape.h"

#include <memory>

namespace llmc {

/// A schedule and what the model expects of it. Estimates are 0 where a target
/// makes none.
struct ScheduleChoice {
  BlockSizes blocks;
  /// The time of one launch.
  double microseconds = 0;
  /// See getFill.
  double fill = 0;
  int64_t blocksPerSM = 0;
  Footprint footprint = {};
};

/// An analytic model of a target. Policy only: it changes no IR.
class TargetModel {
public:
  virtual ~TargetModel() = default;

  /// The names that a schedule of such a kernel holds.
  virtual llvm::SmallVector<llvm::StringRef>
  getNames(const KernelShape &shape) const {
    return getBlockNames(shape);
  }
  /// What makes such a kernel impossible; empty if nothing does.
  virtual std::string findObstacle(const KernelShape &shape) const {
    return "";
  }
  /// What is wrong with a given schedule; empty if nothing is.
  virtual std::string findFault(const KernelShape &shape,
                                const BlockSizes &blocks) const {
    return "";
  }
  virtual ScheduleChoice choose(const KernelShape &shape) const = 0;
  /// What to expect of a given schedule.
  virtual ScheduleChoice estimate(const KernelShape &shape,
                                  const BlockSizes &blocks) const {
    return {blocks};
  }
};

/// On kernels whose schedule was not the model's choice.
constexpr llvm::StringLiteral kGivenName = "schedule_given";
/// On kernels that Schedule made: the kernel whose work they share.
constexpr llvm::StringLiteral kPartOfName = "part_of";

/// Gives a kernel its schedule, or checks the one that it has, and what follows
/// from it: grid, flops, bytes and what the model expects.
mlir::LogicalResult scheduleKernel(tile::FuncOp kernel,
                                   const TargetModel &model);

/// The sizes that a kernel's `schedule` holds.
BlockSizes getBlockSizes(tile::FuncOp kernel);

/// Sets what the model expects of a kernel that has its schedule: bytes, flops
/// and the time.
mlir::LogicalResult recordEstimate(tile::FuncOp kernel,
                                   const TargetModel &model);

struct CpuModelOptions {
  int64_t cores = 16;
  int64_t l2Bytes = 512 * 1024;
};
std::unique_ptr<TargetModel> createCpuModel(CpuModelOptions options);

std::unique_ptr<TargetModel> createCudaModel(const Chip &chip);

/// The model of "cpu" or, for the architecture `arch`, of "cuda"; null after an
/// error at `loc`.
std::unique_ptr<TargetModel> createModel(mlir::Location loc,
                                         llvm::StringRef target,
                                         llvm::StringRef arch,
                                         CpuModelOptions cpuOptions = {});

} // namespace llmc

#endif
