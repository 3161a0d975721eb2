//===- CudaTarget.cpp - kernels as GPU code -------------------------------===//
//
// tile.func -> cuda.kernel -> CUDA C++ -> cubin and PTX. The passes work on a
// copy of the kernels alone, so that the module keeps what Link reads of them.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline/TargetCode.h"

#include "compiler/Schedule/Chip.h"
#include "compiler/Target/CUDA/CompileImages.h"
#include "compiler/Target/CUDA/EmitSource.h"
#include "compiler/Target/CUDA/Intrinsics.h"
#include "compiler/Target/CUDA/StandAlone.h"
#include "dialects/Cuda/Cuda.h"
#include "dialects/Tile/Tile.h"

#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

namespace {
/// Kernels as text, with all that launching one takes.
struct CudaKernels {
  OwningOpRef<ModuleOp> module; // of cuda.kernels only
  std::vector<StandAloneKernel> kernels;
  std::vector<int64_t> minBlocks;
  std::vector<Location> locations;
};
} // namespace

static ImageOptions imageOptions(const PipelineOptions &options) {
  ImageOptions images;
  images.arch = options.arch;
  images.threads = options.threads;
  images.useCache = options.cache != "off";
  images.cacheDirectory = images.useCache ? options.cache : "";
  images.compiler = options.linker;
  images.deviceHeader = getDeviceHeader().str();
  return images;
}

llvm::Error llmc::checkCudaCompiler(const PipelineOptions &options) {
  return checkImageCompiler(imageOptions(options));
}

//===----------------------------------------------------------------------===//
// Tile programs to text
//===----------------------------------------------------------------------===//

static std::string cudaPasses(const PipelineOptions &options) {
  return llvm::formatv(
      // What goes through shared memory, before layouts: their choice depends
      // on it.
      "llmc-cuda-plan-pipeline,"
      // Which thread holds what.
      "llmc-cuda-assign-layouts,"
      // One thread's code; what bf16 rounds away may be approximated.
      "llmc-convert-tile-to-cuda{{approximate={0}},"
      // Addresses are written out now: each is computed once.
      "canonicalize,cse,"
      // Buffers share bytes, so that barriers can only come after it.
      "cuda.kernel(llmc-cuda-allocate-shared{{limit={1}},"
      "llmc-cuda-insert-barriers)",
      options.getPrecision() == "bf16",
      findChip(options.arch)->blockSharedBytes);
}

static OwningOpRef<ModuleOp> copyKernels(ModuleOp module) {
  OwningOpRef<ModuleOp> copy = ModuleOp::create(module.getLoc());
  (*copy)->setDiscardableAttrs(module->getDiscardableAttrDictionary());
  OpBuilder builder = OpBuilder::atBlockEnd(copy->getBody());
  for (auto kernel : module.getOps<tile::FuncOp>())
    builder.clone(*kernel);
  return copy;
}

static FailureOr<StandAloneKernel::Argument> describeArgument(Type type,
                                                              size_t index) {
  auto memory = dyn_cast<MemRefType>(type);
  if (!memory || !memory.hasStaticShape())
    return failure();
  StandAloneKernel::Argument argument;
  argument.name = "argument" + std::to_string(index);
  std::optional<int64_t> span = getArgumentSpan(memory);
  if (!span)
    return failure();
  argument.elements = *span;
  Type element = memory.getElementType();
  if (element.isBF16())
    argument.type = StandAloneKernel::Argument::Bf16;
  else if (element.isInteger(32))
    argument.type = StandAloneKernel::Argument::I32;
  else if (!element.isF32())
    return failure();
  return argument;
}

static FailureOr<StandAloneKernel> describeKernel(cuda::KernelOp kernel,
                                                  tile::FuncOp original) {
  StandAloneKernel result;
  FailureOr<std::string> text = emitCudaSource(kernel);
  if (failed(text))
    return failure();
  result.symbol = kernel.getSymName().str();
  result.text = std::move(*text);
  for (auto [index, type] : llvm::enumerate(kernel.getArgumentTypes())) {
    auto argument = describeArgument(type, index);
    if (failed(argument))
      return kernel.emitOpError()
             << "argument " << index << " has type " << type
             << ", expected a memref of f32, bf16 or i32 with static shape";
    result.arguments.push_back(*argument);
  }
  llvm::copy(kernel.getGrid(), result.grid);
  result.threads = kernel.getThreads();
  result.sharedBytes = kernel.getSharedBytes().value_or(0);
  auto cost = [&](StringRef name) {
    auto value = original->getAttrOfType<IntegerAttr>(name);
    return value ? value.getInt() : 0;
  };
  result.flops = cost("flops");
  result.bytes = cost("bytes");
  return result;
}

