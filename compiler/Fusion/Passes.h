//===- Passes.h - the passes of Fusion --------------------------*- C++ -*-===//

#ifndef LLMC_COMPILER_FUSION_PASSES_H
#define LLMC_COMPILER_FUSION_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace llmc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Fusion/Passes.h.inc"

} // namespace llmc

#endif
