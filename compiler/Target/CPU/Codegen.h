//===- Codegen.h - tile programs to object code -----------------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CPU_CODEGEN_H
#define LLMC_COMPILER_TARGET_CPU_CODEGEN_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>
#include <string>
#include <vector>

namespace llmc {

struct CpuOptions {
  /// "native" (the machine that compiles), or a name that LLVM knows.
  std::string cpu = "native";
  /// LLVM modules compiled at a time; 0: one per core.
  unsigned threads = 0;
  /// Whether to keep the optimised LLVM IR as text.
  bool keepIR = false;
};

/// What the chosen CPU is to the code generator.
struct CpuTarget {
  std::string triple, name, features;
  unsigned vectorWidth = 16; // bytes
  bool fma = false;

  /// Fails for a CPU that LLVM does not know.
  static llvm::Expected<CpuTarget> resolve(llvm::StringRef cpu);
  std::unique_ptr<llvm::TargetMachine> createMachine() const;
};

struct CompiledKernels {
  /// ELF objects. Each kernel is one external symbol, an LlmcKernelFunction.
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> objects;
  std::vector<std::string> ir; // with keepIR, one per object
  /// What a thread needs to run any of the kernels.
  int64_t workspaceBytes = 0;
};

/// Compiles every tile.func of `module`, which stays as it is. The passes'
/// diagnostics go to the context's handler; the error repeats none of them.
llvm::Expected<CompiledKernels> compileKernels(mlir::ModuleOp module,
                                               const CpuOptions &options);

/// Optimises `module` and turns it into an object.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
optimizeAndEmit(llvm::Module &module, llvm::TargetMachine &machine);

} // namespace llmc

#endif // LLMC_COMPILER_TARGET_CPU_CODEGEN_H
