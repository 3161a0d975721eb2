//===- Passes.h - the passes of Autodiff ----------------------------------===//

#ifndef LLMC_COMPILER_AUTODIFF_PASSES_H
#define LLMC_COMPILER_AUTODIFF_PASSES_H

#include "dialects/Model/Model.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace llmc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Autodiff/Passes.h.inc"

/// Attaches the gradient rules of compiler/Autodiff/Rules to the ops of the
/// model dialect. A tool that runs `llmc-autodiff` calls it once.
void registerAutodiffRules(mlir::DialectRegistry &registry);

} // namespace llmc

#endif
