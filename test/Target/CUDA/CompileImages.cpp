//===- CompileImages.cpp - compileImages from a command line --------------===//
//
//   llmc-compile-images KERNEL.cu... [--arch=sm_89] [--cache=DIR] [--jobs=N]
//                       [--header=llmc_device.h] [--ptx] [--emit=DIR]
//   llmc-compile-images --check
//
// prints a line per kernel and the summary. A file holds one kernel, whose name
// is that of the file. With --check it only tells by its status whether there
// is a compiler.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/CompileImages.h"
#include "compiler/Target/CUDA/StandAlone.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

namespace cl = llvm::cl;
using namespace llmc;

static cl::list<std::string> files(cl::Positional, cl::desc("KERNEL.cu"));
static cl::opt<std::string> arch("arch", cl::init("sm_89"));
static cl::opt<std::string> header("header", cl::desc("for GPUs"));
static cl::opt<std::string> cache("cache", cl::desc("default: none"));
static cl::opt<unsigned> jobs("jobs", cl::init(0));
static cl::opt<std::string> compiler("compiler", cl::desc("for emulated"));
static cl::opt<bool> ptx("ptx", cl::desc("print the PTX of the kernels"));
static cl::opt<bool> check("check", cl::desc("only look for the compiler"));
static cl::opt<std::string> emit("emit", cl::desc("write .cu files there"));

static int fail(const llvm::Twine &message) {
  llvm::errs() << "error: " << message << "\n";
  return 1;
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv);
  ImageOptions options;
  options.arch = arch;
  options.threads = jobs;
  options.cacheDirectory = cache;
  options.useCache = !cache.empty();
  options.compiler = compiler;
  if (check) {
    llvm::Error missing = checkImageCompiler(options);
    bool found = !missing;
    consumeError(std::move(missing));
    return found ? 0 : 1;
  }
  if (!header.empty()) {
    auto buffer = llvm::MemoryBuffer::getFile(header);
    if (!buffer)
      return fail("cannot read '" + header + "'");
    options.deviceHeader = (*buffer)->getBuffer().str();
  }
  std::vector<KernelSource> sources;
  for (const std::string &file : files) {
    auto buffer = llvm::MemoryBuffer::getFile(file);
    if (!buffer)
      return fail("cannot read '" + file + "'");
    sources.push_back(
        {llvm::sys::path::stem(file).str(), (*buffer)->getBuffer().str()});
  }
  if (!emit.empty()) {
    std::vector<StandAloneKernel> kernels;
    for (const KernelSource &source : sources) {
      StandAloneKernel kernel;
      kernel.symbol = source.symbol;
      kernel.text = source.text;
      kernel.arguments = {{"x", StandAloneKernel::Argument::F32, 1024},
                          {"y", StandAloneKernel::Argument::F32, 1024}};
      kernel.grid[0] = 8;
      kernel.threads = 128;
      kernel.flops = 1024;
      kernel.bytes = 8192;
      kernels.push_back(std::move(kernel));
    }
    if (auto error = writeStandAlone(emit, kernels, options.deviceHeader, arch))
      return fail(llvm::toString(std::move(error)));
    return 0;
  }
  llvm::Expected<KernelImages> images = compileImages(sources, options);
  if (!images)
    return fail(llvm::toString(images.takeError()));
  for (size_t index = 0; index < sources.size(); ++index) {
    const KernelImage &image = (*images)[index];
    llvm::outs() << sources[index].symbol << ": image "
                 << images->imageOf[index] << ", " << image.symbol << ", "
                 << image.resources.registers << " registers, "
                 << image.resources.spillStores << " bytes spilled, cubin "
                 << image.cubin.substr(1, 3) << "\n";
    if (ptx)
      llvm::outs() << image.ptx << "\n";
  }
  llvm::outs() << "images: " << images->summary() << "\n";
  return 0;
}
