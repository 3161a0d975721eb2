//===- NcclLibrary.cpp - NCCL, opened at run time -------------------------===//

#include "comm/NcclLibrary.h"

#include "core/SharedLibrary.h"

namespace llmc::runtime::nccl {
namespace {

/// The first whose communicators need not block, and that can be captured into
/// CUDA graphs beside other work.
constexpr int oldestVersion = 21400;

const char *remedy(int result) {
  switch (result) {
  case unhandledCudaError:
    return "; NCCL needs a driver as new as the CUDA that it was built for: "
           "see what PROGRAM doctor says of both";
  case systemError:
    return "; NCCL_DEBUG=INFO in the environment prints what it tried, ulimit "
           "-l and the size of /dev/shm are what is most often too small";
  case invalidUsage:
    return "; two ranks may have been given one GPU: see CUDA_VISIBLE_DEVICES";
  case remoteError:
    return "; another rank or the network between is gone: see what the "
           "others printed";
  default:
    return "; NCCL_DEBUG=INFO in the environment prints more";
  }
}

} // namespace

std::string formatVersion(int version) {
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100,
                     version % 100);
}

Status Library::load() {
  SharedLibrary library;
  const bool isOpen = library.open("LLMC_NCCL", "libnccl.so.2");
  path = library.path();
  if (!isOpen)
    return Status::error(
        "no NCCL, which connects GPUs: {}; {}", library.reason(),
        library.isNamed()
            ? "LLMC_NCCL must name NVIDIA's libnccl.so.2"
            : "install it (package libnccl2, or nvidia-nccl-cu13 of the "
              "Python package index), or name its libnccl.so.2 with "
              "LLMC_NCCL");
#define LLMC_FIND(name, parameters) library.find(name, "nccl" #name);
  LLMC_NCCL_FUNCTIONS(LLMC_FIND)
#undef LLMC_FIND
  library.find(getErrorString, "ncclGetErrorString");
  library.find(getLastError, "ncclGetLastError");
  const char *missing = library.missing();
  if (GetVersion)
    LLMC_TRY(check(GetVersion(&version), "ncclGetVersion"));
  if (missing || version < oldestVersion)
    return Status::error(
        "{} is no NCCL that will do: {}; install NCCL {} or newer", path,
        missing ? fmt::format("it has no {}", missing)
                : fmt::format("it is version {}", formatVersion(version)),
        formatVersion(oldestVersion));
  return Status::ok();
}

Status Library::check(int result, std::string_view what, Comm comm) const {
  if (result == success || result == inProgress)
    return Status::ok();
  const char *name = getErrorString ? getErrorString(result) : nullptr;
  const char *details = getLastError && comm ? getLastError(comm) : nullptr;
  return Status::error(
      "{}: NCCL: {}{}{}{}", what, name ? name : fmt::format("error {}", result),
      details && *details ? ": " : "", details ? details : "", remedy(result));
}

} // namespace llmc::runtime::nccl
