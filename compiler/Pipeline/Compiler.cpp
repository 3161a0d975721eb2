//===- Compiler.cpp - a model file becomes a program ----------------------===//

#include "compiler/Pipeline/Compiler.h"

#include "compiler/Link/HostModule.h"
#include "compiler/Link/LinkProgram.h"
#include "compiler/Pipeline/TargetCode.h"
#include "compiler/Target/CPU/Codegen.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

using namespace mlir;
using namespace llmc;

LogicalResult llmc::report(ModuleOp module, llvm::Error error) {
  return module.emitError() << llvm::toString(std::move(error));
}

static FailureOr<TargetCode> compileTarget(ModuleOp module,
                                           const PipelineOptions &options) {
  PhaseTimer timer(options, "target");
  return options.isCuda() ? compileForCuda(module, options)
                          : compileForCpu(module, options);
}

/// The tables and entry points as an object.
static FailureOr<std::unique_ptr<llvm::MemoryBuffer>>
compileHost(ModuleOp module, const PipelineOptions &options, TargetCode &code) {
  llvm::Expected<CpuTarget> target = CpuTarget::resolve(code.hostCpu);
  if (!target)
    return report(module, target.takeError());
  llvm::LLVMContext context;
  code.host.modelFile = options.modelFile;
  FailureOr<std::unique_ptr<llvm::Module>> host =
      buildHostModule(context, module, code.host);
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
    if (failed(
            dump(options, dumpPrefix("link") + ".ll", text, module.getLoc())) ||
        failed(dump(options, dumpPrefix("link") + ".o", (*object)->getBuffer(),
                    module.getLoc())))
      return failure();
  }
  return std::move(*object);
}

LogicalResult llmc::compileProgram(ModuleOp module,
                                   const PipelineOptions &options,
                                   StringRef output) {
  if (failed(runPhases(module, options, 0, allPhases().size() - 1)))
    return failure();
  FailureOr<TargetCode> code = compileTarget(module, options);
  if (failed(code))
    return failure();
  PhaseTimer timer(options, "link");
  FailureOr<std::unique_ptr<llvm::MemoryBuffer>> host =
      compileHost(module, options, *code);
  if (failed(host))
    return failure();
  code->objects.push_back(std::move(*host));
  if (llvm::Error error =
          linkProgram(code->objects, output, {options.linker, options.runtime}))
    return report(module, std::move(error));
  return success();
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
  PhaseTimer timer(options, "target");
  return options.isCuda() ? printForCuda(module, options, os)
                          : printForCpu(module, options, os);
}

LogicalResult llmc::emitKernels(ModuleOp module, const PipelineOptions &options,
                                StringRef directory) {
  if (failed(runPhases(module, options, 0, *findPhase("tiling"))))
    return failure();
  PhaseTimer timer(options, "target");
  return emitForCuda(module, options, directory);
}

FailureOr<int64_t> llmc::findWorkspace(ModuleOp module,
                                       const PipelineOptions &options) {
  // What a GPU's blocks need beside registers is shared memory.
  if (options.isCuda())
    return 0;
  unsigned tiling = *findPhase("tiling");
  if (failed(runPhases(module, options, tiling, tiling)))
    return failure();
  PhaseTimer timer(options, "target");
  return findCpuWorkspace(module, options);
}
