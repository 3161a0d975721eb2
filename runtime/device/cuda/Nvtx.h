//===- Nvtx.h - names for a profiler's time line --------------------------===//
//
// NVIDIA's tools extension, version 3: a profiler names its library in
// NVTX_INJECTION64_PATH; a program loads it and offers its tables of functions,
// into which the library writes its own. Spoken here without CUDA's headers, so
// that the runtime builds where there are none.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_NVTX_H
#define LLMC_RUNTIME_DEVICE_CUDA_NVTX_H

#include "core/Status.h"

#include <string>

namespace llmc::runtime::cuda {

/// Loads the profiler's library if one is named and none is loaded yet. It
/// stays for the life of the process. A library that cannot be loaded or is
/// none of a profiler is an error; one that declines is left alone.
[[nodiscard]] Status openProfiler();

/// A range of this thread, from its construction to its end; nothing without a
/// profiler.
class ProfilerRange {
public:
  explicit ProfilerRange(const std::string &name);
  ~ProfilerRange();
  ProfilerRange(const ProfilerRange &) = delete;
  ProfilerRange &operator=(const ProfilerRange &) = delete;
};

} // namespace llmc::runtime::cuda

#endif // LLMC_RUNTIME_DEVICE_CUDA_NVTX_H
