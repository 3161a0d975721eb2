//===- Nvml.h - what the driver knows of a GPU's surroundings -------------===//
//
// NVIDIA's management library, which comes with the driver: PCIe, power,
// temperature. Opened at run time (libnvidia-ml.so.1, or the file that
// LLMC_NVML names); only PROGRAM doctor uses it.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_DEVICE_CUDA_NVML_H
#define LLMC_RUNTIME_DEVICE_CUDA_NVML_H

#include "core/Status.h"

#include <string>

namespace llmc::runtime::cuda {

/// -1 where the library does not say.
struct Surroundings {
  int generation = -1, width = -1;         ///< of PCIe, now
  int mostGeneration = -1, mostWidth = -1; ///< that GPU and slot allow
  int powerLimit = -1, usualPower = -1;    ///< watts
  int temperature = -1;                    ///< degrees Celsius
};

class Nvml {
public:
  ~Nvml();
  Status open();
  /// Of the GPU in the slot "0000:01:00.0".
  Surroundings ask(const std::string &busId) const;

  std::string driverVersion;

private:
  using Device = void *;
  int (*shutdown)() = nullptr;
  int (*getDevice)(const char *, Device *) = nullptr;
  int (*getGeneration)(Device, unsigned *) = nullptr;
  int (*getWidth)(Device, unsigned *) = nullptr;
  int (*getMostGeneration)(Device, unsigned *) = nullptr;
  int (*getMostWidth)(Device, unsigned *) = nullptr;
  int (*getPowerLimit)(Device, unsigned *) = nullptr;
  int (*getUsualPower)(Device, unsigned *) = nullptr;
  int (*getTemperature)(Device, int, unsigned *) = nullptr;
};

} // namespace llmc::runtime::cuda

#endif // LLMC_RUNTIME_DEVICE_CUDA_NVML_H
