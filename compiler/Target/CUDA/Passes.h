//===- Passes.h - tile programs to CUDA kernels -----------------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CUDA_PASSES_H
#define LLMC_COMPILER_TARGET_CUDA_PASSES_H

#include "dialects/Cuda/Cuda.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace llmc {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Target/CUDA/Passes.h.inc"

} // namespace llmc

#endif // LLMC_COMPILER_TARGET_CUDA_PASSES_H
