//===- CudaLowering.cpp - tile programs as CUDA C++ -----------------------===//

#include "compiler/Pipeline/CudaLowering.h"

#include "compiler/Schedule/Chip.h"
#include "compiler/Target/CUDA/EmitSource.h"
#include "compiler/Target/CUDA/Intrinsics.h"
#include "dialects/Cuda/Cuda.h"
#include "dialects/Tile/Tile.h"

#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

std::vector<KernelSource> CudaKernels::getSources() const {
  std::vector<KernelSource> sources;
  for (const StandAloneKernel &kernel : kernels)
    sources.push_back({kernel.symbol, kernel.text});
  return sources;
}

ImageOptions llmc::getImageOptions(const PipelineOptions &options) {
  ImageOptions images;
  images.arch = options.arch;
  images.threads = options.threads;
  images.useCache = options.cache != "off";
  images.cacheDirectory = images.useCache ? options.cache : "";
  images.memory = options.images;
  images.compiler = options.linker;
  images.deviceHeader = getDeviceHeader().str();
  return images;
}

static std::string cudaPasses(const PipelineOptions &options) {
  return llvm::formatv(
      // What goes through shared memory, before layouts: their choice depends
      // on it.
      "llmc-cuda-plan-pipeline,"
      // Which thread holds what.
      "llmc-cuda-assign-layouts,"
      // Threads' sums of a loop are added up behind it.
      "llmc-cuda-defer-sums,"
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

OwningOpRef<ModuleOp> llmc::copyKernels(ModuleOp module) {
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

FailureOr<CudaKernels> llmc::lowerToCuda(ModuleOp module,
                                         const PipelineOptions &options) {
  CudaKernels result;
  result.module = copyKernels(module);
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  if (failed(parsePassPipeline(cudaPasses(options), manager)) ||
      failed(manager.run(*result.module)))
    return failure();
  SymbolTable originals(module);
  for (auto kernel : result.module->getOps<cuda::KernelOp>()) {
    FailureOr<StandAloneKernel> described = describeKernel(
        kernel, originals.lookup<tile::FuncOp>(kernel.getSymName()));
    if (failed(described))
      return failure();
    result.kernels.push_back(std::move(*described));
    result.minBlocks.push_back(kernel.getMinBlocks().value_or(1));
    result.locations.push_back(kernel.getLoc());
  }
  return result;
}
