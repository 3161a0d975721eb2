//===- CudaTarget.cpp - kernels as GPU code -------------------------------===//
//
// CUDA C++ -> cubin and PTX, or files for people.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline/CudaLowering.h"
#include "compiler/Pipeline/PlannedPolicy.h"
#include "compiler/Pipeline/TargetCode.h"

#include "compiler/Schedule/Chip.h"
#include "compiler/Target/CUDA/EmitSource.h"
#include "compiler/Target/CUDA/Intrinsics.h"
#include "dialects/Cuda/Cuda.h"

#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

llvm::Error llmc::checkCudaCompiler(const PipelineOptions &options) {
  return checkImageCompiler(getImageOptions(options));
}

/// Lowers the kernels of `module`, with --dump-to.
static FailureOr<CudaKernels> lowerKernels(ModuleOp module,
                                           const PipelineOptions &options) {
  FailureOr<CudaKernels> cuda = lowerToCuda(module, options);
  if (failed(cuda) || options.dumpTo.empty())
    return cuda;
  std::string text, sources;
  llvm::raw_string_ostream os(text);
  cuda->module->print(os);
  for (const StandAloneKernel &kernel : cuda->kernels)
    sources += kernel.text + "\n";
  if (failed(dump(options, dumpPrefix("target") + ".mlir", text,
                  module.getLoc())) ||
      failed(dump(options, dumpPrefix("target") + ".cu", sources,
                  module.getLoc())))
    return failure();
  return cuda;
}

llvm::Error llmc::checkNvrtc(const PipelineOptions &options) {
  ImageOptions images = getImageOptions(options);
  images.arch = findChip(options.arch)->arch.str();
  return checkImageCompiler(images);
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
    llvm::Expected<KernelImages> compiled =
        compileImages(cuda.getSources(), getImageOptions(options));
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
    if (failed(dump(options,
                    dumpPrefix("target") + "-" + image.symbol + ".cubin",
                    image.cubin, module.getLoc())) ||
        (!image.ptx.empty() &&
         failed(dump(options,
                     dumpPrefix("target") + "-" + image.symbol + ".ptx",
                     image.ptx, module.getLoc()))))
      return failure();
  return std::move(*images);
}

FailureOr<TargetCode> llmc::compileForCuda(ModuleOp module,
                                           const PipelineOptions &options) {
  FailureOr<CudaKernels> cuda = lowerKernels(module, options);
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
  code.host.ncclChannels = ncclChannels(options);
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
  FailureOr<CudaKernels> cuda = lowerKernels(module, options);
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
  FailureOr<CudaKernels> cuda = lowerKernels(module, options);
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
