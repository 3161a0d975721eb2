//===- Model.h - the model dialect ------------------------------*- C++ -*-===//
//
// Vocabulary and verifiers only; passes live in compiler/.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_DIALECTS_MODEL_MODEL_H
#define LLMC_DIALECTS_MODEL_MODEL_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/MemorySlotInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Model/ModelDialect.h.inc"
#include "dialects/Model/ModelEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Model/ModelAttributes.h.inc"

#define GET_OP_CLASSES
#include "dialects/Model/ModelOps.h.inc"

namespace llmc::model {

/// Names the layer that an op of an unrolled repeat belongs to, as its
/// parameters are prefixed: "model.layers.3". Fusion removes it.
constexpr llvm::StringLiteral kLayerName = "model.layer";

/// On an op of the backward pass that computes again what the forward pass did
/// not keep. Fusion removes it.
constexpr llvm::StringLiteral kRecomputedName = "model.recomputed";

/// The `head_size` of a norm of heads or of its gradients: the channels that it
/// works on together. Nothing for all other ops.
std::optional<int64_t> getNormHeadSize(mlir::Operation *op);

} // namespace llmc::model

#endif
