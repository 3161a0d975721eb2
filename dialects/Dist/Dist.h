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

#include <optional>

#include "dialects/Dist/DistDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Dist/DistTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/Dist/DistOps.h.inc"

namespace llmc::dist {

/// The mesh of the module that `op` is in; null in a program for one rank.
MeshOp findMesh(mlir::Operation *op);

/// Elements of the storage of all parameters, as buckets cut it; 0 without any.
int64_t countStoredElements(mlir::ModuleOp module);

/// Elements [first, first + elements) of a window.
struct WindowPart {
  WindowOp window;
  int64_t first;
  int64_t elements;

  bool overlaps(int64_t begin, int64_t end) const {
    return begin < first + elements && first < end;
  }
};

/// The part of a window that `value` is a handle on or, if it is waited for,
/// lies in; of a shard the whole range, since ranks have different ones. None
/// for other values.
std::optional<WindowPart> findWindowPart(mlir::Value value);

/// Starts a collective.
inline bool isStart(mlir::Operation *op) {
  return mlir::isa<AllReduceStartOp, ReduceScatterStartOp, AllGatherStartOp>(
      op);
}

/// Starts a copy between the host and the device.
inline bool isTransfer(mlir::Operation *op) {
  return mlir::isa<ToDeviceStartOp, ToHostStartOp>(op);
}

/// A handle on storage, or on a part of it, that lies in the host's memory.
bool isOnHost(mlir::Value storage);

} // namespace llmc::dist

#endif
