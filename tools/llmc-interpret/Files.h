//===- Files.h - safetensors and token shards -----------------------------===//

#ifndef LLMC_TOOLS_LLMCINTERPRET_FILES_H
#define LLMC_TOOLS_LLMCINTERPRET_FILES_H

#include "Tensor.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

namespace llmc::interpret {

enum class Element { F32, F64 };

struct NamedTensor {
  std::string name;
  Tensor value;
};

/// Reads the F32 and F64 tensors of a safetensors file, by name.
llvm::Expected<llvm::StringMap<Tensor>> readSafetensors(llvm::StringRef path);

llvm::Error writeSafetensors(llvm::StringRef path,
                             llvm::ArrayRef<NamedTensor> tensors,
                             Element element);

/// Reads the first `count` tokens of an llm.c shard (version 1, uint16, or
/// version 7, uint32).
llvm::Expected<std::vector<double>> readTokens(llvm::StringRef path,
                                               int64_t count);

} // namespace llmc::interpret

#endif // LLMC_TOOLS_LLMCINTERPRET_FILES_H
