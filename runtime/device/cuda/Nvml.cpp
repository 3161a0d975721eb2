//===- Nvml.cpp - what the driver knows of a GPU's surroundings -----------===//

#include "device/cuda/Nvml.h"

#include "core/SharedLibrary.h"

namespace llmc::runtime::cuda {

Nvml::~Nvml() {
  if (shutdown)
    shutdown();
}

Status Nvml::open() {
  SharedLibrary library;
  if (!library.open("LLMC_NVML", "libnvidia-ml.so.1"))
    return Status::error("no NVML: {}; it comes with NVIDIA's driver",
                         library.reason());
  int (*init)() = nullptr;
  int (*stop)() = nullptr;
  int (*getVersion)(char *, unsigned) = nullptr;
  library.find(init, "nvmlInit_v2");
  library.find(stop, "nvmlShutdown");
  library.find(getVersion, "nvmlSystemGetDriverVersion");
  library.find(getDevice, "nvmlDeviceGetHandleByPciBusId_v2");
  library.find(getGeneration, "nvmlDeviceGetCurrPcieLinkGeneration");
  library.find(getWidth, "nvmlDeviceGetCurrPcieLinkWidth");
  library.find(getMostGeneration, "nvmlDeviceGetMaxPcieLinkGeneration");
  library.find(getMostWidth, "nvmlDeviceGetMaxPcieLinkWidth");
  library.find(getPowerLimit, "nvmlDeviceGetPowerManagementLimit");
  library.find(getUsualPower, "nvmlDeviceGetPowerManagementDefaultLimit");
  library.find(getTemperature, "nvmlDeviceGetTemperature");
  if (const char *missing = library.missing())
    return Status::error("{} has no {}; update NVIDIA's driver", library.path(),
                         missing);
  if (int result = init())
    return Status::error("NVML does not start: error {}; see whether "
                         "nvidia-smi works",
                         result);
  shutdown = stop;
  char version[96] = {};
  if (getVersion(version, sizeof(version)) == 0)
    driverVersion = version;
  return Status::ok();
}

Surroundings Nvml::ask(const std::string &busId) const {
  Surroundings found;
  Device device = nullptr;
  if (!shutdown || getDevice(busId.c_str(), &device) != 0)
    return found;
  auto ask = [&](auto function, int &value, unsigned unit = 1) {
    unsigned number = 0;
    if (function(device, &number) == 0)
      value = static_cast<int>(number / unit);
  };
  ask(getGeneration, found.generation);
  ask(getWidth, found.width);
  ask(getMostGeneration, found.mostGeneration);
  ask(getMostWidth, found.mostWidth);
  constexpr unsigned milliwatts = 1000;
  ask(getPowerLimit, found.powerLimit, milliwatts);
  ask(getUsualPower, found.usualPower, milliwatts);
  constexpr int sensorOfGpu = 0;
  unsigned degrees = 0;
  if (getTemperature(device, sensorOfGpu, &degrees) == 0)
    found.temperature = static_cast<int>(degrees);
  return found;
}

} // namespace llmc::runtime::cuda
