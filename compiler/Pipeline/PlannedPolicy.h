//===- PlannedPolicy.h - a policy, its memory and its time ------*- C++ -*-===//
//
// What a policy takes, read off the module that MemoryPlan left.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_PIPELINE_PLANNEDPOLICY_H
#define LLMC_COMPILER_PIPELINE_PLANNEDPOLICY_H

#include "compiler/MemoryPlan/MemoryReport.h"
#include "compiler/Pipeline/Phases.h"
#include "compiler/Schedule/StepTime.h"

namespace llmc {

/// What a device needs beside the plan: its driver's context, code and graphs.
constexpr int64_t kDriverReserve = int64_t(512) << 20;
/// How many channels NCCL may open, which is what its memory follows from; 0
/// without it.
int32_t ncclChannels(const PipelineOptions &options);
/// What NCCL takes of each device, where there are several.
int64_t ncclReserve(const PipelineOptions &options);
/// Both; 0 on the CPU, where the device's memory is the process's.
int64_t deviceReserve(const PipelineOptions &options);

/// One policy, planned.
struct PlannedPolicy {
  PipelineOptions options;
  /// Why there is no plan; empty if there is one.
  std::string failure;
  MemoryReport::Totals memory;
  StepTime time;
  /// Of the device, with what is reserved, and of the host, all ranks'.
  int64_t deviceBytes = 0, hostBytes = 0;
  /// By how much the limits are exceeded; 0 if it fits.
  int64_t excessDevice = 0, excessHost = 0;

  /// Whether a step takes less than with `other`.
  bool isFasterThan(const PlannedPolicy &other) const;
  bool fits() const { return failure.empty() && !excessDevice && !excessHost; }
  /// "ZeRO 1, recompute ops, batch 4"
  std::string describe() const;

  /// Of a module after MemoryPlan.
  static PlannedPolicy build(mlir::ModuleOp module, const MemoryReport &report,
                             const PipelineOptions &options,
                             const MemoryLimits &limits);
  /// Of the report, all that depends on it.
  void setMemory(const MemoryReport &report, const MemoryLimits &limits);
};

/// Of a device whose memory nobody named it is that of the chip's usual board.
MemoryLimits withUsualBoard(MemoryLimits limits,
                            const PipelineOptions &options);

} // namespace llmc

#endif
