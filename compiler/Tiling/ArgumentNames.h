//===- ArgumentNames.h - what a kernel's arguments are ----------*- C++ -*-===//

#ifndef LLMC_COMPILER_TILING_ARGUMENTNAMES_H
#define LLMC_COMPILER_TILING_ARGUMENTNAMES_H

#include "mlir/IR/Block.h"

#include <string>

namespace llmc::tiling {

/// The discardable attribute of a kernel: names of its arguments, for a
/// target's source.
inline constexpr llvm::StringLiteral kArgumentNames = "tile.argument_names";

/// Names for the arguments of a kernel that holds a group of `model` and
/// `train` ops, then for what it returns: what the group's first op calls them,
/// "weight" or "residual". Several may have the same.
llvm::SmallVector<std::string> nameArguments(mlir::Block &group);

} // namespace llmc::tiling

#endif
