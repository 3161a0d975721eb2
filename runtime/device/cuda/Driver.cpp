//===- Driver.cpp - the CUDA driver, opened at run time -------------------===//

#include "device/cuda/Driver.h"

#include "core/SharedLibrary.h"

namespace llmc::runtime::cuda {
namespace {

/// The functions above are all there from this version on.
constexpr int oldestVersion = 12000;
constexpr const char *oldestLinuxDriver = "525";

} // namespace

std::string formatVersion(int version) {
  return fmt::format("{}.{}", version / 1000, version % 1000 / 10);
}

/// A kernel failed, now or before. Between these lie results of other kinds,
/// as of memory that is registered twice.
static bool isFault(CUresult result) {
  switch (result) {
  case illegalAddress:
  case launchTimeout:
  case assertFailed:
  case hardwareStackError:
  case illegalInstruction:
  case misalignedAddress:
  case invalidAddressSpace:
  case invalidPc:
  case launchFailed:
    return true;
  default:
    return false;
  }
}

std::string Driver::describe(CUresult result) const {
  const char *name = nullptr, *text = nullptr;
  if (!cuGetErrorName || cuGetErrorName(result, &name) != success || !name)
    return fmt::format("CUDA error {}", result);
  if (cuGetErrorString(result, &text) != success || !text)
    return name;
  return fmt::format("{} ({})", name, text);
}

const char *Driver::remedy(CUresult result) {
  if (result == deviceUnavailable || result == eccUncorrectable ||
      result == unknownError)
    return "; the GPU was lost: see the messages of the system (dmesg) for "
           "Xid, and restart the machine if nvidia-smi does not answer";
  if (result == outOfMemory)
    return "; stop other programs that use this GPU (nvidia-smi lists them)";
  return isFault(result) ? "; a kernel failed" : "";
}

Status Driver::check(CUresult result, std::string_view what) const {
  if (result == success)
    return Status::ok();
  if (isFault(result))
    sawFault = true;
  return Status::error("{}: {}{}", what, describe(result), remedy(result));
}

Status Driver::load() {
  SharedLibrary library;
  const bool isOpen = library.open("LLMC_CUDA_DRIVER", "libcuda.so.1");
  path = library.path();
  if (!isOpen)
    return Status::error(
        "no CUDA driver: {}; {}", library.reason(),
        library.isNamed()
            ? "LLMC_CUDA_DRIVER must name a CUDA driver library"
            : "install NVIDIA's driver, or compile the model with "
              "--target=cpu to train without a GPU");
#define LLMC_CUDA_LOAD(name, parameters) library.find(name, #name);
  LLMC_CUDA_FUNCTIONS(LLMC_CUDA_LOAD)
#undef LLMC_CUDA_LOAD
  if (const char *missing = library.missing())
    return Status::error("the CUDA driver {} has no {}: it is older than CUDA "
                         "{}; update it to {} or newer",
                         path, missing, formatVersion(oldestVersion),
                         oldestLinuxDriver);
  return Status::ok();
}

Status Driver::start() {
  switch (CUresult result = cuInit(0)) {
  case success:
    break;
  case noDevice:
    return Status::error("no GPU: the CUDA driver {} finds none; see what "
                         "nvidia-smi lists and whether CUDA_VISIBLE_DEVICES "
                         "hides it, or compile the model with --target=cpu",
                         path);
  case stubLibrary:
    return Status::error("the CUDA driver {} is the toolkit's stub, made for "
                         "linking; take its folder out of LD_LIBRARY_PATH",
                         path);
  case systemDriverMismatch:
    return Status::error("the CUDA driver {} and the kernel's module differ in "
                         "version: {}; restart the machine after an update of "
                         "the driver",
                         path, describe(result));
  case systemNotReady:
    return Status::error("the CUDA driver {} does not start: {}; GPUs behind "
                         "NVSwitch need the service nvidia-fabricmanager, of "
                         "the driver's version: start it",
                         path, describe(result));
  case compatNotSupported:
    return Status::error("the CUDA driver {} is of the package cuda-compat, "
                         "which this GPU does not support: {}; take its folder "
                         "out of LD_LIBRARY_PATH, or update NVIDIA's driver",
                         path, describe(result));
  default:
    return Status::error("the CUDA driver {} does not start: {}; see whether "
                         "nvidia-smi works",
                         path, describe(result));
  }
  LLMC_TRY(check(cuDriverGetVersion(&version), "cuDriverGetVersion"));
  if (version < oldestVersion)
    return Status::error("the CUDA driver {} is of CUDA {}, the program needs "
                         "{}; update it to {} or newer",
                         path, formatVersion(version),
                         formatVersion(oldestVersion), oldestLinuxDriver);
  return Status::ok();
}

Result<std::unique_ptr<Driver>> Driver::open() {
  auto driver = std::make_unique<Driver>();
  LLMC_TRY(driver->load());
  LLMC_TRY(driver->start());
  return driver;
}

} // namespace llmc::runtime::cuda
