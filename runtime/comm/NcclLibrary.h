//===- NcclLibrary.h - NCCL, opened at run time ---------------------------===//
//
// Nothing of NCCL is needed to build a program, and a program for one GPU needs
// none to run. What is used is declared here, as NCCL has had it since 2.14.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_COMM_NCCLLIBRARY_H
#define LLMC_RUNTIME_COMM_NCCLLIBRARY_H

#include "core/Status.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace llmc::runtime::nccl {

using Comm = struct ncclComm *;
using Stream = void *; ///< a CUstream
struct UniqueId {
  char bytes[128];
};

/// A communicator that is never waited for inside of a call: calls may return
/// `inProgress`, and what became of them is asked for.
struct Config {
  size_t size = sizeof(Config);
  unsigned magic = 0xcafebeef;
  unsigned version = 21400;
  int blocking = 0;
};
static_assert(sizeof(Config) == 24, "as NCCL 2.14 has it");

constexpr int success = 0, unhandledCudaError = 1, systemError = 2,
              invalidUsage = 5, remoteError = 6, inProgress = 7;
constexpr int byte = 0; // the data type ncclInt8

// Name and parameters of each function that returns a result.
#define LLMC_NCCL_FUNCTIONS(X)                                                 \
  X(GetVersion, (int *))                                                       \
  X(GetUniqueId, (UniqueId *))                                                 \
  X(CommInitRankConfig, (Comm *, int, UniqueId, int, Config *))                \
  X(CommGetAsyncError, (Comm, int *))                                          \
  X(CommFinalize, (Comm))                                                      \
  X(CommDestroy, (Comm))                                                       \
  X(CommAbort, (Comm))                                                         \
  X(GroupStart, ())                                                            \
  X(GroupEnd, ())                                                              \
  X(Send, (const void *, size_t, int, int, Comm, Stream))                      \
  X(Recv, (void *, size_t, int, int, Comm, Stream))                            \
  X(AllGather, (const void *, void *, size_t, int, Comm, Stream))

class Library {
public:
  /// Opens libnccl.so.2, or the file that LLMC_NCCL names, and checks its
  /// version. The library stays loaded.
  Status load();
  /// Ok if the result is success, or that the call is in progress.
  Status check(int result, std::string_view what, Comm comm = nullptr) const;

#define LLMC_FUNCTION(name, parameters) int(*name) parameters = nullptr;
  LLMC_NCCL_FUNCTIONS(LLMC_FUNCTION)
#undef LLMC_FUNCTION

  /// 22809 for 2.28.9.
  int version = 0;
  /// The file that was opened.
  std::string path;

private:
  const char *(*getErrorString)(int) = nullptr;
  const char *(*getLastError)(Comm) = nullptr;
};

/// "2.28.9" for 22809.
std::string formatVersion(int version);

} // namespace llmc::runtime::nccl

#endif // LLMC_RUNTIME_COMM_NCCLLIBRARY_H
