//===- CpuTarget.cpp - kernels as objects of this machine -----------------===//

#include "compiler/Pipeline/TargetCode.h"

#include "compiler/Target/CPU/Codegen.h"
#include "dialects/Plan/Plan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

static FailureOr<CompiledKernels>
compile(ModuleOp module, const PipelineOptions &options, bool keepIR) {
  CpuOptions cpu;
  cpu.cpu = options.cpu;
  cpu.threads = options.threads;
  cpu.keepIR = keepIR || !options.dumpTo.empty();
  llvm::Expected<CompiledKernels> kernels = compileKernels(module, cpu);
  if (!kernels)
    return report(module, kernels.takeError());
  for (auto arena : module.getOps<plan::ArenaOp>())
    if (arena.getKind() == plan::ArenaKind::Workspace)
      arena.setBytes(kernels->workspaceBytes);
  for (auto [index, ir] : llvm::enumerate(kernels->ir))
    if (failed(
            dump(options,
                 llvm::formatv("{0}-{1}.ll", dumpPrefix("target"), index).str(),
                 ir, module.getLoc())))
      return failure();
  for (auto [index, object] : llvm::enumerate(kernels->objects))
    if (failed(
            dump(options,
                 llvm::formatv("{0}-{1}.o", dumpPrefix("target"), index).str(),
                 object->getBuffer(), module.getLoc())))
      return failure();
  return std::move(*kernels);
}

FailureOr<TargetCode> llmc::compileForCpu(ModuleOp module,
                                          const PipelineOptions &options) {
  llvm::Expected<CpuTarget> target = CpuTarget::resolve(options.cpu);
  if (!target)
    return report(module, target.takeError());
  FailureOr<CompiledKernels> kernels =
      compile(module, options, /*keepIR=*/false);
  if (failed(kernels))
    return failure();
  TargetCode code;
  code.objects = std::move(kernels->objects);
  code.host.target = "cpu: " + target->name;
  code.hostCpu = options.cpu;
  return code;
}

LogicalResult llmc::printForCpu(ModuleOp module, const PipelineOptions &options,
                                llvm::raw_ostream &os) {
  FailureOr<CompiledKernels> kernels =
      compile(module, options, /*keepIR=*/true);
  if (failed(kernels))
    return failure();
  for (const std::string &ir : kernels->ir)
    os << ir;
  return success();
}

FailureOr<int64_t> llmc::findCpuWorkspace(ModuleOp module,
                                          const PipelineOptions &options) {
  llvm::Expected<CpuTarget> target = CpuTarget::resolve(options.cpu);
  if (!target)
    return report(module, target.takeError());
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  std::string passes =
      llvm::formatv("cse,llmc-convert-tile-to-cpu{{vector-width={0} fma={1}}",
                    target->vectorWidth, target->fma);
  if (failed(parsePassPipeline(passes, manager)) || failed(manager.run(module)))
    return failure();
  int64_t bytes = 0;
  module.walk([&](func::FuncOp kernel) {
    if (auto own = kernel->getAttrOfType<IntegerAttr>("workspace_bytes"))
      bytes = std::max(bytes, own.getInt());
  });
  return bytes;
}
