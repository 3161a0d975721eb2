//===- HostModule.h - tables and entry points of a program ----------------===//

#ifndef LLMC_COMPILER_LINK_HOSTMODULE_H
#define LLMC_COMPILER_LINK_HOSTMODULE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <string>

namespace llmc {

struct HostOptions {
  std::string modelFile;
  /// "cpu: znver3".
  std::string target;
};

/// The LLVM module that defines `llmcProgram` (runtime/abi/ProgramAbi.h) for
/// `module`, which is past Tiling: plan ops, and kernels with grid, flops and
/// bytes. Kernels are external symbols. Missing parts are diagnostics.
mlir::FailureOr<std::unique_ptr<llvm::Module>>
buildHostModule(llvm::LLVMContext &context, mlir::ModuleOp module,
                const HostOptions &options);

} // namespace llmc

#endif
