//===- Pipeline.h - what the plan of a software pipeline says ---*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CUDA_PIPELINE_H
#define LLMC_COMPILER_TARGET_CUDA_PIPELINE_H

#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace llmc {

/// The loads of a loop's body that are made iterations ahead: those with more
/// than one of `cuda.stages`.
llvm::SmallVector<tile::LoadOp> loadsAhead(mlir::scf::ForOp loop);

/// How far `value` moves when the variable of `loop` moves by 1; none if that
/// is not a constant.
std::optional<int64_t> movementOf(mlir::Value value, mlir::scf::ForOp loop);

} // namespace llmc

#endif
