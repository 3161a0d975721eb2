//===- TargetModel.h - who chooses block sizes ------------------*- C++ -*-===//

#ifndef LLMC_COMPILER_SCHEDULE_TARGETMODEL_H
#define LLMC_COMPILER_SCHEDULE_TARGETMODEL_H

#include "compiler/Schedule/Chip.h"
#include "compiler/Schedule/KernelShape.h"

#include <memory>
#include <optional>

namespace llmc {

/// What a compiler reports of a kernel: of a thread, but for shared memory,
/// which is a block's.
struct Resources {
  int64_t registers = 0;
  int64_t spillBytes = 0; // stored and loaded again
  int64_t sharedBytes = 0;
};

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
  /// Whether blocks may share the depth of a product: `split_k`.
  virtual bool splitsProducts() const { return false; }
  /// What is wrong with cutting a product's depth into `parts`; empty if
  /// nothing is.
  virtual std::string findPartsFault(const KernelShape &shape,
                                     int64_t parts) const {
    return "";
  }
  virtual ScheduleChoice choose(const KernelShape &shape) const = 0;
  /// What to expect of a given schedule, whose kernel takes what a compiler
  /// reported, if one did.
  virtual ScheduleChoice estimate(const KernelShape &shape,
                                  const BlockSizes &blocks,
                                  const Resources *reported = nullptr) const {
    return {blocks};
  }

  /// Whether choices for such kernels depend on what a compiler makes of them.
  virtual bool dependsOnCompiler(const KernelShape &shape) const {
    return false;
  }
  /// The registers that a thread can have with this schedule, to those that
  /// the model expects it to need.
  virtual double getRoom(const KernelShape &shape,
                         const BlockSizes &blocks) const {
    return 1;
  }
  /// The schedules that may turn out best, best first, each with the time that
  /// it takes if a compiler needs as few registers as it may: of all with more
  /// than `room`.
  virtual llvm::SmallVector<ScheduleChoice>
  findContenders(const KernelShape &shape, double room) const {
    return {};
  }
  /// The same schedule with more registers for each thread; none if it has all
  /// that there are.
  virtual std::optional<ScheduleChoice> relax(const KernelShape &shape,
                                              const BlockSizes &blocks) const {
    return std::nullopt;
  }
};

/// On kernels whose schedule was not the model's choice.
constexpr llvm::StringLiteral kGivenName = "schedule_given";
/// On kernels whose schedule is being ranked: what a compiler reported of some,
/// and what it is to be asked about next. See llmc-rank-schedules.
constexpr llvm::StringLiteral kMeasuredName = "measured";
constexpr llvm::StringLiteral kUnmeasuredName = "unmeasured";
/// On kernels whose schedule was ranked: what a compiler reported of it.
constexpr llvm::StringLiteral kResourcesName = "resources";
/// On kernels that Schedule made: the kernel whose work they share.
constexpr llvm::StringLiteral kPartOfName = "part_of";

/// Gives a kernel its schedule, or checks the one that it has, and what follows
/// from it: grid, flops, bytes and what the model expects.
mlir::LogicalResult scheduleKernel(tile::FuncOp kernel,
                                   const TargetModel &model);

/// Sets what the model expects of a kernel that has its schedule: bytes, flops
/// and the time. What a compiler reported of it is dropped.
mlir::LogicalResult recordEstimate(tile::FuncOp kernel,
                                   const TargetModel &model);

/// What a compiler reported of a kernel whose schedule was ranked.
std::optional<Resources> getReported(tile::FuncOp kernel);

/// Inserts a choice behind those that take no longer, and keeps `most`.
void insertByTime(llvm::SmallVectorImpl<ScheduleChoice> &choices,
                  ScheduleChoice choice, size_t most);

/// The attribute `schedule` of such a kernel.
mlir::DictionaryAttr getScheduleAttr(mlir::MLIRContext *context,
                                     const KernelShape &shape,
                                     const BlockSizes &blocks);
/// The block sizes of a schedule's attribute, without `splits`, which the
/// kernel's body says.
BlockSizes getBlockSizes(mlir::DictionaryAttr schedule);
BlockSizes getBlockSizes(tile::FuncOp kernel);
/// "block_m 64, block_n 128, ..."
std::string describeBlocks(const BlockSizes &blocks);

/// Sets a kernel's schedule and what follows from it.
void setChoice(tile::FuncOp kernel, const KernelShape &shape,
               const ScheduleChoice &choice);

struct CpuModelOptions {
  int64_t cores = 16;
  int64_t l2Bytes = 512 * 1024;
};
std::unique_ptr<TargetModel> createCpuModel(CpuModelOptions options);

std::unique_ptr<TargetModel> createCudaModel(const Chip &chip);

/// The chip of the architecture `arch`; null after an error at `loc`.
const Chip *findChip(mlir::Location loc, llvm::StringRef arch);

/// The model of "cpu" or, for the architecture `arch`, of "cuda"; null after an
/// error at `loc`.
std::unique_ptr<TargetModel> createModel(mlir::Location loc,
                                         llvm::StringRef target,
                                         llvm::StringRef arch,
                                         CpuModelOptions cpuOptions = {});

} // namespace llmc

#endif
