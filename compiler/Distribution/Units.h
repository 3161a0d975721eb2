//===- Units.h - which parameters travel together -------------------------===//
//
// Policy, apart from rewriting. A unit is what a step needs at one time: of
// stage 2 on, its gradients share a window, from stage 3 on its parameters.
// All stages have the same units, so that shards, and with them the order of
// sums and the bits, are those of the number of ranks.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_DISTRIBUTION_UNITS_H
#define LLMC_COMPILER_DISTRIBUTION_UNITS_H

#include "dialects/Train/Train.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <string>

namespace llmc {

/// Parameters that lie one behind the other.
struct Unit {
  std::string name;
  bool decays;
  /// In the order of storage, each at a multiple of 64 elements from the
  /// unit's begin.
  llvm::SmallVector<train::VariableOp> variables;
  /// To the end of the last one, rounded up to 64.
  int64_t elements;
};

/// The units of all parameters, in the order of storage, which stays as it is:
/// - parameters that decay whose names begin alike up to their first number
///   ("model.layers.3"), as those of a layer do: `model.repeat` numbers them;
///   of a layer of more than four times `limit` elements those that begin alike
///   up to one part further ("model.layers.3.mlp"), since two units have to be
///   on a device at a time;
/// - of those without a number, as many in a row as `limit` elements have room
///   for, so that a model that numbers nothing has units of a bucket, and an
///   embedding or a head, which are larger, is one of its own;
/// - all that do not decay: norms and biases are small, and most of a step's
///   ops need one of them.
llvm::SmallVector<Unit> findUnits(mlir::ModuleOp module, int64_t limit);

} // namespace llmc

#endif
