//===- Initializer.h - first values as a program keeps them -----*- C++ -*-===//
//
// Private to Link.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_LINK_INITIALIZER_H
#define LLMC_COMPILER_LINK_INITIALIZER_H

#include "runtime/abi/ProgramAbi.h"

#include "mlir/IR/BuiltinTypes.h"

#include <optional>
#include <vector>

namespace llmc {

struct Initializer {
  LlmcInitKind kind;
  std::vector<double> arguments; ///< as `kind` has them, see ProgramAbi.h
};

/// None of an attribute that the runtime has no initializer for.
std::optional<Initializer> initializerOf(mlir::Attribute attribute,
                                         mlir::RankedTensorType type);

} // namespace llmc

#endif // LLMC_COMPILER_LINK_INITIALIZER_H
