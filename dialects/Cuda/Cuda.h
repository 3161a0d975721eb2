//===- Cuda.h - the cuda dialect --------------------------------*- C++ -*-===//
//
// Vocabulary and verifiers only; passes live in compiler/Target/CUDA.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_DIALECTS_CUDA_CUDA_H
#define LLMC_DIALECTS_CUDA_CUDA_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <optional>

namespace llmc::cuda {

/// The memory spaces of memrefs, as NVPTX numbers them.
enum MemorySpace : unsigned { Global = 0, Shared = 3, Registers = 5 };

/// nullopt for any other space.
std::optional<MemorySpace> getMemorySpace(mlir::MemRefType type);
bool isGlobal(mlir::Type type);
/// memref<Nxi8, 3>.
bool isShared(mlir::Type type);
/// memref<NxT, 5>.
bool isRegisters(mlir::Type type);

} // namespace llmc::cuda

#include "dialects/Cuda/CudaDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Cuda/CudaAttributes.h.inc"

#define GET_OP_CLASSES
#include "dialects/Cuda/CudaOps.h.inc"

namespace llmc::cuda {

/// The places where blocks of the kernel take turns; nullopt if none do.
std::optional<int64_t> getTurnPlaces(KernelOp kernel);

} // namespace llmc::cuda

#endif
