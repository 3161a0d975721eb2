//===- Pipeline.h - the order of the CPU passes -----------------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CPU_PIPELINE_H
#define LLMC_COMPILER_TARGET_CPU_PIPELINE_H

#include "mlir/Pass/PassManager.h"

namespace llmc {

struct CpuPipelineOptions {
  /// Bytes in a vector register: 16, 32 or 64.
  unsigned vectorWidth = 32;
  bool fma = true;
};

/// From tile programs to the LLVM dialect.
void buildCpuPipeline(mlir::OpPassManager &manager,
                      const CpuPipelineOptions &options);

/// Registers the pipeline as `llmc-cpu-pipeline` for llmc-opt.
void registerCpuPipeline();

} // namespace llmc

#endif // LLMC_COMPILER_TARGET_CPU_PIPELINE_H
