//===- CompileImages.h - CUDA C++ becomes GPU code ------------------------===//

#ifndef LLMC_COMPILER_TARGET_CUDA_COMPILEIMAGES_H
#define LLMC_COMPILER_TARGET_CUDA_COMPILEIMAGES_H

#include "compiler/Target/CUDA/ImageCache.h"
#include "compiler/Target/CUDA/ImageCompiler.h"

#include "llvm/ADT/ArrayRef.h"

#include <memory>
#include <string>
#include <vector>

namespace llmc {

/// One translation unit, which includes llmc_device.h and defines the kernel
/// `symbol`. Comment lines at its beginning say where it comes from, as in
/// "// gpt2.mlir:31: gemm".
struct KernelSource {
  std::string symbol;
  std::string text;
};

struct ImageOptions {
  /// sm_XX or emulated.
  std::string arch = "sm_89";
  /// That compile at a time; 0: one per core.
  unsigned threads = 0;
  /// Empty: ImageCache::defaultDirectory().
  std::string cacheDirectory;
  bool useCache = true;
  /// What was compiled before; empty: nothing.
  std::shared_ptr<ImageMemory> memory;
  /// For arch `emulated`: the C++ compiler; empty: search.
  std::string compiler;
  /// For GPUs: the text of llmc_device.h. The emulator's is a file.
  std::string deviceHeader;
};

/// Kernels whose text is equal, but for their names and the first comment,
/// share an image.
struct KernelImages {
  std::vector<KernelImage> images;
  /// For each source the image's index.
  std::vector<unsigned> imageOf;
  unsigned compiled = 0, cached = 0;
  double seconds = 0;

  /// The image of source `index`.
  const KernelImage &operator[](size_t index) const {
    return images[imageOf[index]];
  }
  size_t size() const { return imageOf.size(); }
  /// "12 kernels, 9 distinct, 9 compiled, 0 cached, 3.1 s".
  std::string summary() const;
};

/// The compute capability of `arch`: 89 for sm_89, 0 for emulated. GPUs
/// before sm_80 are an error.
llvm::Expected<int> parseArch(llvm::StringRef arch);

/// Success if compileImages would find its compiler: libnvrtc for a GPU, a C++
/// compiler and the emulator's header for `emulated`.
llvm::Error checkImageCompiler(const ImageOptions &options);

/// Compiles in parallel what the cache does not hold. The result depends on
/// the sources alone, not on the cache or on threads. The error of a kernel
/// that does not compile holds the log and names a file with its text.
llvm::Expected<KernelImages> compileImages(llvm::ArrayRef<KernelSource> sources,
                                           const ImageOptions &options);

} // namespace llmc

#endif
