//===- BucketParameters.cpp - flat storage for many ranks -----------------===//
//
//   train.variable @w .. at 0 decay        dist.mesh ranks 2 zero 1
//   train.variable @b .. at 64             dist.unit "w" at 0 elements 128
//   train.flat gradient : tensor<128xf32>  dist.unit .. at 128 elements 128
//                                          dist.bucket at 0 elements 128
//                                          dist.bucket at 128 elements 128
//                                      ->  train.variable @w .. at 0 decay
//                                          train.variable @b .. at 128
//                                          train.flat gradient :
//                                          tensor<256xf32>
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/Buckets.h"
#include "compiler/Distribution/Passes.h"
#include "compiler/Distribution/Units.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

namespace llmc {
#define GEN_PASS_DEF_BUCKETPARAMETERS
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

struct BucketParameters : llmc::impl::BucketParametersBase<BucketParameters> {
  using BucketParametersBase::BucketParametersBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (ranks < 1 || zero < 0 || zero > 3 || bucket < 1) {
      module.emitError("expected at least 1 rank, stage 0 to 3 and buckets of "
                       "at least 1 element, found ")
          << ranks.getValue() << ", " << zero.getValue() << " and "
          << bucket.getValue();
      return signalPassFailure();
    }
    auto update = module.lookupSymbol<func::FuncOp>("update");
    train::AdamWOp adamw;
    if (update)
      update.walk([&](train::AdamWOp op) { adamw = op; });
    if (!adamw) {
      module.emitError("expected a function @update with a train.adamw");
      return signalPassFailure();
    }
    int64_t before = adamw.getParameters().getType().getNumElements();
    SmallVector<Unit> units = findUnits(module, bucket);
    SmallVector<int64_t> sections;
    for (const Unit &unit : units)
      sections.push_back(unit.elements);
    SmallVector<Bucket> buckets = cutIntoBuckets(sections, ranks, bucket);
    OpBuilder builder(&getContext());
    builder.setInsertionPointToStart(module.getBody());
    if (ranks > 1)
      dist::MeshOp::create(builder, module.getLoc(), ranks, zero);
    adamw.setDecayElements(place(units, builder));
    for (const Bucket &bucket : buckets)
      dist::BucketOp::create(builder, module.getLoc(), bucket.at,
                             bucket.elements);
    int64_t after = buckets.back().at + buckets.back().elements;
    module.walk([&](train::FlatOp flat) {
      auto type = cast<RankedTensorType>(flat.getType());
      flat.getValue().setType(type.clone({after}));
    });
    remark::analysis(
        module.getLoc(),
        remark::RemarkOpts::name("buckets").category("distribution"))
        << remark::add("{0} elements in {1} units and {2} buckets of at most "
                       "{3} for {4} rank{6}, {5} of them padding",
                       after, units.size(), buckets.size(),
                       llvm::max_element(buckets,
                                         [](auto a, auto b) {
                                           return a.elements < b.elements;
                                         })
                           ->elements,
                       ranks.getValue(), after - before, ranks == 1 ? "" : "s");
  }

private:
  /// Gives the variables their places and declares the units. Returns where
  /// those that decay end.
  int64_t place(ArrayRef<Unit> units, OpBuilder &builder) {
    int64_t multiple = kShardAlignment * ranks, at = 0, decayElements = 0;
    for (const Unit &unit : units) {
      int64_t offset = at;
      for (train::VariableOp variable : unit.variables) {
        variable.setOffset(offset);
        auto type = cast<RankedTensorType>(variable.getType());
        offset += llvm::alignTo(type.getNumElements(), kShardAlignment);
      }
      int64_t elements = llvm::alignTo(unit.elements, multiple);
      dist::UnitOp::create(builder, getOperation().getLoc(), unit.name, at,
                           elements);
      at += elements;
      if (unit.decays)
        decayElements = at;
    }
    return decayElements;
  }
};

} // namespace
