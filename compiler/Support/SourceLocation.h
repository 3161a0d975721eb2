//===- SourceLocation.h - the model file's line of an operation -----------===//

#ifndef LLMC_COMPILER_SUPPORT_SOURCELOCATION_H
#define LLMC_COMPILER_SUPPORT_SOURCELOCATION_H

#include "mlir/IR/Location.h"

#include <string>

namespace llmc {

/// "models/gpt2-124m.mlir:17" of the first file location within `location`
/// (a kernel's location is fused from those of its ops); empty when there is
/// none.
std::string sourceLine(mlir::Location location);

} // namespace llmc

#endif