static FailureOr<CudaKernels> lowerToCuda(ModuleOp module,
                                          const PipelineOptions &options) {
  CudaKernels result;
  result.module = copyKernels(module);
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  if (failed(parsePassPipeline(cudaPasses(options), manager)) ||
      failed(manager.run(*result.module)))
    return failure();
  if (!options.dumpTo.empty()) {
    std::string text;
    llvm::raw_string_ostream os(text);
    result.module->print(os);
    if (failed(dump(options, "8-target.mlir", text, module.getLoc())))
      return failure();
  }
  SymbolTable originals(module);
  std::string sources;
  for (auto kernel : result.module->getOps<cuda::KernelOp>()) {
    FailureOr<StandAloneKernel> described = describeKernel(
        kernel, originals.lookup<tile::FuncOp>(kernel.getSymName()));
    if (failed(described))
      return failure();
    sources += described->text + "\n";
    result.kernels.push_back(std::move(*described));
    result.minBlocks.push_back(kernel.getMinBlocks().value_or(1));
    result.locations.push_back(kernel.getLoc());
  }
  if (failed(dump(options, "8-target.cu", sources, module.getLoc())))
    return failure();
  return result;
}

//===----------------------------------------------------------------------===//
// Text to GPU code
//===----------------------------------------------------------------------===//

/// Says what ptxas made of each kernel, with numbers.
static void remarkResources(const CudaKernels &cuda, const KernelImages &images,
                            const PipelineOptions &options) {
  const Chip &chip = *findChip(options.arch);
  for (size_t index = 0; index < images.size(); ++index) {
    const KernelResources &used = images[index].resources;
    if (used.registers == 0)
      continue; // nobody counted
    const StandAloneKernel &kernel = cuda.kernels[index];
    Location location = cuda.locations[index];
    auto named = [](StringRef name) {
      return remark::RemarkOpts::name(name).category("target");
    };
    int64_t blocks =
        getBlocksPerSM(chip, {kernel.threads, used.registers,
                              kernel.sharedBytes + used.staticShared});
    remark::analysis(location, named("resources")) << remark::add(
        "kernel '{0}': {1} registers a thread, {2} bytes of shared memory, "
        "{3} blocks of {4} threads per SM",
        kernel.symbol, used.registers, kernel.sharedBytes, blocks,
        kernel.threads);
    if (used.spillStores || used.spillLoads)
      remark::missed(location, named("spilled")) << remark::add(
          "kernel '{0}' spills: a thread stores {1} bytes and loads {2} bytes "
          "that its {3} registers do not hold",
          kernel.symbol, used.spillStores, used.spillLoads, used.registers);
    if (blocks < cuda.minBlocks[index])
      remark::missed(location, named("occupancy")) << remark::add(
          "kernel '{0}': {1} blocks per SM, {2} were planned; {3} registers a "
          "thread and {4} bytes of shared memory",
          kernel.symbol, blocks, cuda.minBlocks[index], used.registers,
          kernel.sharedBytes);
  }
}

/// Asks for one block less per SM where registers did not suffice: a spill
/// costs more than the block hides. Whether any kernel changed.
static FailureOr<bool> relaxSpilling(CudaKernels &cuda,
                                     const KernelImages &images) {
  SymbolTable kernels(*cuda.module);
  bool changed = false;
  for (size_t index = 0; index < images.size(); ++index) {
    if (!images[index].resources.spillStores || cuda.minBlocks[index] == 1)
      continue;
    auto kernel = kernels.lookup<cuda::KernelOp>(cuda.kernels[index].symbol);
    kernel.setMinBlocks(--cuda.minBlocks[index]);
    FailureOr<std::string> text = emitCudaSource(kernel);
    if (failed(text))
      return failure();
    cuda.kernels[index].text = std::move(*text);
    changed = true;
  }
  return changed;
}

