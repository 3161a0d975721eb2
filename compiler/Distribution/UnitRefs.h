//===- UnitRefs.h - which handles of a function are a unit's ----*- C++ -*-===//

#ifndef LLMC_COMPILER_DISTRIBUTION_UNITREFS_H
#define LLMC_COMPILER_DISTRIBUTION_UNITREFS_H

#include "compiler/Distribution/Passes.h"

#include "llvm/ADT/DenseMap.h"

namespace llmc {

/// The buckets that a unit is cut into.
llvm::SmallVector<dist::BucketOp> getBuckets(dist::UnitOp unit);

/// The `train.ref`s of a function on given slots of parameters, by unit.
class UnitRefs {
public:
  UnitRefs(mlir::func::FuncOp function, llvm::ArrayRef<train::Slot> slots);

  llvm::ArrayRef<train::RefOp> of(dist::UnitOp unit) const {
    auto found = refs.find(unit);
    return found == refs.end() ? llvm::ArrayRef<train::RefOp>() : found->second;
  }
  /// Makes the handles of `unit` handles on parts of `window`, which holds it.
  void replace(dist::UnitOp unit, mlir::Value window);

private:
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<train::RefOp>> refs;
  llvm::DenseMap<mlir::Operation *, int64_t> placeOf; // of each handle
};

} // namespace llmc

#endif
