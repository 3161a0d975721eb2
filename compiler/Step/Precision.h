//===- Precision.h - bf16 compute with f32 masters --------------*- C++ -*-===//

#ifndef LLMC_COMPILER_STEP_PRECISION_H
#define LLMC_COMPILER_STEP_PRECISION_H

#include "compiler/Step/Variables.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace llmc {

/// Makes `function` compute in `compute`, a type narrower than that of the
/// parameters: it reads the parameters' compute copies, and what stays as wide
/// as it was is listed at the implementation. What it returns keeps its type;
/// fails, with a diagnostic, where no op can compute that.
mlir::LogicalResult lowerPrecision(mlir::func::FuncOp function,
                                   mlir::FloatType compute);

/// Appends @prepare(), which makes the compute copies from the parameters.
void buildPrepare(mlir::OpBuilder &builder, mlir::Location loc,
                  const Variables &variables);

} // namespace llmc

#endif