static FailureOr<KernelImages> compileKernels(ModuleOp module,
                                              CudaKernels &cuda,
                                              const PipelineOptions &options) {
  std::optional<KernelImages> images;
  for (bool again = true; again;) {
    std::vector<KernelSource> sources;
    for (const StandAloneKernel &kernel : cuda.kernels)
      sources.push_back({kernel.symbol, kernel.text});
    llvm::Expected<KernelImages> compiled =
        compileImages(sources, imageOptions(options));
    if (!compiled)
      return report(module, compiled.takeError());
    images.emplace(std::move(*compiled));
    FailureOr<bool> changed = relaxSpilling(cuda, *images);
    if (failed(changed))
      return failure();
    again = *changed;
  }
  if (options.verbose)
    llvm::errs() << "images: " << images->summary() << "\n";
  remarkResources(cuda, *images, options);
  for (const KernelImage &image : images->images)
    if (failed(dump(options, "8-target-" + image.symbol + ".cubin", image.cubin,
                    module.getLoc())) ||
        (!image.ptx.empty() &&
         failed(dump(options, "8-target-" + image.symbol + ".ptx", image.ptx,
                     module.getLoc()))))
      return failure();
  return std::move(*images);
}

FailureOr<TargetCode> llmc::compileForCuda(ModuleOp module,
                                           const PipelineOptions &options) {
  FailureOr<CudaKernels> cuda = lowerToCuda(module, options);
  if (failed(cuda))
    return failure();
  FailureOr<KernelImages> images = compileKernels(module, *cuda, options);
  if (failed(images))
    return failure();
  TargetCode code;
  // A program moves to another machine; its own part of the work is small.
  code.hostCpu = "x86-64";
  code.host.target = "cuda: " + options.arch;
  code.host.deviceKind = LlmcDeviceCuda;
  code.host.precision = options.getPrecision().str();
  llvm::Expected<int> capability = parseArch(options.arch);
  if (!capability)
    return report(module, capability.takeError());
  code.host.computeCapability = *capability;
  for (size_t index = 0; index < images->size(); ++index) {
    const StandAloneKernel &kernel = cuda->kernels[index];
    HostKernel &host = code.host.kernels[kernel.symbol];
    host.image = images->imageOf[index];
    host.symbol = (*images)[index].symbol;
    host.threads = kernel.threads;
    host.sharedBytes = kernel.sharedBytes;
    host.minBlocks = cuda->minBlocks[index];
  }
  for (KernelImage &image : images->images)
    code.host.images.push_back({std::move(image.cubin), std::move(image.ptx)});
  return code;
}

//===----------------------------------------------------------------------===//
// Text for people
//===----------------------------------------------------------------------===//

LogicalResult llmc::printForCuda(ModuleOp module,
                                 const PipelineOptions &options,
                                 llvm::raw_ostream &os) {
  FailureOr<CudaKernels> cuda = lowerToCuda(module, options);
  if (failed(cuda))
    return failure();
  StringRef between = "";
  for (const StandAloneKernel &kernel : cuda->kernels) {
    os << between << kernel.text;
    between = "\n";
  }
  return success();
}

LogicalResult llmc::emitForCuda(ModuleOp module, const PipelineOptions &options,
                                StringRef directory) {
  FailureOr<CudaKernels> cuda = lowerToCuda(module, options);
  if (failed(cuda))
    return failure();
  if (options.emit == "cuda") {
    // nvcc builds for a GPU; the emulated one is an sm_89.
    std::string arch = options.arch == "emulated" ? "sm_89" : options.arch;
    if (llvm::Error error =
            writeStandAlone(directory, cuda->kernels, getDeviceHeader(), arch))
      return report(module, std::move(error));
    return success();
  }
  FailureOr<KernelImages> images = compileKernels(module, *cuda, options);
  if (failed(images))
    return failure();
  for (size_t index = 0; index < images->size(); ++index) {
    const std::string &name = cuda->kernels[index].symbol;
    if (llvm::Error error =
            writeKernelFile(directory, name + ".ptx", (*images)[index].ptx))
      return report(module, std::move(error));
  }
  return success();
}
