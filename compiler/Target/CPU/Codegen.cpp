//===- Codegen.cpp - tile programs to object code -------------------------===//

#include "compiler/Target/CPU/Codegen.h"

#include "compiler/Target/CPU/Pipeline.h"

#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

using namespace mlir;
using namespace llmc;

static llvm::Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

//===----------------------------------------------------------------------===//
// The target
//===----------------------------------------------------------------------===//

static const llvm::Target *lookupTarget(llvm::StringRef triple) {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
  std::string message;
  return llvm::TargetRegistry::lookupTarget(llvm::Triple(triple), message);
}

llvm::Expected<CpuTarget> CpuTarget::resolve(llvm::StringRef cpu) {
  CpuTarget target;
  target.triple = llvm::sys::getProcessTriple();
  const llvm::Target *found = lookupTarget(target.triple);
  if (!found)
    return makeError("no code generator for '" + target.triple + "'");
  target.name = cpu.str();
  if (cpu == "native") {
    target.name = llvm::sys::getHostCPUName().str();
    llvm::SubtargetFeatures features;
    for (const auto &feature : llvm::sys::getHostCPUFeatures())
      features.AddFeature(feature.first(), feature.second);
    target.features = features.getString();
  }
  std::unique_ptr<llvm::MCSubtargetInfo> info(
      found->createMCSubtargetInfo(llvm::Triple(target.triple), "", ""));
  if (!info->isCPUStringValid(target.name))
    return makeError("unknown CPU '" + target.name +
                     "', expected 'native' or one that LLVM knows for '" +
                     target.triple + "'");
  info.reset(found->createMCSubtargetInfo(llvm::Triple(target.triple),
                                          target.name, target.features));
  bool x86 = llvm::Triple(target.triple).isX86();
  // Other architectures: 16-byte vectors with fused multiply-add.
  target.fma = !x86 || info->checkFeatures("+fma");
  if (x86 && info->checkFeatures("+avx512f"))
    target.vectorWidth = 64;
  else if (x86 && info->checkFeatures("+avx2"))
    target.vectorWidth = 32;
  return target;
}

std::unique_ptr<llvm::TargetMachine> CpuTarget::createMachine() const {
  llvm::TargetOptions options;
  // a * b + c in one rounding where the machine can: the same on every run.
  options.AllowFPOpFusion = llvm::FPOpFusion::Fast;
  return std::unique_ptr<llvm::TargetMachine>(
      lookupTarget(triple)->createTargetMachine(
          llvm::Triple(triple), name, features, options, llvm::Reloc::PIC_,
          std::nullopt, llvm::CodeGenOptLevel::Default));
}

//===----------------------------------------------------------------------===//
// LLVM IR to an object
//===----------------------------------------------------------------------===//

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
llmc::optimizeAndEmit(llvm::Module &module, llvm::TargetMachine &machine) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());

  llvm::PipelineTuningOptions tuning;
  // The loops that matter are vector code already.
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, modules);

  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager codegen;
  if (machine.addPassesToEmitFile(codegen, stream, nullptr,
                                  llvm::CodeGenFileType::ObjectFile))
    return makeError("the target cannot emit object files");
  codegen.run(module);
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(
      std::move(bytes), module.getName(), /*RequiresNullTerminator=*/false);
}

//===----------------------------------------------------------------------===//
// Tile programs to objects
//===----------------------------------------------------------------------===//

/// Deals the kernels out to `count` modules so that none has much more to
/// compile than the others.
static std::vector<OwningOpRef<ModuleOp>> splitKernels(ModuleOp module,
                                                       unsigned count) {
  std::vector<std::pair<int64_t, tile::FuncOp>> kernels;
  for (auto kernel : module.getOps<tile::FuncOp>()) {
    int64_t size = 0;
    kernel.walk([&](Operation *op) { size += isa<tile::DotOp>(op) ? 20 : 1; });
    kernels.push_back({size, kernel});
  }
  // The order of equal sizes is that of the module, whatever the sort.
  for (auto [number, entry] : llvm::enumerate(kernels))
    entry.first = entry.first * static_cast<int64_t>(kernels.size() + 1) +
                  static_cast<int64_t>(kernels.size() - number);
  llvm::sort(kernels, [](const auto &lhs, const auto &rhs) {
    return lhs.first > rhs.first;
  });
  count = std::max<unsigned>(1, std::min<size_t>(count, kernels.size()));
  std::vector<OwningOpRef<ModuleOp>> parts;
  std::vector<int64_t> load(count, 0);
  for (unsigned i = 0; i < count; ++i)
    parts.push_back(ModuleOp::create(module.getLoc()));
  for (auto &[size, kernel] : kernels) {
    size_t least = llvm::min_element(load) - load.begin();
    load[least] += size;
    parts[least]->push_back(kernel->clone());
  }
  return parts;
}

llvm::Expected<CompiledKernels>
llmc::compileKernels(ModuleOp module, const CpuOptions &options) {
  llvm::Expected<CpuTarget> target = CpuTarget::resolve(options.cpu);
  if (!target)
    return target.takeError();
  MLIRContext *context = module.getContext();
  registerBuiltinDialectTranslation(*context);
  registerLLVMDialectTranslation(*context);

  llvm::ThreadPoolStrategy strategy =
      llvm::hardware_concurrency(options.threads);
  // More parts than threads, so that none waits long for the last.
  unsigned threads = strategy.compute_thread_count();
  std::vector<OwningOpRef<ModuleOp>> parts =
      splitKernels(module, threads == 1 ? 1 : 2 * threads);

  CompiledKernels result;
  for (OwningOpRef<ModuleOp> &part : parts) {
    PassManager manager(context);
    // Not after every pass: lowered code is large.
    manager.enableVerifier(false);
    buildCpuPipeline(manager, {target->vectorWidth, target->fma});
    if (failed(manager.run(*part)))
      return makeError("the kernels cannot be lowered for the CPU");
    part->walk([&](LLVM::LLVMFuncOp function) {
      if (auto bytes = function->getAttrOfType<IntegerAttr>("workspace_bytes"))
        result.workspaceBytes = std::max(result.workspaceBytes, bytes.getInt());
    });
  }

  result.objects.resize(parts.size());
  result.ir.resize(options.keepIR ? parts.size() : 0);
  std::vector<std::string> errors(parts.size());
  llvm::DefaultThreadPool pool(strategy);
  for (size_t i = 0; i < parts.size(); ++i)
    pool.async([&, i] {
      llvm::LLVMContext llvmContext;
      std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(
          *parts[i], llvmContext, "kernels" + std::to_string(i));
      if (!code) {
        errors[i] = "the kernels cannot be translated to LLVM IR";
        return;
      }
      std::unique_ptr<llvm::TargetMachine> machine = target->createMachine();
      auto object = optimizeAndEmit(*code, *machine);
      if (!object) {
        errors[i] = llvm::toString(object.takeError());
        return;
      }
      result.objects[i] = std::move(*object);
      if (options.keepIR) {
        llvm::raw_string_ostream stream(result.ir[i]);
        code->print(stream, nullptr);
      }
    });
  pool.wait();
  for (const std::string &error : errors)
    if (!error.empty())
      return makeError(error);
  return result;
}
