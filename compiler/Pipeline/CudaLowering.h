//===- CudaLowering.h - tile programs as CUDA C++ -------------------------===//
//
// tile.func -> cuda.kernel -> CUDA C++. The passes work on a copy of the
// kernels alone, so that the module keeps what Link reads of them.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_PIPELINE_CUDALOWERING_H
#define LLMC_COMPILER_PIPELINE_CUDALOWERING_H

#include "compiler/Pipeline/Phases.h"
#include "compiler/Target/CUDA/CompileImages.h"
#include "compiler/Target/CUDA/StandAlone.h"

#include "mlir/IR/OwningOpRef.h"

#include <vector>

namespace llmc {

/// Kernels as text, with all that launching one takes.
struct CudaKernels {
  mlir::OwningOpRef<mlir::ModuleOp> module; // of cuda.kernels only
  std::vector<StandAloneKernel> kernels;
  std::vector<int64_t> minBlocks;
  std::vector<mlir::Location> locations;

  std::vector<KernelSource> getSources() const;
};

/// How the kernels are compiled.
ImageOptions getImageOptions(const PipelineOptions &options);

/// A module with the kernels of `module` and its attributes.
mlir::OwningOpRef<mlir::ModuleOp> copyKernels(mlir::ModuleOp module);

/// Lowers the kernels of `module`, which is past Tiling.
mlir::FailureOr<CudaKernels> lowerToCuda(mlir::ModuleOp module,
                                         const PipelineOptions &options);

} // namespace llmc

#endif
