//===- GradientTable.h - gradients that were built so far -----------------===//

#ifndef LLMC_COMPILER_AUTODIFF_GRADIENTTABLE_H
#define LLMC_COMPILER_AUTODIFF_GRADIENTTABLE_H

#include "dialects/Interfaces/AutodiffOpInterface.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallVector.h"

namespace llmc {

/// The gradient terms of each value of one block.
class GradientTable final : public GradientAccumulator {
public:
  /// Finds the values of `block` that depend on a model.parameter: only they
  /// are wanted.
  explicit GradientTable(mlir::Block &block);

  bool wants(mlir::Value value) const override;
  void add(mlir::Value value, mlir::Value gradient) override;

  /// The sum of all terms added to `value` so far, ((1st + 2nd) + 3rd) + ..,
  /// built at the builder's insertion point; null if there are none.
  mlir::Value sum(mlir::OpBuilder &builder, mlir::Value value);

private:
  llvm::DenseSet<mlir::Value> active;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value, 2>> terms;
};

} // namespace llmc

#endif
