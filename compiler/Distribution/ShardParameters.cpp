//===- ShardParameters.cpp - each rank keeps its part of the parameters ---===//
//
//   %w = train.ref value @w            %p = dist.all_gather_start %mine into ..
//   %y = model.linear %x, %w       ->  dist.wait %p
//                                      %w = dist.range %window[0]
//                                      %y = model.linear %x, %w
//
// All of a function's units are gathered at its begin here. How far ahead of
// its use each is gathered, and how often, is decided on launches.
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/Passes.h"
#include "compiler/Distribution/UnitRefs.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"

namespace llmc {
#define GEN_PASS_DEF_SHARDPARAMETERS
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// A window with all of the unit's parameters, of which `shards` holds what
/// this rank keeps.
static Value gatherUnit(ImplicitLocOpBuilder &b, dist::UnitOp unit,
                        Value shards, int64_t ranks) {
  auto type = cast<RankedTensorType>(shards.getType());
  auto unitAt = static_cast<int64_t>(unit.getAt());
  Value window = dist::WindowOp::create(
      b, type.clone({static_cast<int64_t>(unit.getElements())}),
      unit.getName());
  SmallVector<Value> pending;
  for (dist::BucketOp bucket : getBuckets(unit)) {
    auto at = static_cast<int64_t>(bucket.getAt());
    auto elements = static_cast<int64_t>(bucket.getElements());
    RankedTensorType whole = type.clone({elements});
    Value mine = dist::RangeOp::create(b, type.clone({elements / ranks}),
                                       shards, at / ranks);
    Value range = dist::RangeOp::create(b, whole, window, at - unitAt);
    pending.push_back(dist::AllGatherStartOp::create(
        b, dist::PendingType::get(b.getContext(), whole), mine, range));
  }
  for (Value value : pending)
    dist::WaitOp::create(b, value);
  return window;
}

namespace {
struct ShardParameters : llmc::impl::ShardParametersBase<ShardParameters> {
  using ShardParametersBase::ShardParametersBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    dist::MeshOp mesh = dist::findMesh(module);
    if (!mesh || module.getOps<dist::UnitOp>().empty()) {
      module.emitError("expected a dist.mesh and dist.units, which "
                       "llmc-bucket-parameters declares");
      return signalPassFailure();
    }
    auto ranks = static_cast<int64_t>(mesh.getRanks());
    int64_t elements = dist::countStoredElements(module);
    int64_t bytes = 0;
    for (auto function : module.getOps<func::FuncOp>()) {
      // Products read the compute copies, where there are any.
      UnitRefs refs(function, {train::Slot::Value, train::Slot::Compute});
      ImplicitLocOpBuilder b(function.getLoc(), &getContext());
      b.setInsertionPointToStart(&function.getBody().front());
      Value shards;
      SmallVector<std::pair<dist::UnitOp, Value>> windows;
      for (auto unit : module.getOps<dist::UnitOp>()) {
        if (refs.of(unit).empty())
          continue;
        train::RefOp first = refs.of(unit).front();
        if (!shards)
          shards = train::FlatOp::create(
              b,
              RankedTensorType::get({elements / ranks},
                                    getElementTypeOrSelf(first.getType())),
              first.getSlot(), /*sharded=*/true);
        bytes = elements *
                getElementTypeOrSelf(first.getType()).getIntOrFloatBitWidth() /
                8;
        windows.push_back({unit, gatherUnit(b, unit, shards, ranks)});
      }
      for (auto [unit, window] : windows)
        refs.replace(unit, window);
    }
    remark::analysis(
        module.getLoc(),
        remark::RemarkOpts::name("sharded").category("distribution"))
        << remark::add("parameters of {0} bytes sharded: {1} bytes a rank",
                       bytes, bytes / ranks);
  }
};
} // namespace
