//===- Kernels.h - the program's code on the GPU --------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_KERNELS_H
#define LLMC_RUNTIME_DEVICE_CUDA_KERNELS_H

#include "device/cuda/Cleanup.h"
#include "device/cuda/Gpu.h"

#include <string>
#include <vector>

namespace llmc::runtime::cuda {

/// "linear_3 (gpt2.mlir:31)".
std::string nameOf(const LlmcKernel &kernel);

/// The functions of the program's kernels, in its order.
class Kernels {
public:
  /// Loads every image that a kernel uses, once, and prepares the kernels for
  /// the shared memory that they need.
  Status load(const Driver &driver, Cleanup &cleanup, const Gpu &gpu, Code code,
              const LlmcProgram &program);

  /// Puts one launch on the stream. `args` are device addresses.
  Status launch(const Driver &driver, const LlmcKernel &kernel, int64_t index,
                void **args, CUstream stream);

private:
  std::vector<CUfunction> functions;
  std::vector<void *> parameters; ///< of a launch, kept to allocate once
};

} // namespace llmc::runtime::cuda

#endif // LLMC_RUNTIME_DEVICE_CUDA_KERNELS_H
