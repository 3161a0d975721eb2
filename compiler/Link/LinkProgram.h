//===- LinkProgram.h - objects and the runtime become an executable -------===//

#ifndef LLMC_COMPILER_LINK_LINKPROGRAM_H
#define LLMC_COMPILER_LINK_LINKPROGRAM_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <string>
#include <vector>

namespace llmc {

struct LinkOptions {
  /// A C++ compiler driver; empty: the environment's CXX, then c++,
  /// clang++-22, g++, clang++.
  std::string linker;
  /// libllmc_runtime.a; empty: beside the running program, ../lib.
  std::string runtime;
};

/// The file libllmc_runtime.a that programs are linked with.
llvm::Expected<std::string> findRuntime(const LinkOptions &options);

/// The driver that links.
llvm::Expected<std::string> findLinker(const LinkOptions &options);

/// What else the link needs for this runtime, from the file of the same name
/// that ends in .link: an argument a line. A build of the runtime that needs
/// anything, such as sanitizers, writes one; otherwise there is none.
llvm::Expected<std::vector<std::string>>
findLinkArguments(llvm::StringRef runtime);

/// Links `objects` with the runtime into the executable `output`, which
/// replaces an older one only when linking succeeded. The linker's own
/// messages are part of the error.
llvm::Error
linkProgram(llvm::ArrayRef<std::unique_ptr<llvm::MemoryBuffer>> objects,
            llvm::StringRef output, const LinkOptions &options);

} // namespace llmc

#endif
