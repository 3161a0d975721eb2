//===- RankSchedules.h - asks NVRTC which schedule is best ----------------===//

#ifndef LLMC_COMPILER_PIPELINE_RANKSCHEDULES_H
#define LLMC_COMPILER_PIPELINE_RANKSCHEDULES_H

#include "compiler/Pipeline/Phases.h"

namespace llmc {

/// Runs llmc-rank-schedules on `module`, which is past Schedule, and compiles
/// what it wants to know of, until it has decided.
mlir::LogicalResult rankSchedules(mlir::ModuleOp module,
                                  const PipelineOptions &options);

} // namespace llmc

#endif
