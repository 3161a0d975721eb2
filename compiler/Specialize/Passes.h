//===- Passes.h - from a model file to one flat, static graph ---*- C++ -*-===//

#ifndef LLMC_COMPILER_SPECIALIZE_PASSES_H
#define LLMC_COMPILER_SPECIALIZE_PASSES_H

#include "dialects/Model/Model.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace llmc {

#define GEN_PASS_DECL
#include "compiler/Specialize/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/Specialize/Passes.h.inc"

} // namespace llmc

#endif
