//===- Passes.h - the passes of MemoryPlan --------------------------------===//

#ifndef LLMC_COMPILER_MEMORYPLAN_PASSES_H
#define LLMC_COMPILER_MEMORYPLAN_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace llmc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/MemoryPlan/Passes.h.inc"

} // namespace llmc

#endif
