//===- Gpu.h - which GPU there is and whether it can run the program ------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_GPU_H
#define LLMC_RUNTIME_DEVICE_CUDA_GPU_H

#include "abi/ProgramAbi.h"
#include "core/Status.h"
#include "device/Device.h"
#include "device/cuda/Driver.h"

#include <string>

namespace llmc::runtime::cuda {

struct Gpu {
  CUdevice device = 0;
  int number = 0;
  std::string name;
  int computeCapability = 0; ///< 89 for sm_89, 0 when emulated
  int sharedPerBlock = 0;    ///< bytes, the most a kernel may ask for
  int sharedPerMultiprocessor = 0;
  int sharedReserved = 0; ///< bytes of each block that the system takes
  int64_t totalBytes = 0;
};

/// GPU `number`; when negative the one that LLMC_DEVICE names, else the first.
Result<Gpu> chooseGpu(const Driver &driver, int number);

/// Which code of an image a GPU runs.
enum class Code { Cubin, Ptx };

/// Checks that the GPU and the driver can run the program and says from which
/// code: cubins run on GPUs of their generation, PTX on every newer one.
Result<Code> chooseCode(const Driver &driver, const Gpu &gpu,
                        const LlmcProgram &program);

/// Products per second that the GPU can reach in the program's precision, from
/// a table of GPUs by name; 0 for others.
Peak peakOf(const Gpu &gpu, const LlmcProgram &program);

/// Room for code, graphs and the registers that kernels spill.
inline constexpr int64_t driverReserve = int64_t(64) << 20;

/// Checks that `freeBytes` hold the program's arenas, other than those of the
/// host, `extraBytes`, and what NCCL still takes. The error lists the arenas
/// and the largest tensors.
Status checkMemory(const LlmcProgram &program, const Gpu &gpu,
                   int64_t freeBytes, int64_t extraBytes, int64_t ofNccl);

} // namespace llmc::runtime::cuda

#endif // LLMC_RUNTIME_DEVICE_CUDA_GPU_H
