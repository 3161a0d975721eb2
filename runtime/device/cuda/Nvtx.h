//===- Nvtx.h - names for a profiler's time line --------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_NVTX_H
#define LLMC_RUNTIME_DEVICE_CUDA_NVTX_H

#include <dlfcn.h>

namespace llmc::runtime::cuda {

/// Ranges of NVIDIA's tools extension, where its library is found; nothing
/// otherwise.
class Nvtx {
public:
  void open() {
    void *library = ::dlopen("libnvToolsExt.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library)
      return;
    pushRange = reinterpret_cast<int (*)(const char *)>(
        ::dlsym(library, "nvtxRangePushA"));
    popRange = reinterpret_cast<int (*)()>(::dlsym(library, "nvtxRangePop"));
    if (!popRange)
      pushRange = nullptr;
  }
  void push(const char *name) const {
    if (pushRange)
      pushRange(name);
  }
  void pop() const {
    if (pushRange)
      popRange();
  }

private:
  int (*pushRange)(const char *) = nullptr;
  int (*popRange)() = nullptr;
};

} // namespace llmc::runtime::cuda

#endif // LLMC_RUNTIME_DEVICE_CUDA_NVTX_H
