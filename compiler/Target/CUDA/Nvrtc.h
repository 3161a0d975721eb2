//===- Nvrtc.h - NVIDIA's run-time compiler, opened at run time -----------===//

#ifndef LLMC_COMPILER_TARGET_CUDA_NVRTC_H
#define LLMC_COMPILER_TARGET_CUDA_NVRTC_H

#include "compiler/Target/CUDA/ImageCompiler.h"

#include <memory>
#include <vector>

namespace llmc {

/// The library libnvrtc. llmc is built without CUDA's headers and runs without
/// CUDA as long as nothing is compiled for a GPU.
class Nvrtc {
public:
  struct Result {
    bool succeeded = false;
    std::string log, cubin, ptx;
  };

  /// The library of this machine, opened by the first call; it stays open. The
  /// error names the places that were searched and what to install.
  static llvm::Expected<const Nvrtc *> get();

  /// Opens the first of `files` that is there. What is no path but a mere file
  /// name is left to the loader.
  static llvm::Expected<std::unique_ptr<Nvrtc>>
  open(llvm::ArrayRef<std::string> files);

  /// Where get() looks, in its order.
  static std::vector<std::string> candidates();

  const std::string &path() const { return file; }
  /// 13000 for 13.0.
  int version() const { return number; }
  /// 13.0.
  std::string versionText() const;
  /// Compute capabilities such as 89.
  const std::vector<int> &architectures() const { return supported; }

  /// Compiles a translation unit that may include `headerName`. Safe from many
  /// threads at a time, which do run in parallel.
  Result compile(llvm::StringRef name, llvm::StringRef text,
                 llvm::StringRef headerName, llvm::StringRef header,
                 llvm::ArrayRef<std::string> options) const;

private:
  Nvrtc() = default;

  struct Functions;
  std::shared_ptr<Functions> functions;
  std::string file;
  int number = 0;
  std::vector<int> supported;
};

/// For `arch`, such as sm_89, with the text of llmc_device.h.
llvm::Expected<std::unique_ptr<ImageCompiler>>
createNvrtcCompiler(llvm::StringRef arch, llvm::StringRef deviceHeader);

} // namespace llmc

#endif
