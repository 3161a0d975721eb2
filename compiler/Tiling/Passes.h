//===- Passes.h - from kernels on tensors to tile programs ----------------===//

#ifndef LLMC_COMPILER_TILING_PASSES_H
#define LLMC_COMPILER_TILING_PASSES_H

#include "mlir/Pass/Pass.h"

#include <memory>

namespace llmc {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Tiling/Passes.h.inc"
} // namespace llmc

#endif
