//===- StandAlone.h - a kernel as a program of its own --------------------===//

#ifndef LLMC_COMPILER_TARGET_CUDA_STANDALONE_H
#define LLMC_COMPILER_TARGET_CUDA_STANDALONE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc {

/// A kernel and how it is launched, for `--emit=cuda`.
struct StandAloneKernel {
  struct Argument {
    std::string name;
    enum Type { F32, Bf16, I32 } type = F32;
    int64_t elements = 0;
  };

  std::string symbol;
  /// The translation unit that emitCudaSource made.
  std::string text;
  std::vector<Argument> arguments;
  int64_t grid[3] = {1, 1, 1};
  int64_t threads = 32, sharedBytes = 0;
  /// Arithmetic and least memory traffic of a launch.
  int64_t flops = 0, bytes = 0;
};

/// The kernel's text followed by a `main` that launches it a hundred times on
/// random data and prints milliseconds, TFLOP/s and GB/s.
std::string standAloneSource(const StandAloneKernel &kernel);

/// Writes symbol.cu of each kernel, llmc_device.h and a README into
/// `directory`, which is made if need be.
llvm::Error writeStandAlone(llvm::StringRef directory,
                            llvm::ArrayRef<StandAloneKernel> kernels,
                            llvm::StringRef deviceHeader, llvm::StringRef arch);

/// Writes `text` to directory/name; the directory is made if need be.
llvm::Error writeKernelFile(llvm::StringRef directory, const llvm::Twine &name,
                            llvm::StringRef text);

} // namespace llmc

#endif
