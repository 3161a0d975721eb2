//===- Compiler.h - a model file becomes a program ------------------------===//

#ifndef LLMC_COMPILER_PIPELINE_COMPILER_H
#define LLMC_COMPILER_PIPELINE_COMPILER_H

#include "compiler/Pipeline/Phases.h"

namespace llmc {

/// Takes `module` (just parsed) through all phases and writes the executable
/// `output`, which appears only when all went well. The module ends after
/// Tiling. Errors are diagnostics.
mlir::LogicalResult compileProgram(mlir::ModuleOp module,
                                   const PipelineOptions &options,
                                   llvm::StringRef output);

/// Takes `module` up to `options.compileTo` and prints it; after "target" this
/// is the kernels' LLVM IR or CUDA C++.
mlir::LogicalResult compileTo(mlir::ModuleOp module,
                              const PipelineOptions &options,
                              llvm::raw_ostream &os);

/// Writes the kernels of `module` into `directory`, a file each, in the form
/// that `options.emit` names. For the target cuda only.
mlir::LogicalResult emitKernels(mlir::ModuleOp module,
                                const PipelineOptions &options,
                                llvm::StringRef directory);

/// Takes a module that is past MemoryPlan through the target as far as is
/// needed to know the workspace of a thread, in bytes; 0 on a GPU.
mlir::FailureOr<int64_t> findWorkspace(mlir::ModuleOp module,
                                       const PipelineOptions &options);

} // namespace llmc

#endif
