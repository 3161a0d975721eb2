//===- BucketParameters.cpp - flat storage for many ranks -----------------===//
//
//   train.variable @w .. at 0 decay        dist.mesh ranks 2 zero 1
//   train.variable @b .. at 64             dist.bucket at 0 elements 128
//   train.flat gradient : tensor<128xf32>  dist.bucket at 128 elements 128
//                                      ->  train.variable @w .. at 0 decay
//                                          train.variable @b .. at 128
//                                          train.flat gradient :
//                                          tensor<256xf32>
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/Buckets.h"
#include "compiler/Distribution/Passes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"

namespace llmc {
#define GEN_PASS_DEF_BUCKETPARAMETERS
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

/// The sections of flat storage before and after they are padded.
struct Layout {
  int64_t decayElements;
  int64_t elements;
};

struct BucketParameters : llmc::impl::BucketParametersBase<BucketParameters> {
  using BucketParametersBase::BucketParametersBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (ranks < 2 || zero > 1 || bucket < 1) {
      module.emitError("expected at least 2 ranks, stage 0 or 1 and buckets of "
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
    if (adamw.getStochastic()) {
      adamw.emitOpError("updates bf16 masters, whose bits of chance follow "
                        "from the place in storage: not for several ranks yet");
      return signalPassFailure();
    }
    Layout before{static_cast<int64_t>(adamw.getDecayElements()),
                  adamw.getParameters().getType().getNumElements()};
    SmallVector<Bucket> buckets = cutIntoBuckets(
        {before.decayElements, before.elements - before.decayElements}, ranks,
        bucket);
    Layout after = pad(before, buckets);
    move(before, after);
    adamw.setDecayElements(after.decayElements);
    declare(buckets);
    remark::analysis(
        module.getLoc(),
        remark::RemarkOpts::name("buckets").category("distribution"))
        << remark::add("{0} elements in {1} buckets of at most {2} for {3} "
                       "ranks, {4} of them padding",
                       after.elements, buckets.size(), buckets.front().elements,
                       ranks.getValue(), after.elements - before.elements);
  }

private:
  static Layout pad(const Layout &before, ArrayRef<Bucket> buckets) {
    Layout after{0, buckets.back().at + buckets.back().elements};
    for (const Bucket &bucket : buckets)
      if (after.decayElements < before.decayElements)
        after.decayElements = bucket.at + bucket.elements;
    return after;
  }

  /// What does not decay begins where its section does now.
  void move(const Layout &before, const Layout &after) {
    int64_t shift = after.decayElements - before.decayElements;
    for (auto variable : getOperation().getOps<train::VariableOp>())
      if (!variable.getConstant() && !variable.getDecay())
        variable.setOffset(variable.getOffset() + shift);
    getOperation().walk([&](train::FlatOp flat) {
      auto type = cast<RankedTensorType>(flat.getType());
      flat.getValue().setType(type.clone({after.elements}));
    });
  }

  void declare(ArrayRef<Bucket> buckets) {
    Location loc = getOperation().getLoc();
    OpBuilder builder(&getContext());
    builder.setInsertionPointToStart(getOperation().getBody());
    dist::MeshOp::create(builder, loc, ranks, zero);
    for (const Bucket &bucket : buckets)
      dist::BucketOp::create(builder, loc, bucket.at, bucket.elements);
  }
};

} // namespace
