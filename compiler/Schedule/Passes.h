//===- Passes.h - the passes of Schedule ------------------------*- C++ -*-===//

#ifndef LLMC_COMPILER_SCHEDULE_PASSES_H
#define LLMC_COMPILER_SCHEDULE_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace llmc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Schedule/Passes.h.inc"

} // namespace llmc

#endif
