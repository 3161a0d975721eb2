//===- Passes.h - tile programs to code for the CPU -------------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CPU_PASSES_H
#define LLMC_COMPILER_TARGET_CPU_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace llmc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Target/CPU/Passes.h.inc"

} // namespace llmc

#endif // LLMC_COMPILER_TARGET_CPU_PASSES_H
