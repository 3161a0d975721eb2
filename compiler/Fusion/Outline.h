//===- Outline.h - a group becomes a kernel ---------------------*- C++ -*-===//
//
// Writes the tile.func of a group, or finds an equal one, and the launch.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_FUSION_OUTLINE_H
#define LLMC_COMPILER_FUSION_OUTLINE_H

#include "compiler/Fusion/Grouping.h"
#include "dialects/Tile/Tile.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringMap.h"

namespace llmc {

class KernelOutliner {
public:
  explicit KernelOutliner(mlir::ModuleOp module) : symbols(module) {}

  /// Replaces the ops of `func`, which `groups` hold in an order that can be
  /// executed, by launches.
  void run(mlir::func::FuncOp func, llvm::ArrayRef<const Group *> groups);

private:
  /// A group's interface to the outside.
  struct Signature {
    llvm::SmallVector<mlir::Value> arguments, results;
    llvm::SmallVector<int64_t> inplace; // pairs [result, argument]
  };

  Signature getSignature(const Group &group) const;
  void placeInplaceResultLast(const Group &group, Signature &signature) const;
  std::string getKey(const Group &group, const Signature &signature) const;
  std::string getName(const Group &group);
  tile::FuncOp createKernel(const Group &group, const Signature &signature,
                            mlir::Location loc);

  mlir::SymbolTable symbols;
  /// Kernels by what they compute.
  llvm::StringMap<tile::FuncOp> kernels;
  unsigned kernelCount = 0;
};

} // namespace llmc

#endif
