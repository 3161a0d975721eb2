//===- Passes.h - the passes of Distribution ------------------------------===//

#ifndef LLMC_COMPILER_DISTRIBUTION_PASSES_H
#define LLMC_COMPILER_DISTRIBUTION_PASSES_H

#include "dialects/Dist/Dist.h"
#include "dialects/Train/Train.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace llmc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Distribution/Passes.h.inc"

} // namespace llmc

#endif
