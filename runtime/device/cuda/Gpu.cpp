//===- Gpu.cpp - which GPU there is and whether it can run the program ----===//

#include "device/cuda/Gpu.h"

#include "core/Console.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fmt/ranges.h>
#include <string_view>
#include <vector>

namespace llmc::runtime::cuda {
namespace {

/// The driver hands out memory in pages of this size.
constexpr int64_t pageBytes = int64_t(2) << 20;

/// Dense TFLOP/s as the manufacturer states them: products of bf16 and of tf32
/// summed in f32, and f32 without tensor cores.
struct KnownGpu {
  const char *name;
  bool isPrefix; ///< variants in memory and form follow in the name
  double bf16;
  double tf32;
  double f32;
};

constexpr KnownGpu knownGpus[] = {
    {"NVIDIA GeForce RTX 4090", false, 165.2, 82.6, 82.6},
    {"NVIDIA GeForce RTX 4080 SUPER", false, 104.4, 52.2, 52.2},
    {"NVIDIA GeForce RTX 4080", false, 97.5, 48.7, 48.7},
    {"NVIDIA GeForce RTX 4070 Ti", false, 80.2, 40.1, 40.1},
    {"NVIDIA GeForce RTX 3090 Ti", false, 80.0, 40.0, 40.0},
    {"NVIDIA GeForce RTX 3090", false, 71.0, 35.6, 35.6},
    {"NVIDIA L40S", false, 362.0, 183.0, 91.6},
    {"NVIDIA L4", false, 121.0, 60.0, 30.3},
    {"NVIDIA RTX A6000", false, 154.8, 77.4, 38.7},
    {"NVIDIA A100", true, 312.0, 156.0, 19.5},
    {"NVIDIA H100 PCIe", false, 756.0, 378.0, 51.2},
    {"NVIDIA H100 80GB HBM3", false, 989.4, 494.7, 66.9},
    {"NVIDIA H200", false, 989.4, 494.7, 66.9},
};

std::string architecture(int computeCapability) {
  return computeCapability ? fmt::format("sm_{}", computeCapability)
                           : std::string("emulated");
}

Result<int> wantedNumber(int number, int count) {
  if (number >= 0)
    return number;
  const char *text = std::getenv("LLMC_DEVICE");
  if (!text || !*text)
    return 0;
  char *end = nullptr;
  long value = std::strtol(text, &end, 10);
  if (*end != '\0' || value < 0 || value > 1023)
    return Status::error("LLMC_DEVICE: expected the number of a GPU, 0 to {}, "
                         "found '{}'",
                         count - 1, text);
  return static_cast<int>(value);
}

Result<Gpu> describeGpu(const Driver &driver, int number) {
  Gpu gpu;
  gpu.number = number;
  LLMC_TRY(driver.check(driver.cuDeviceGet(&gpu.device, number),
                        "the GPU cannot be used"));
  char name[256] = {};
  LLMC_TRY(
      driver.check(driver.cuDeviceGetName(name, sizeof(name) - 1, gpu.device),
                   "cuDeviceGetName"));
  gpu.name = name;
  int major = 0, minor = 0;
  const std::pair<int, int *> attributes[] = {
      {attributeComputeMajor, &major},
      {attributeComputeMinor, &minor},
      {attributeSharedPerBlock, &gpu.sharedPerBlock},
      {attributeSharedPerMultiprocessor, &gpu.sharedPerMultiprocessor},
      {attributeSharedReserved, &gpu.sharedReserved}};
  for (auto [attribute, value] : attributes)
    LLMC_TRY(
        driver.check(driver.cuDeviceGetAttribute(value, attribute, gpu.device),
                     "cuDeviceGetAttribute"));
  gpu.computeCapability = major * 10 + minor;
  size_t total = 0;
  LLMC_TRY(driver.check(driver.cuDeviceTotalMem_v2(&total, gpu.device),
                        "cuDeviceTotalMem"));
  gpu.totalBytes = static_cast<int64_t>(total);
  return gpu;
}

/// CUDA's version that made the program's PTX, 13000 for ".version 9.0"; 0 when
/// no image has PTX or the version is not known.
int toolkitOf(const LlmcProgram &program) {
  for (int64_t i = 0; i < program.numImages; ++i) {
    const char *ptx = static_cast<const char *>(program.images[i].ptx);
    const char *at = ptx ? std::strstr(ptx, ".version") : nullptr;
    if (!at)
      continue;
    char *end = nullptr;
    long major = std::strtol(at + std::strlen(".version"), &end, 10);
    long minor = *end == '.' ? std::strtol(end + 1, nullptr, 10) : 0;
    // PTX 8.x came with CUDA 12.x, and 9.x with 13.x; 8.5 served 12.5 and 12.6.
    if (major == 8)
      return static_cast<int>(12000 + 10 * (minor <= 5 ? minor : minor + 1));
    if (major >= 9)
      return static_cast<int>((major + 4) * 1000 + 10 * minor);
  }
  return 0;
}

Status wrongArchitecture(const Gpu &gpu, const LlmcProgram &program) {
  return Status::error(
      "the program was compiled for {}, this GPU is {} ({}); compile the model "
      "again with --arch={}",
      architecture(program.computeCapability), gpu.name,
      architecture(gpu.computeCapability), architecture(gpu.computeCapability));
}

std::vector<const LlmcTensor *> largestTensors(const LlmcProgram &program,
                                               size_t count) {
  std::vector<const LlmcTensor *> tensors;
  for (int64_t i = 0; i < program.numTensors; ++i)
    tensors.push_back(&program.tensors[i]);
  // Of equal ones the first: tensors lie side by side in the table.
  std::sort(tensors.begin(), tensors.end(),
            [](const LlmcTensor *a, const LlmcTensor *b) {
              return a->elements != b->elements ? a->elements > b->elements
                                                : a < b;
            });
  tensors.resize(std::min(count, tensors.size()));
  return tensors;
}

} // namespace

Result<Gpu> chooseGpu(const Driver &driver, int number) {
  int count = 0;
  LLMC_TRY(driver.check(driver.cuDeviceGetCount(&count), "cuDeviceGetCount"));
  if (count == 0)
    return Status::error("no GPU: the CUDA driver {} finds none; see what "
                         "nvidia-smi lists and whether CUDA_VISIBLE_DEVICES "
                         "hides it, or compile the model with --target=cpu",
                         driver.path);
  Result<int> wanted = wantedNumber(number, count);
  if (!wanted.isOk())
    return wanted.status();
  if (*wanted >= count) {
    std::string list;
    for (int i = 0; i < count; ++i)
      if (Result<Gpu> gpu = describeGpu(driver, i); gpu.isOk())
        list += fmt::format("{}{}: {}", i ? ", " : "", i, gpu->name);
    return Status::error(
        "there is no GPU {}, choose one of these with --device "
        "or LLMC_DEVICE: {}",
        *wanted, list);
  }
  return describeGpu(driver, *wanted);
}

Result<Code> chooseCode(const Driver &driver, const Gpu &gpu,
                        const LlmcProgram &program) {
  const int built = program.computeCapability, there = gpu.computeCapability;
  if (built == 0 && there == 0)
    return Code::Cubin;
  if (built == 0)
    return Status::error(
        "the program was compiled with --arch=emulated and cannot run on a "
        "real GPU ({}); compile the model again with --arch={}, or let "
        "LLMC_CUDA_DRIVER name the emulated driver, libcuda-emulated.so",
        gpu.name, architecture(there));
  if (there == 0)
    return Status::error(
        "the program was compiled for {} and the driver {} emulates a GPU; "
        "compile the model again with --arch=emulated, or leave "
        "LLMC_CUDA_DRIVER unset to use a real GPU",
        architecture(built), driver.path);

  bool allCubins = true, allPtx = true;
  for (int64_t i = 0; i < program.numImages; ++i) {
    allCubins &= program.images[i].cubin != nullptr;
    allPtx &= program.images[i].ptx != nullptr;
  }
  const bool sameGeneration = there / 10 == built / 10 && there >= built;
  if (there < built || (!(sameGeneration && allCubins) && !allPtx))
    return wrongArchitecture(gpu, program);
  const Code code = sameGeneration && allCubins ? Code::Cubin : Code::Ptx;

  // A driver reads cubins of its own major version's tools and PTX up to its
  // own version.
  const int toolkit = toolkitOf(program);
  const int needed = code == Code::Cubin ? toolkit / 1000 * 1000 : toolkit;
  if (driver.version < needed)
    return Status::error(
        "the CUDA driver {} is of CUDA {}, the program's {} was made by CUDA "
        "{} and needs a driver of {} or newer; update the driver{}, or compile "
        "the model with an older NVRTC",
        driver.path, formatVersion(driver.version),
        code == Code::Cubin ? "code" : "PTX", formatVersion(toolkit),
        formatVersion(needed), needed == 13000 ? " (580 or newer)" : "");
  return code;
}

Peak peakOf(const Gpu &gpu, const LlmcProgram &program) {
  const std::string_view precision = program.precision ? program.precision : "";
  const bool isPart = gpu.name.find("MIG") != std::string::npos;
  for (const KnownGpu &known : knownGpus) {
    bool same = known.isPrefix ? gpu.name.rfind(known.name, 0) == 0
                               : gpu.name == known.name;
    if (!same || isPart)
      continue;
    if (precision == "bf16")
      return {known.bf16 * 1e12,
              "bf16 products summed in f32, dense, by table"};
    if (precision == "tf32")
      return {known.tf32 * 1e12,
              "tf32 products summed in f32, dense, by table"};
    return {known.f32 * 1e12, "f32, by table"};
  }
  return {0, "unknown for this GPU"};
}

Status checkMemory(const LlmcProgram &program, const Gpu &gpu,
                   int64_t freeBytes, int64_t extraBytes, int64_t ofNccl) {
  auto inPages = [](int64_t bytes) {
    return (bytes + pageBytes - 1) / pageBytes * pageBytes;
  };
  int64_t needed = inPages(extraBytes) + ofNccl;
  std::string table;
  for (int64_t i = 0; i < program.numArenas; ++i) {
    const LlmcArena &arena = program.arenas[i];
    if (arena.host)
      continue;
    needed += inPages(arena.bytes);
    if (arena.bytes > 0)
      table += fmt::format("  {:<20} {:>12}\n", arena.name,
                           formatBytes(arena.bytes));
  }
  if (needed <= freeBytes)
    return Status::ok();
  if (ofNccl)
    table +=
        fmt::format("  {:<20} {:>12}\n", "NCCL, reserved", formatBytes(ofNccl));
  table += "the largest tensors, parameters also among gradients and "
           "moments:\n";
  for (const LlmcTensor *tensor : largestTensors(program, 5))
    table += fmt::format(
        "  {} [{}]: {}\n", tensor->name,
        fmt::join(tensor->shape, tensor->shape + tensor->rank, ", "),
        formatBytes(tensor->elements * 4));
  return Status::error(
      "the program needs {} of GPU memory, {} of {} are free on GPU {} ({}):\n"
      "{}stop other programs that use this GPU (nvidia-smi lists them), or "
      "compile the model with a smaller --batch or --seq",
      formatBytes(needed), formatBytes(freeBytes), formatBytes(gpu.totalBytes),
      gpu.number, gpu.name, table);
}

} // namespace llmc::runtime::cuda
