//===- AutodiffOpInterface.h - ops that know their gradient ---------------===//
//
// The interface by which Autodiff asks an operation for its gradient, and the
// collector to which a rule hands what it built.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_DIALECTS_INTERFACES_AUTODIFFOPINTERFACE_H
#define LLMC_DIALECTS_INTERFACES_AUTODIFFOPINTERFACE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"

namespace llmc {

/// Collects the gradients of values. Several gradients of one value are summed
/// in the order in which they were added.
class GradientAccumulator {
public:
  virtual ~GradientAccumulator() = default;

  /// Whether `value` depends on a parameter. A rule builds no gradient for a
  /// value that is not wanted.
  virtual bool wants(mlir::Value value) const = 0;

  /// Adds one term, of the type of `value`, to the gradient of `value`, which
  /// must be wanted.
  virtual void add(mlir::Value value, mlir::Value gradient) = 0;
};

} // namespace llmc

#include "dialects/Interfaces/AutodiffOpInterface.h.inc"

#endif
