//===- FirstTerms.h - what begins the sums of a micro-step ------*- C++ -*-===//

#ifndef LLMC_COMPILER_SCHEDULE_FIRSTTERMS_H
#define LLMC_COMPILER_SCHEDULE_FIRSTTERMS_H

#include "dialects/Tile/Tile.h"
#include "dialects/Train/Train.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"

namespace llmc {

/// The launches of a function that work on a gradient before any other one. All
/// others add to what these leave.
struct FirstTerms {
  /// Storage that `launch` is the first to work on, and not by storing all of
  /// it.
  struct Partial {
    mlir::Value storage;
    tile::LaunchOp launch;
  };

  /// Of each launch the ops that may store instead of add, by their numbers in
  /// its kernel.
  llvm::MapVector<tile::LaunchOp, llvm::SmallVector<unsigned, 1>> terms;
  llvm::SmallVector<Partial> partials;

  /// Fails, with a diagnostic, if launches work on ranges of the gradients that
  /// overlap without one being within the other's.
  static mlir::FailureOr<FirstTerms> find(mlir::func::FuncOp function,
                                          mlir::SymbolTable &symbols);
};

} // namespace llmc

#endif
