//===- UnitRefs.cpp - which handles of a function are a unit's ------------===//

#include "compiler/Distribution/UnitRefs.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace llmc;

SmallVector<dist::BucketOp> llmc::getBuckets(dist::UnitOp unit) {
  SmallVector<dist::BucketOp> buckets;
  for (auto bucket : unit->getParentOfType<ModuleOp>().getOps<dist::BucketOp>())
    if (bucket.getAt() >= unit.getAt() && bucket.getEnd() <= unit.getEnd())
      buckets.push_back(bucket);
  return buckets;
}

UnitRefs::UnitRefs(func::FuncOp function, ArrayRef<train::Slot> slots) {
  auto module = function->getParentOfType<ModuleOp>();
  SymbolTable symbols(module);
  auto units = llvm::to_vector(module.getOps<dist::UnitOp>());
  for (auto ref : function.getOps<train::RefOp>()) {
    auto variable = symbols.lookup<train::VariableOp>(ref.getVariable());
    if (variable.getConstant() || !llvm::is_contained(slots, ref.getSlot()))
      continue;
    auto at = static_cast<int64_t>(variable.getOffset());
    // The last one that begins no later: units follow each other.
    auto next = llvm::partition_point(units, [&](dist::UnitOp unit) {
      return static_cast<int64_t>(unit.getAt()) <= at;
    });
    dist::UnitOp unit = *std::prev(next);
    refs[unit].push_back(ref);
    placeOf[ref] = at - static_cast<int64_t>(unit.getAt());
  }
}

void UnitRefs::replace(dist::UnitOp unit, Value window) {
  for (train::RefOp ref : of(unit)) {
    OpBuilder builder(ref);
    auto range = dist::RangeOp::create(builder, ref.getLoc(), ref.getType(),
                                       window, placeOf.lookup(ref));
    ref.replaceAllUsesWith(range.getRange());
    ref.erase();
  }
  refs.erase(unit);
}
