//===- HostModule.h - tables and entry points of a program ----------------===//

#ifndef LLMC_COMPILER_LINK_HOSTMODULE_H
#define LLMC_COMPILER_LINK_HOSTMODULE_H

#include "runtime/abi/ProgramAbi.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Module.h"

#include <memory>
#include <string>
#include <vector>

namespace llmc {

/// Code for a GPU, as bytes; either may be empty, not both.
struct HostImage {
  std::string cubin;
  std::string ptx;
};

/// Where a kernel's code is and how it is launched on a GPU.
struct HostKernel {
  int64_t image = -1; ///< index into HostOptions::images
  std::string symbol; ///< entry of that image
  int32_t threads = 0;
  int32_t sharedBytes = 0;
  int32_t minBlocks = 0;
};

struct HostOptions {
  std::string modelFile;
  /// "cpu: znver3", "cuda: sm_89".
  std::string target;
  LlmcDeviceKind deviceKind = LlmcDeviceCpu;
  /// 89 for sm_89; 0 for the emulated GPU and for the CPU.
  int32_t computeCapability = 0;
  std::string precision = "f32";
  /// See LlmcProgram.
  int64_t ncclChannels = 0;
  std::vector<HostImage> images;
  /// By kernel name; every kernel of a GPU program is in it.
  llvm::StringMap<HostKernel> kernels;
};

/// The LLVM module that defines `llmcProgram` (runtime/abi/ProgramAbi.h) for
/// `module`, which is past Tiling: plan ops, and kernels with grid, flops and
/// bytes. On the CPU kernels are external symbols; for a GPU they are entries
/// of the options' images, which become part of the module, and may be
/// `tile.func` or `cuda.kernel`. Missing parts are diagnostics.
mlir::FailureOr<std::unique_ptr<llvm::Module>>
buildHostModule(llvm::LLVMContext &context, mlir::ModuleOp module,
                const HostOptions &options);

} // namespace llmc

#endif
