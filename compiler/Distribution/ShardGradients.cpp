//===- ShardGradients.cpp - each rank keeps its part of the gradients -----===//
//
//   %g = train.ref gradient @w      %win = dist.window "model.layers.0"
//   train.accumulate %dw into %g    train.zero %win
//   return %loss                    %g = dist.range %win[0]
//                               ->  train.accumulate %dw into %g
//                                   %p = dist.reduce_scatter_start ..
//                                   %sum = dist.wait %p
//                                   train.add %sum into %mine
//                                   return %loss
//
// Before Fusion, so that zero and add become kernels like any others; where
// they run, and how long a window lives, is decided after it.
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/Passes.h"
#include "compiler/Distribution/UnitRefs.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"

namespace llmc {
#define GEN_PASS_DEF_SHARDGRADIENTS
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Sums the unit's gradients, which lie in `window`, and adds what is this
/// rank's to `shards`, all that it keeps.
static void sumUnit(ImplicitLocOpBuilder &b, dist::UnitOp unit, Value window,
                    Value shards, int64_t ranks) {
  auto type = cast<RankedTensorType>(window.getType());
  for (dist::BucketOp bucket : getBuckets(unit)) {
    auto at = static_cast<int64_t>(bucket.getAt());
    auto elements = static_cast<int64_t>(bucket.getElements());
    RankedTensorType shard = type.clone({elements / ranks});
    Value range =
        dist::RangeOp::create(b, type.clone({elements}), window,
                              at - static_cast<int64_t>(unit.getAt()));
    Value pending = dist::ReduceScatterStartOp::create(
        b, dist::PendingType::get(b.getContext(), shard), range);
    Value sum = dist::WaitOp::create(b, pending);
    train::AddOp::create(b, sum,
                         dist::RangeOp::create(b, shard, shards, at / ranks));
  }
}

namespace {
struct ShardGradients : llmc::impl::ShardGradientsBase<ShardGradients> {
  using ShardGradientsBase::ShardGradientsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    dist::MeshOp mesh = dist::findMesh(module);
    auto function = module.lookupSymbol<func::FuncOp>("micro_step");
    if (!mesh || module.getOps<dist::UnitOp>().empty() || !function) {
      module.emitError("expected a dist.mesh, dist.units and a function "
                       "@micro_step");
      return signalPassFailure();
    }
    auto ranks = static_cast<int64_t>(mesh.getRanks());
    int64_t elements = dist::countStoredElements(module);
    Block &body = function.getBody().front();
    UnitRefs refs(function, {train::Slot::Gradient});
    ImplicitLocOpBuilder b(function.getLoc(), &getContext());
    Value shards;
    Operation *last = nullptr; // at the function's begin
    for (auto unit : module.getOps<dist::UnitOp>()) {
      if (refs.of(unit).empty()) {
        unit.emitOpError("expected an op in @micro_step that adds to a "
                         "gradient of this unit, found none");
        return signalPassFailure();
      }
      train::RefOp first = refs.of(unit).front();
      auto type =
          RankedTensorType::get({static_cast<int64_t>(unit.getElements())},
                                getElementTypeOrSelf(first.getType()));
      if (!shards) {
        b.setInsertionPointToStart(&body);
        shards = train::FlatOp::create(b, type.clone({elements / ranks}),
                                       train::Slot::Gradient,
                                       /*sharded=*/true);
        last = shards.getDefiningOp();
      }
      b.setInsertionPointAfter(last);
      Value window = dist::WindowOp::create(b, type, unit.getName());
      last = train::ZeroOp::create(b, window);
      refs.replace(unit, window);
      b.setInsertionPoint(body.getTerminator());
      sumUnit(b, unit, window, shards, ranks);
    }
    remark::analysis(
        function.getLoc(),
        remark::RemarkOpts::name("sharded").category("distribution"))
        << remark::add("gradients of {0} bytes sharded: {1} bytes a rank",
                       elements * 4, elements * 4 / ranks);
  }
};
} // namespace
