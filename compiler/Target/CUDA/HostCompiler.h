//===- HostCompiler.h - kernels for the emulator --------------------------===//

#ifndef LLMC_COMPILER_TARGET_CUDA_HOSTCOMPILER_H
#define LLMC_COMPILER_TARGET_CUDA_HOSTCOMPILER_H

#include "compiler/Target/CUDA/ImageCompiler.h"

#include <memory>

namespace llmc {

/// The folder with the emulator's llmc_device.h: LLMC_EMULATOR_INCLUDE, beside
/// the running program in ../share/llmc/emulator, or this build's source tree.
llvm::Expected<std::string> findEmulatorInclude();

/// Compiles kernels to shared objects of this machine with the C++ compiler
/// `compiler`; empty: the environment's CXX, then clang++-22, clang++, c++,
/// g++.
llvm::Expected<std::unique_ptr<ImageCompiler>>
createHostCompiler(llvm::StringRef compiler);

} // namespace llmc

#endif
