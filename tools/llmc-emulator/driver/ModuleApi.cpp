//===- ModuleApi.cpp - Modules, functions and launches --------------------===//

#include "State.h"

#include <algorithm>
#include <cstring>

#include <elf.h>

using namespace llmc::emulator;

LLMC_CUDA_API cuModuleLoadData(CUmodule *handle, const void *image) {
  LLMC_CALL(Context);
  if (CUresult result = state.streams.checkUncaptured())
    return result;
  constexpr int machineCuda = 190;
  Elf64_Ehdr header;
  if (std::memcmp(image, ELFMAG, SELFMAG) == 0) {
    std::memcpy(&header, image, sizeof(header));
    if (header.e_machine == machineCuda) {
      complain("the image is a cubin, which only a GPU runs; compile with "
               "--arch=emulated, or let LLMC_EMULATOR_FAULTS=compute=90 ask "
               "for the program's PTX");
      return CUDA_ERROR_NO_BINARY_FOR_GPU;
    }
  }
  std::string error;
  std::unique_ptr<Module> module = Module::load(image, error);
  if (!module) {
    complain("cuModuleLoadData: " + error);
    return error.rfind("PTX", 0) == 0 ? CUDA_ERROR_INVALID_PTX
                                      : CUDA_ERROR_INVALID_IMAGE;
  }
  *handle = reinterpret_cast<CUmodule>(module.get());
  state.modules[*handle] = std::move(module);
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuModuleLoadDataEx(CUmodule *handle, const void *image, unsigned,
                                 int *, void **) {
  return cuModuleLoadData(handle, image);
}

LLMC_CUDA_API cuModuleUnload(CUmodule handle) {
  LLMC_CALL(Context);
  if (CUresult result = state.streams.checkUncaptured())
    return result;
  auto entry = state.modules.find(handle);
  if (entry == state.modules.end())
    return CUDA_ERROR_INVALID_HANDLE;
  if (CUresult result = state.streams.drainAll())
    return result;
  for (auto it = state.functions.begin(); it != state.functions.end();)
    it = it->second->module == entry->second.get() ? state.functions.erase(it)
                                                   : std::next(it);
  state.modules.erase(entry);
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuModuleGetFunction(CUfunction *handle, CUmodule moduleHandle,
                                  const char *name) {
  LLMC_CALL(Context);
  auto entry = state.modules.find(moduleHandle);
  if (entry == state.modules.end())
    return CUDA_ERROR_INVALID_HANDLE;
  Kernel *kernel = entry->second->find(name);
  if (!kernel)
    return CUDA_ERROR_NOT_FOUND;
  auto function =
      std::make_unique<Function>(Function{kernel, entry->second.get()});
  *handle = reinterpret_cast<CUfunction>(function.get());
  state.functions[*handle] = std::move(function);
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuFuncGetAttribute(int *value, int attribute, CUfunction handle) {
  LLMC_CALL(Context);
  auto function = state.functions.find(handle);
  if (function == state.functions.end())
    return CUDA_ERROR_INVALID_HANDLE;
  const Kernel &kernel = *function->second->kernel;
  *value = 0; // no static shared memory, nothing spilled
  if (attribute == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK)
    *value = kernel.maxThreads;
  else if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
    *value = kernel.sharedLimit;
  else if (attribute == CU_FUNC_ATTRIBUTE_NUM_REGS)
    *value = 32; // there are none; 0 would look like a failure
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuFuncSetAttribute(CUfunction handle, int attribute, int value) {
  LLMC_CALL(Context);
  auto function = state.functions.find(handle);
  if (function == state.functions.end())
    return CUDA_ERROR_INVALID_HANDLE;
  // A wish, in percent; -1 is none.
  if (attribute == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT)
    return value < -1 || value > 100 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
  if (attribute != CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
    return CUDA_SUCCESS;
  if (value < 0 || value > state.engine.options.sharedLimit)
    return CUDA_ERROR_INVALID_VALUE;
  function->second->kernel->sharedLimit = value;
  return CUDA_SUCCESS;
}

// As many as threads and shared memory allow on sm_89: there are no registers.
LLMC_CUDA_API
cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction handle,
                                            int threads, size_t sharedBytes) {
  LLMC_CALL(Context);
  auto function = state.functions.find(handle);
  if (function == state.functions.end())
    return CUDA_ERROR_INVALID_HANDLE;
  const Kernel &kernel = *function->second->kernel;
  if (threads < 1 || threads > kernel.maxThreads ||
      sharedBytes > size_t(kernel.sharedLimit))
    return CUDA_ERROR_INVALID_VALUE;
  size_t byShared = sharedPerMultiprocessor / (sharedBytes + sharedReserved);
  *blocks = int(std::min<size_t>({24, size_t(1536 / threads), byShared}));
  return CUDA_SUCCESS;
}

LLMC_CUDA_API cuLaunchKernel(CUfunction handle, unsigned gridX, unsigned gridY,
                             unsigned gridZ, unsigned blockX, unsigned blockY,
                             unsigned blockZ, unsigned sharedBytes,
                             CUstream streamHandle, void **parameters,
                             void **extra) {
  LLMC_CALL(Context);
  auto entry = state.functions.find(handle);
  Stream *stream = state.streams.find(streamHandle);
  if (entry == state.functions.end() || !stream)
    return CUDA_ERROR_INVALID_HANDLE;
  const Kernel &kernel = *entry->second->kernel;
  auto invalid = [&](const std::string &what) {
    complain("launch of kernel '" + kernel.name + "': " + what);
    return CUDA_ERROR_INVALID_VALUE;
  };
  if (extra)
    return invalid("arguments in a buffer are not supported");
  if (!gridX || !gridY || !gridZ || gridX > 0x7fffffffu || gridY > 65535 ||
      gridZ > 65535)
    return invalid("a grid of " + std::to_string(gridX) + " x " +
                   std::to_string(gridY) + " x " + std::to_string(gridZ) +
                   " blocks");
  if (blockY != 1 || blockZ != 1 || blockX == 0 ||
      blockX > unsigned(kernel.maxThreads))
    return invalid("a block of " + std::to_string(blockX) + " x " +
                   std::to_string(blockY) + " x " + std::to_string(blockZ) +
                   " threads; the kernel allows " +
                   std::to_string(kernel.maxThreads) + " x 1 x 1");
  if (sharedBytes > unsigned(kernel.sharedLimit))
    return invalid(std::to_string(sharedBytes) +
                   " bytes of shared memory; the function's attribute allows " +
                   std::to_string(kernel.sharedLimit));
  Engine::Shape shape;
  shape.grid[0] = gridX;
  shape.grid[1] = gridY;
  shape.grid[2] = gridZ;
  shape.threads = int(blockX);
  shape.sharedBytes = int(sharedBytes);
  std::vector<uint64_t> arguments;
  for (int i = 0; i < kernel.numArguments; ++i) {
    // Of kernels compiled for the host every argument is a pointer.
    size_t bytes = kernel.argumentBytes.empty()
                       ? sizeof(uint64_t)
                       : size_t(kernel.argumentBytes[size_t(i)]);
    uint64_t value = 0;
    std::memcpy(&value, parameters[i], bytes);
    arguments.push_back(value);
  }
  const Function *function = entry->second.get();
  return state.streams.submit(*stream, [=, &state] {
    return state.launch(*function, shape, arguments);
  });
}
