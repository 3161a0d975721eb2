//===- FakeNvml.cpp - NVIDIA's management library for tests ---------------===//
//
// The environment's LLMC_FAKE_NVML holds words: generation=4 width=16
// mostgeneration=4 mostwidth=16 power=450000 usualpower=450000 degrees=41
// rests=1: the link is of generation 1 while the fake driver has nothing to do
//
//===----------------------------------------------------------------------===//

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <string>

static unsigned setting(const char *name, unsigned otherwise) {
  const char *words = std::getenv("LLMC_FAKE_NVML");
  const std::string text = std::string(" ") + (words ? words : "");
  const std::string key = std::string(" ") + name + "=";
  const size_t at = text.find(key);
  return at == std::string::npos
             ? otherwise
             : static_cast<unsigned>(std::atoi(text.c_str() + at + key.size()));
}

extern "C" {
int nvmlInit_v2() { return 0; }
int nvmlShutdown() { return 0; }
int nvmlSystemGetDriverVersion(char *text, unsigned bytes) {
  std::snprintf(text, bytes, "driver 580.65.06");
  return 0;
}
int nvmlDeviceGetHandleByPciBusId_v2(const char *bus, void **device) {
  *device = nullptr;
  return std::strncmp(bus, "0000:", 5);
}
#define LLMC_FAKE(function, name, otherwise)                                   \
  int nvmlDeviceGet##function(void *, unsigned *value) {                       \
    *value = setting(name, otherwise);                                         \
    return 0;                                                                  \
  }
int nvmlDeviceGetCurrPcieLinkGeneration(void *, unsigned *value) {
  const char *path = std::getenv("LLMC_CUDA_DRIVER");
  void *driver = path ? ::dlopen(path, RTLD_NOW | RTLD_NOLOAD) : nullptr;
  auto pending =
      driver ? reinterpret_cast<long (*)()>(::dlsym(driver, "fakeCudaPending"))
             : nullptr;
  const bool isBusy = pending && pending() > 0;
  *value = setting("rests", 0) && !isBusy ? 1 : setting("generation", 4);
  return 0;
}
LLMC_FAKE(CurrPcieLinkWidth, "width", 16)
LLMC_FAKE(MaxPcieLinkGeneration, "mostgeneration", 4)
LLMC_FAKE(MaxPcieLinkWidth, "mostwidth", 16)
LLMC_FAKE(PowerManagementLimit, "power", 450000)
LLMC_FAKE(PowerManagementDefaultLimit, "usualpower", 450000)
int nvmlDeviceGetTemperature(void *, int, unsigned *value) {
  *value = setting("degrees", 41);
  return 0;
}
}
