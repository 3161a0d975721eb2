//===- JitKernels.h - compiled tile programs, ready to call -----*- C++ -*-===//

#ifndef LLMC_TEST_TARGET_CPU_JITKERNELS_H
#define LLMC_TEST_TARGET_CPU_JITKERNELS_H

#include "runtime/abi/ProgramAbi.h"

#include <memory>
#include <string>

/// The kernels of one file, compiled and loaded into this process.
class JitKernels {
public:
  /// Prints what is wrong and returns null on failure.
  static std::unique_ptr<JitKernels> load(const std::string &path,
                                          const std::string &cpu);
  ~JitKernels();

  LlmcKernelFunction find(const std::string &name) const;
  int64_t workspaceBytes() const;

private:
  struct Implementation;
  explicit JitKernels(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation;
};

#endif // LLMC_TEST_TARGET_CPU_JITKERNELS_H
