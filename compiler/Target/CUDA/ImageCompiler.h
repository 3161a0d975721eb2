//===- ImageCompiler.h - what turns a kernel's text into an image ---------===//

#ifndef LLMC_COMPILER_TARGET_CUDA_IMAGECOMPILER_H
#define LLMC_COMPILER_TARGET_CUDA_IMAGECOMPILER_H

#include "compiler/Target/CUDA/ResourceReport.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace llmc {

/// A kernel as the GPU's driver (or the emulator) loads it.
struct KernelImage {
  /// The function's name within the image.
  std::string symbol;
  /// GPU code; for arch `emulated` an ELF shared object.
  std::string cubin;
  /// Without the 0 at its end; empty for arch `emulated`.
  std::string ptx;
  KernelResources resources;
};

/// NVRTC, or the C++ compiler of this machine. compile() is called from many
/// threads at a time.
class ImageCompiler {
public:
  virtual ~ImageCompiler() = default;

  /// Everything but the kernel's text that an image depends on.
  virtual const std::string &fingerprint() const = 0;

  /// `text` is one translation unit that defines the kernel `symbol`. An error
  /// is the compiler's log.
  virtual llvm::Expected<KernelImage> compile(llvm::StringRef symbol,
                                              llvm::StringRef text) const = 0;
};

} // namespace llmc

#endif
