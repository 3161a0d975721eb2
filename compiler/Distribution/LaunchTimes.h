//===- LaunchTimes.h - when launches begin ----------------------*- C++ -*-===//
//
// Of a function as it stands: kernels take what they are predicted to take,
// wait for what is waited for, and what was started runs on the bus beside them
// (BusClock), as in the step that `llmc plan` predicts.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_DISTRIBUTION_LAUNCHTIMES_H
#define LLMC_COMPILER_DISTRIBUTION_LAUNCHTIMES_H

#include "compiler/Support/BusClock.h"
#include "dialects/Dist/Dist.h"
#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"

namespace llmc {

struct LaunchTimes {
  /// Of each launch in the function's order, and the end of the last one, in
  /// seconds.
  std::vector<double> begins;
  /// What collectives and copies leave of the bus to one more copy.
  std::vector<BusClock::Share> toHost, toDevice;

  /// None where a kernel has no predicted time.
  static std::optional<LaunchTimes> find(mlir::func::FuncOp function,
                                         mlir::SymbolTable &symbols,
                                         const LinkModel &link);
};

/// The link that a pass's option names; an error of `module` for other texts.
mlir::FailureOr<LinkModel> findLink(mlir::ModuleOp module,
                                    llvm::StringRef name);

} // namespace llmc

#endif
