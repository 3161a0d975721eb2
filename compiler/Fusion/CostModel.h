//===- CostModel.h - what a fusion is worth ---------------------*- C++ -*-===//
//
// Policy only: says how many bytes of memory traffic a fusion saves and which
// limits a kernel must keep. Grouping asks it and changes the groups.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_FUSION_COSTMODEL_H
#define LLMC_COMPILER_FUSION_COSTMODEL_H

#include "mlir/IR/Operation.h"

#include <string>

namespace llmc {

struct CostModelOptions {
  /// Tensors, arguments and results together, that one kernel may have.
  unsigned maxTensors = 24;
  /// Ops that one kernel may have.
  unsigned maxOps = 32;
};

class CostModel {
public:
  explicit CostModel(CostModelOptions options) : options(options) {}

  /// Bytes of memory traffic saved when `op` joins a kernel of `ops`: operands
  /// computed or read there need not be read again, and those with no other
  /// user need not be written.
  int64_t getBytesSaved(mlir::Operation *op,
                        llvm::ArrayRef<mlir::Operation *> ops) const;

  /// Why a kernel of `ops` must not grow by `op`; empty when it may.
  std::string getRefusal(mlir::Operation *op,
                         llvm::ArrayRef<mlir::Operation *> ops) const;

  /// Whether the result of `op` is better computed again by each of its users
  /// than kept: all of them compute elementwise, and its operand is kept
  /// anyway, so that reading the one costs what reading the other costs.
  bool shouldRecompute(mlir::Operation *op) const;

private:
  CostModelOptions options;
};

/// Floating-point operations of an op that has a fusion rule: of products and
/// attention what the arithmetic needs, of others an estimate.
int64_t getFlops(mlir::Operation *op);

/// Bytes of a value's tensor.
int64_t getTensorBytes(mlir::Value value);

} // namespace llmc

#endif
