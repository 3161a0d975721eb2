//===- GradientWriters.h - who writes a gradient in a micro-step -*- C++ -*-==//

#ifndef LLMC_COMPILER_SCHEDULE_GRADIENTWRITERS_H
#define LLMC_COMPILER_SCHEDULE_GRADIENTWRITERS_H

#include "dialects/Tile/Tile.h"
#include "dialects/Train/Train.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"

namespace llmc {

/// An accumulation into a gradient.
struct GradientWriter {
  tile::LaunchOp launch;
  tile::FuncOp kernel;
  /// Its number among those of the kernel.
  unsigned accumulation = 0;
  /// It reaches only the rows that the micro-batch's tokens name.
  bool someRows = false;
};

/// All accumulations into one gradient, in the order in which they happen.
struct GradientWriters {
  train::VariableOp variable;
  llvm::SmallVector<GradientWriter, 1> writers;
  /// Why this is not all that happens to the gradient; empty if it is.
  std::string refusal;

  bool hasSomeRows() const;
  /// No writer reaches all rows.
  bool isNeverWhole() const;
  /// Drops the writers before the last one that reaches all rows: what they
  /// leave is written over. Only the last accumulation of a launch counts.
  void dropOverwritten();
};

/// The gradients that `function` writes, in the order of the variables. One
/// that nothing writes stays zero.
std::vector<GradientWriters> findGradientWriters(mlir::func::FuncOp function,
                                                 mlir::SymbolTable &symbols);

} // namespace llmc

#endif
