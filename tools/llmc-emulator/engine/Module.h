//===- Module.h - Compiled kernels ------------------------------*- C++ -*-===//

#ifndef LLMC_EMULATOR_ENGINE_MODULE_H
#define LLMC_EMULATOR_ENGINE_MODULE_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace llmc::emulator {

namespace ptx {
struct Code;
} // namespace ptx

struct Kernel {
  std::string name;
  void *function = nullptr;              // compiled for the host, or
  std::shared_ptr<const ptx::Code> code; // PTX
  int numArguments = 0;
  std::vector<int> argumentBytes; // of each; empty: 8
  uint32_t pointers = 0;          // which of them are, by bit
  int maxThreads = 0;             // the bound that LLMC_KERNEL or PTX promises
  int sharedLimit = 49152; // dynamic shared memory; more has to be asked for
};

/// A shared object that was compiled against the emulation's llmc_device.h, or
/// PTX.
class Module {
public:
  Module() = default;
  Module(const Module &) = delete;
  ~Module();

  /// `image` is an ELF file in memory, or PTX that ends in a zero. Null, and
  /// `error` says why, if it is not one of ours.
  static std::unique_ptr<Module> load(const void *image, std::string &error);
  /// From a file, for tests.
  static std::unique_ptr<Module> loadFile(const std::string &path,
                                          std::string &error);
  /// Null if there is no such kernel.
  Kernel *find(const std::string &name);

private:
  static std::unique_ptr<Module> loadPtx(const char *text, std::string &error);
  bool addKernel(const char *mangled, std::string &error);

  void *handle = nullptr;
  std::map<std::string, Kernel> kernels;
};

} // namespace llmc::emulator

#endif // LLMC_EMULATOR_ENGINE_MODULE_H
