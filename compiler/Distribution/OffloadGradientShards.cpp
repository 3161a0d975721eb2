//===- OffloadGradientShards.cpp - ranks' gradients on the host -----------===//
//
//   %p = dist.reduce_scatter_start %w     %p = dist.reduce_scatter_start %w
//   tile.launch @a(..)                    %in = dist.to_device_start %s into %v
//   %sum = dist.wait %p               ->  tile.launch @a(..)
//   tile.launch @add(%sum, %s)            %sum = dist.wait %p
//                                         dist.wait %in
//                                         tile.launch @add(%sum, %v)
//                                         %out = dist.to_host_start %v into %s
//
// After `llmc-place-windows`, which decides when sums are taken and added. A
// rank's shard comes while the ranks sum the bucket, since both take the bus.
// In @first_micro_step, which stores sums, shards only go.
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/Passes.h"
#include "compiler/Support/TypeBytes.h"
#include "dialects/Tile/Tile.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"

namespace llmc {
#define GEN_PASS_DEF_OFFLOADGRADIENTSHARDS
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

/// A launch that adds what ranks have summed to this rank's shard.
struct Addition {
  tile::LaunchOp launch;
  OpOperand *shard;
  dist::WaitOp sum;
};

class ShardOffloader {
public:
  ShardOffloader(func::FuncOp function, bool isFirst)
      : function(function), isFirst(isFirst),
        b(function.getLoc(), OpBuilder(function)) {}

  LogicalResult run();

private:
  LogicalResult findAdditions();
  /// The shard of `addition` comes, unless it is stored, and goes; returns what
  /// takes it back.
  Value bring(Addition &addition);
  /// Whether a launch that adds no sum stands between the two.
  static bool isNextBurst(Addition &before, Addition &addition);

  func::FuncOp function;
  bool isFirst;
  ImplicitLocOpBuilder b;
  SmallVector<Addition> additions; // in the function's order
};

} // namespace

/// A handle on gradients of which this rank has its shards, on the host.
static bool isHostShard(Value value) {
  auto range = value.getDefiningOp<dist::RangeOp>();
  auto flat = range ? range.getStorage().getDefiningOp<train::FlatOp>()
                    : train::FlatOp();
  return flat && flat.getSlot() == train::Slot::Gradient && flat.getHost();
}

LogicalResult ShardOffloader::findAdditions() {
  for (auto launch : function.getOps<tile::LaunchOp>()) {
    Addition addition{launch, nullptr, {}};
    for (OpOperand &operand : launch->getOpOperands()) {
      if (isHostShard(operand.get()))
        addition.shard = &operand;
      auto wait = operand.get().getDefiningOp<dist::WaitOp>();
      if (wait &&
          isa<dist::ReduceScatterStartOp>(wait.getPending().getDefiningOp()))
        addition.sum = wait;
    }
    if (!addition.shard)
      continue;
    if (!addition.sum)
      return launch.emitOpError("expected the sum of a "
                                "dist.reduce_scatter_start beside a shard of "
                                "the gradients, found none");
    additions.push_back(addition);
  }
  return success();
}

bool ShardOffloader::isNextBurst(Addition &before, Addition &addition) {
  for (Operation *op = before.launch->getNextNode(); op != addition.launch;
       op = op->getNextNode())
    if (isa<tile::LaunchOp>(op))
      return true;
  return false;
}

Value ShardOffloader::bring(Addition &addition) {
  Value home = addition.shard->get();
  Operation *start = addition.sum.getPending().getDefiningOp();
  auto window = dist::findWindowPart(start->getOperand(0));
  b.setLoc(addition.launch.getLoc());
  b.setInsertionPointAfter(start);
  Value place = dist::WindowOp::create(b, home.getType(),
                                       window ? window->window.getUnit()
                                              : StringRef("gradients"));
  if (!isFirst) {
    Value in = dist::ToDeviceStartOp::create(b, home, place);
    b.setInsertionPoint(addition.launch);
    dist::WaitOp::create(b, in);
  }
  addition.shard->set(place);
  b.setInsertionPointAfter(addition.launch);
  return dist::ToHostStartOp::create(b, place, home);
}

LogicalResult ShardOffloader::run() {
  if (failed(findAdditions()))
    return failure();
  int64_t bytes = 0;
  SmallVector<Value> leaving;
  auto waitForAll = [&](Operation *before) {
    b.setInsertionPoint(before);
    for (Value out : leaving)
      dist::WaitOp::create(b, out);
    leaving.clear();
  };
  // Sums of a unit are added in one burst, and leave until the next one.
  for (auto [index, addition] : llvm::enumerate(additions)) {
    bytes += getElementBytes(cast<ShapedType>(addition.shard->get().getType()));
    bool isNext = index && isNextBurst(additions[index - 1], addition);
    Value out = bring(addition);
    if (isNext)
      waitForAll(addition.launch);
    leaving.push_back(out);
  }
  waitForAll(function.getBody().front().getTerminator());
  remark::analysis(function.getLoc(),
                   remark::RemarkOpts::name("offload").category("distribution"))
      << remark::add("@{0}: {1} shards of gradients, {2} bytes, {3}",
                     function.getSymName(), additions.size(), bytes,
                     isFirst ? "go to the host"
                             : "come from the host and go back");
  return success();
}

namespace {
struct OffloadGradientShards
    : llmc::impl::OffloadGradientShardsBase<OffloadGradientShards> {
  using OffloadGradientShardsBase::OffloadGradientShardsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    dist::MeshOp mesh = dist::findMesh(module);
    auto function = module.lookupSymbol<func::FuncOp>("micro_step");
    if (!mesh || mesh.getZero() < 2 || !function) {
      module.emitError("expected a dist.mesh of stage 2 or 3 and a function "
                       "@micro_step");
      return signalPassFailure();
    }
    if (failed(ShardOffloader(function, /*isFirst=*/false).run()))
      return signalPassFailure();
    auto first = module.lookupSymbol<func::FuncOp>("first_micro_step");
    if (first && failed(ShardOffloader(first, /*isFirst=*/true).run()))
      signalPassFailure();
  }
};
} // namespace
