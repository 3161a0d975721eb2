//===- Kernels.cpp - the program's code on the GPU ------------------------===//

#include "device/cuda/Kernels.h"

#include "core/Console.h"

#include <algorithm>
#include <cstring>

namespace llmc::runtime::cuda {
namespace {

/// Shared memory that a block gets without asking for it by name.
constexpr int32_t ordinaryShared = 48 << 10;

Status loadCubin(const Driver &driver, const LlmcImage &image,
                 const LlmcKernel &kernel, CUmodule &module) {
  return driver.check(
      driver.cuModuleLoadData(&module, image.cubin),
      fmt::format("the code of kernel {} cannot be loaded", nameOf(kernel)));
}

Status compilePtx(const Driver &driver, const LlmcImage &image,
                  const LlmcKernel &kernel, CUmodule &module) {
  // Sizes are passed in the place of a pointer.
  std::vector<char> log(8192, '\0');
  int options[] = {jitErrorLog, jitErrorLogBytes};
  void *values[] = {log.data(), reinterpret_cast<void *>(log.size() - 1)};
  CUresult result =
      driver.cuModuleLoadDataEx(&module, image.ptx, 2, options, values);
  if (result == success)
    return Status::ok();
  return Status::error("the driver cannot compile the PTX of kernel {}: {}; "
                       "its log:\n{}",
                       nameOf(kernel), driver.describe(result), log.data());
}

/// Shared memory and L1 are one memory, which the driver divides as it thinks
/// best for a kernel. The plan counts on as many blocks side by side as
/// registers and threads allow: their shared memory is asked for, and L1 keeps
/// the rest.
Status divideShared(const Driver &driver, const Gpu &gpu,
                    const LlmcKernel &kernel, CUfunction function) {
  int blocks = 0;
  LLMC_TRY(driver.check(
      driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(
          &blocks, function, kernel.threads,
          static_cast<size_t>(kernel.sharedBytes)),
      fmt::format("the blocks of kernel {} that run side by side are not known",
                  nameOf(kernel))));
  if (!kernel.sharedBytes || gpu.sharedPerMultiprocessor <= 0)
    return Status::ok();
  int64_t bytes = int64_t(blocks) * (kernel.sharedBytes + gpu.sharedReserved);
  int64_t percent = (100 * bytes + gpu.sharedPerMultiprocessor - 1) /
                    gpu.sharedPerMultiprocessor;
  return driver.check(
      driver.cuFuncSetAttribute(
          function, functionSharedCarveout,
          static_cast<int>(std::min<int64_t>(percent, 100))),
      fmt::format("shared memory of kernel {} cannot be asked for",
                  nameOf(kernel)));
}

/// What the driver lets a launch have, against what the kernel was made for.
Status fitFunction(const Driver &driver, const Gpu &gpu,
                   const LlmcKernel &kernel, CUfunction function) {
  int most = 0;
  LLMC_TRY(driver.check(
      driver.cuFuncGetAttribute(&most, functionMaxThreads, function),
      "cuFuncGetAttribute"));
  if (kernel.threads > most)
    return Status::error(
        "kernel {} was made for blocks of {} threads, its registers allow {} "
        "on {}; compile the model for this GPU",
        nameOf(kernel), kernel.threads, most, gpu.name);
  if (kernel.sharedBytes > gpu.sharedPerBlock)
    return Status::error(
        "kernel {} needs {} of shared memory per block, {} has {}; compile the "
        "model for this GPU",
        nameOf(kernel), formatBytes(kernel.sharedBytes), gpu.name,
        formatBytes(gpu.sharedPerBlock));
  if (kernel.sharedBytes <= ordinaryShared)
    return divideShared(driver, gpu, kernel, function);
  CUresult result = driver.cuFuncSetAttribute(function, functionDynamicShared,
                                              kernel.sharedBytes);
  if (result == success)
    return divideShared(driver, gpu, kernel, function);
  return Status::error("kernel {} cannot have {} of shared memory per block: "
                       "{}",
                       nameOf(kernel), formatBytes(kernel.sharedBytes),
                       driver.describe(result));
}

} // namespace

std::string nameOf(const LlmcKernel &kernel) {
  if (!kernel.location || !*kernel.location)
    return kernel.name;
  return fmt::format("{} ({})", kernel.name, kernel.location);
}

Status Kernels::load(const Driver &driver, Cleanup &cleanup, const Gpu &gpu,
                     Code code, const LlmcProgram &program) {
  std::vector<CUmodule> modules(static_cast<size_t>(program.numImages));
  int32_t mostArguments = 0;
  for (int64_t i = 0; i < program.numKernels; ++i) {
    const LlmcKernel &kernel = program.kernels[i];
    const LlmcImage &image = program.images[kernel.image];
    CUmodule &module = modules[static_cast<size_t>(kernel.image)];
    if (!module) {
      LLMC_TRY(code == Code::Cubin ? loadCubin(driver, image, kernel, module)
                                   : compilePtx(driver, image, kernel, module));
      cleanup.add(
          [&driver, loaded = module] { driver.cuModuleUnload(loaded); });
    }
    CUfunction function = nullptr;
    CUresult result =
        driver.cuModuleGetFunction(&function, module, kernel.symbol);
    if (result == notFound)
      return Status::error("the code of kernel {} has no entry '{}': {}; "
                           "compile the model again",
                           nameOf(kernel), kernel.symbol,
                           driver.describe(result));
    LLMC_TRY(driver.check(
        result, fmt::format("cannot load kernel {}", nameOf(kernel))));
    LLMC_TRY(fitFunction(driver, gpu, kernel, function));
    functions.push_back(function);
    mostArguments = std::max(mostArguments, kernel.numArguments);
  }
  parameters.resize(static_cast<size_t>(mostArguments));
  return Status::ok();
}

Status Kernels::launch(const Driver &driver, const LlmcKernel &kernel,
                       int64_t index, void **args, CUstream stream) {
  for (int32_t i = 0; i < kernel.numArguments; ++i)
    parameters[static_cast<size_t>(i)] = &args[i];
  CUresult result = driver.cuLaunchKernel(
      functions[static_cast<size_t>(index)],
      static_cast<unsigned>(kernel.gridX), static_cast<unsigned>(kernel.gridY),
      static_cast<unsigned>(kernel.gridZ),
      static_cast<unsigned>(kernel.threads), 1, 1,
      static_cast<unsigned>(kernel.sharedBytes), stream, parameters.data(),
      nullptr);
  if (result == success)
    return Status::ok();
  return driver.check(
      result, fmt::format("kernel {} cannot be started", nameOf(kernel)));
}

} // namespace llmc::runtime::cuda
