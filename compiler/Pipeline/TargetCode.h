//===- TargetCode.h - what a target makes of tile programs ----------------===//
//
// One function per target, each in a file of its own: CpuTarget, CudaTarget.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_PIPELINE_TARGETCODE_H
#define LLMC_COMPILER_PIPELINE_TARGETCODE_H

#include "compiler/Link/HostModule.h"
#include "compiler/Pipeline/Phases.h"

#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <string>
#include <vector>

namespace llmc {

/// What Link needs of a target.
struct TargetCode {
  /// To be linked with the program.
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
  /// The target's part of the program's tables.
  HostOptions host;
  /// The processor that the host's own code is for, as --cpu names it.
  std::string hostCpu;
};

/// Compiles the kernels of `module`, which is past Tiling. Only the CPU's
/// workspace arena is changed, to its size.
mlir::FailureOr<TargetCode> compileForCpu(mlir::ModuleOp module,
                                          const PipelineOptions &options);
mlir::FailureOr<TargetCode> compileForCuda(mlir::ModuleOp module,
                                           const PipelineOptions &options);

/// Prints the kernels of `module` as their target's last text: LLVM IR, or
/// CUDA C++, for which no CUDA is needed.
mlir::LogicalResult printForCpu(mlir::ModuleOp module,
                                const PipelineOptions &options,
                                llvm::raw_ostream &os);
mlir::LogicalResult printForCuda(mlir::ModuleOp module,
                                 const PipelineOptions &options,
                                 llvm::raw_ostream &os);

/// Writes a file per kernel into `directory`: with --emit=cuda programs of
/// their own for nvcc, with --emit=ptx PTX.
mlir::LogicalResult emitForCuda(mlir::ModuleOp module,
                                const PipelineOptions &options,
                                llvm::StringRef directory);

/// Success if what compiles kernels for `options.arch` is on this machine.
llvm::Error checkCudaCompiler(const PipelineOptions &options);
/// Success if NVRTC is, for the chip that `options.arch` names or stands for.
llvm::Error checkNvrtc(const PipelineOptions &options);

/// The most memory that a thread of the CPU needs for a kernel, in bytes.
/// Lowers the kernels of `module`, which is past Tiling, in place.
mlir::FailureOr<int64_t> findCpuWorkspace(mlir::ModuleOp module,
                                          const PipelineOptions &options);

/// Reports what another library said, at the module.
mlir::LogicalResult report(mlir::ModuleOp module, llvm::Error error);

} // namespace llmc

#endif
