//===- GradientSquares.h - may kernels sum a gradient's squares? -*- C++ -*-==//
//
// Policy of llmc-fuse-gradient-norm: it changes no IR.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SCHEDULE_GRADIENTSQUARES_H
#define LLMC_COMPILER_SCHEDULE_GRADIENTSQUARES_H

#include "compiler/Schedule/GradientWriters.h"
#include "compiler/Schedule/TargetModel.h"

namespace llmc {

/// The kernels of @update that give the norm.
struct NormLaunches {
  tile::LaunchOp sums, norm;
  tile::FuncOp sumsKernel, normKernel;
  int64_t splits = 0;
};

/// Finds the sum over all gradients; none where there is no such sum.
std::optional<NormLaunches> findNorm(mlir::SymbolTable &symbols);

/// How many partial sums a kernel makes of a gradient that it reads again.
int64_t getSquaresApart(const NormLaunches &launches,
                        mlir::RankedTensorType gradient);

/// Why the writers of `gradient` do not sum its squares: they cannot, or it
/// would take longer than to read it again. Empty if they do, as partial sums
/// of `type`; then only those that are needed remain among the writers.
std::string chooseSquares(GradientWriters &gradient,
                          const NormLaunches &launches,
                          const TargetModel &model,
                          mlir::RankedTensorType &type);

} // namespace llmc

#endif
