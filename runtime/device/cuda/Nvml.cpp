//===- Nvml.cpp - what the driver knows of a GPU's surroundings -----------===//

#include "device/cuda/Nvml.h"

#include <cstdlib>
#include <dlfcn.h>

namespace llmc::runtime::cuda {

Nvml::~Nvml() {
  if (shutdown)
    shutdown();
}

Status Nvml::open() {
  const char *named = std::getenv("LLMC_NVML");
  const std::string path = named && *named ? named : "libnvidia-ml.so.1";
  void *library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = ::dlerror();
    return Status::error("no NVML: {}; it comes with NVIDIA's driver",
                         reason ? reason : path);
  }
  const char *missing = nullptr;
  auto find = [&](auto &function, const char *name) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(
        ::dlsym(library, name));
    if (!function && !missing)
      missing = name;
  };
  int (*init)() = nullptr;
  int (*stop)() = nullptr;
  int (*getVersion)(char *, unsigned) = nullptr;
  find(init, "nvmlInit_v2");
  find(stop, "nvmlShutdown");
  find(getVersion, "nvmlSystemGetDriverVersion");
  find(getDevice, "nvmlDeviceGetHandleByPciBusId_v2");
  find(getGeneration, "nvmlDeviceGetCurrPcieLinkGeneration");
  find(getWidth, "nvmlDeviceGetCurrPcieLinkWidth");
  find(getMostGeneration, "nvmlDeviceGetMaxPcieLinkGeneration");
  find(getMostWidth, "nvmlDeviceGetMaxPcieLinkWidth");
  find(getPowerLimit, "nvmlDeviceGetPowerManagementLimit");
  find(getUsualPower, "nvmlDeviceGetPowerManagementDefaultLimit");
  find(getTemperature, "nvmlDeviceGetTemperature");
  if (missing)
    return Status::error("{} has no {}; update NVIDIA's driver", path, missing);
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
