//===- Compiler.cpp - a model file becomes a program ----------------------===//

#include "compiler/Pipeline/Compiler.h"

#include "compiler/Link/HostModule.h"
#include "compiler/Link/LinkProgram.h"
#include "compiler/Target/CPU/Codegen.h"
#include "dialects/Plan/Plan.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

static LogicalResult report(ModuleOp module, llvm::Error error) {
  return module.emitError() << llvm::toString(std::move(error));
}

static void setWorkspace(ModuleOp module, int64_t bytes) {
  for (auto arena : module.getOps<plan::ArenaOp>())
    if (arena.getKind() == plan::ArenaKind::Workspace)
      arena.setBytes(bytes);
}

/// The target phase: kernels become objects, the workspace its size.
static FailureOr<CompiledKernels>
compileTarget(ModuleOp module, const PipelineOptions &options, bool keepIR) {
  PhaseTimer timer(options, "target");
  CpuOptions cpu;
  cpu.cpu = options.cpu;
  cpu.threads = options.threads;
  cpu.keepIR = keepIR || !options.dumpTo.empty();
  llvm::Expected<CompiledKernels> kernels = compileKernels(module, cpu);
  if (!kernels)
    return report(module, kernels.takeError());
  setWorkspace(module, kernels->workspaceBytes);
  for (auto [index, ir] : llvm::enumerate(kernels->ir))
    if (failed(dump(options, llvm::formatv("8-target-{0}.ll", index).str(), ir,
                    module.getLoc())))
      return failure();
  for (auto [index, object] : llvm::enumerate(kernels->objects))
    if (failed(dump(options, llvm::formatv("8-target-{0}.o", index).str(),
                    object->getBuffer(), module.getLoc())))
      return failure();
  return std::move(*kernels);
}

LogicalResult llmc::compileTo(ModuleOp module, const PipelineOptions &options,
                              llvm::raw_ostream &os) {
  unsigned last = *findPhase(options.compileTo);
  if (failed(runPhases(module, options, 0, last)))
    return failure();
  if (allPhases()[last].passes) {
    module.print(os);
    return success();
  }
  FailureOr<CompiledKernels> kernels =
      compileTarget(module, options, /*keepIR=*/true);
  if (failed(kernels))
    return failure();
  for (const std::string &ir : kernels->ir)
    os << ir;
  return success();
}

LogicalResult llmc::compileProgram(ModuleOp module,
                                   const PipelineOptions &options,
                                   StringRef output) {
  if (failed(runPhases(module, options, 0, allPhases().size() - 1)))
    return failure();
  FailureOr<CompiledKernels> kernels =
      compileTarget(module, options, /*keepIR=*/false);
  if (failed(kernels))
    return failure();

  PhaseTimer timer(options, "link");
  llvm::Expected<CpuTarget> target = CpuTarget::resolve(options.cpu);
  if (!target)
    return report(module, target.takeError());
  llvm::LLVMContext context;
  FailureOr<std::unique_ptr<llvm::Module>> host = buildHostModule(
      context, module,
      {options.modelFile, options.target + ": " + target->name});
  if (failed(host))
    return failure();
  std::unique_ptr<llvm::TargetMachine> machine = target->createMachine();
  auto object = optimizeAndEmit(**host, *machine);
  if (!object)
    return report(module, object.takeError());
  if (!options.dumpTo.empty()) {
    std::string text;
    llvm::raw_string_ostream os(text);
    (*host)->print(os, nullptr);
    if (failed(dump(options, "9-link.ll", text, module.getLoc())) ||
        failed(
            dump(options, "9-link.o", (*object)->getBuffer(), module.getLoc())))
      return failure();
  }
  kernels->objects.push_back(std::move(*object));
  if (llvm::Error error = linkProgram(kernels->objects, output,
                                      {options.linker, options.runtime}))
    return report(module, std::move(error));
  return success();
}

FailureOr<int64_t> llmc::findWorkspace(ModuleOp module,
                                       const PipelineOptions &options) {
  llvm::Expected<CpuTarget> target = CpuTarget::resolve(options.cpu);
  if (!target)
    return report(module, target.takeError());
  unsigned tiling = *findPhase("tiling");
  if (failed(runPhases(module, options, tiling, tiling)))
    return failure();
  PhaseTimer timer(options, "target");
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
