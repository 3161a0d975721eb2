//===- Dist.h - the dist dialect ------------------------------------------===//
//
// Vocabulary and verifiers only; passes live in compiler/.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_DIALECTS_DIST_DIST_H
#define LLMC_DIALECTS_DIST_DIST_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Dist/DistDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Dist/DistTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/Dist/DistOps.h.inc"

namespace llmc::dist {

/// The mesh of the module that `op` is in; null in a program for one rank.
MeshOp findMesh(mlir::Operation *op);

/// Starts a collective.
inline bool isStart(mlir::Operation *op) {
  return mlir::isa<AllReduceStartOp, ReduceScatterStartOp, AllGatherStartOp>(
      op);
}

} // namespace llmc::dist

#endif
