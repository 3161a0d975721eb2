//===- RankSchedules.h - asks NVRTC which schedule is best ----------------===//

#ifndef LLMC_COMPILER_PIPELINE_RANKSCHEDULES_H
#define LLMC_COMPILER_PIPELINE_RANKSCHEDULES_H

#include "compiler/Pipeline/Phases.h"

namespace llmc {

/// Gives the kernels of `module`, which have the model's choice, the schedules
/// that NVRTC's reports prove to be best, and runs `passes`, those of Schedule
/// behind the choice. Compiles what llmc-rank-schedules wants to know of, until
/// it has decided.
mlir::LogicalResult rankSchedules(mlir::ModuleOp module,
                                  const PipelineOptions &options,
                                  llvm::StringRef passes);

} // namespace llmc

#endif
