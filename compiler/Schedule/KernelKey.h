//===- KernelKey.h - what a schedule of a kernel is kept under ------------===//

#ifndef LLMC_COMPILER_SCHEDULE_KERNELKEY_H
#define LLMC_COMPILER_SCHEDULE_KERNELKEY_H

#include "dialects/Tile/Tile.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

#include <string>

namespace llmc {

/// Describes a kernel as Fusion leaves it by its kind, its ops with their
/// attributes, and the types of what goes in and out, but not by its name:
///   gemm: linear {transposed}, gelu: (4x64x96xbf16, ...) -> (4x64x384xbf16)
/// Kernels of one key have one schedule.
std::string getKernelKey(tile::FuncOp kernel);

/// The keys of a module's kernels by their names.
llvm::StringMap<std::string> getKernelKeys(mlir::ModuleOp module);

} // namespace llmc

#endif
