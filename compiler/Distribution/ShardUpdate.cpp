//===- ShardUpdate.cpp - each rank's part of the update -------------------===//
//
//   %n = train.gradient_norm %g, %h    %s = dist.shard (dist.range %g[0])
//   train.adamw %p, %g, %m, %v, ..  -> train.sum_of_squares %s into %q
//                                      %a = all-gathered %q
//                                      %n = train.norm %a, %h
//                                      train.adamw on shards, then all-gather
//                                      of the parameters, bucket by bucket
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/Passes.h"
#include "compiler/Distribution/Places.h"
#include "compiler/Support/TypeBytes.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

namespace llmc {
#define GEN_PASS_DEF_SHARDUPDATE
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Partial sums of a bucket are a multiple of these: a cache line, so that
/// those of the next bucket begin on one, too.
static constexpr int64_t kPartials = 16;

namespace {

class UpdateSharder {
public:
  UpdateSharder(dist::MeshOp mesh, OpBuilder &builder, Location loc)
      : module(mesh->getParentOfType<ModuleOp>()), ranks(mesh.getRanks()),
        zero(mesh.getZero()), buckets(module.getOps<dist::BucketOp>()),
        b(loc, builder) {}

  void shardNorm(train::GradientNormOp norm, int64_t splits);
  void shardAdamW(train::AdamWOp adamw);
  void shardRound(train::RoundOp round);

private:
  /// What this rank has of a slot.
  struct OwnStorage {
    Value handle;
    bool isSharded;
  };
  /// A handle on all of what this rank has of the slot of `flat`.
  Value createSharded(Value flat) {
    auto op = flat.getDefiningOp<train::FlatOp>();
    auto type = cast<RankedTensorType>(flat.getType());
    return train::FlatOp::create(b, type.clone({type.getNumElements() / ranks}),
                                 op.getSlot(),
                                 /*sharded=*/true);
  }
  Value createRange(Value storage, int64_t first, int64_t elements) {
    auto type = cast<RankedTensorType>(storage.getType());
    return dist::RangeOp::create(b, type.clone({elements}), storage, first);
  }
  /// This rank's shard of `bucket` in a storage that has all of it.
  Value createShard(Value storage, dist::BucketOp bucket) {
    Value range = createRange(storage, bucket.getAt(), bucket.getElements());
    auto type = cast<RankedTensorType>(range.getType());
    return dist::ShardOp::create(b, type.clone({shardElements(bucket)}), range);
  }
  /// The same in a storage that has shards only.
  Value createStoredShard(Value storage, dist::BucketOp bucket) {
    return createRange(storage, bucket.getAt() / ranks, shardElements(bucket));
  }
  /// The same in either.
  Value createOwnShard(const OwnStorage &storage, dist::BucketOp bucket) {
    return storage.isSharded ? createStoredShard(storage.handle, bucket)
                             : createShard(storage.handle, bucket);
  }
  /// The storage of the slot of `whole`, of which a rank has shards only from
  /// `stage` on.
  OwnStorage findStorage(Value whole, int64_t stage) {
    if (zero < stage)
      return {whole, false};
    return {createSharded(whole), true};
  }
  Value startGather(Value part) {
    auto type = cast<RankedTensorType>(part.getType());
    return dist::AllGatherStartOp::create(
        b,
        dist::PendingType::get(b.getContext(),
                               type.clone({type.getNumElements() * ranks})),
        part);
  }
  int64_t shardElements(dist::BucketOp bucket) {
    return bucket.getElements() / ranks;
  }

  ModuleOp module;
  int64_t ranks;
  int64_t zero;
  SmallVector<dist::BucketOp> buckets;
  ImplicitLocOpBuilder b;
};

} // namespace

void UpdateSharder::shardNorm(train::GradientNormOp norm, int64_t splits) {
  b.setInsertionPoint(norm);
  b.setLoc(norm.getLoc());
  int64_t elements =
      cast<RankedTensorType>(norm.getGradients().getType()).getNumElements();
  RankedTensorType scalar = norm.getNorm().getType();
  auto countOf = [&](dist::BucketOp bucket) {
    auto bucketElements = static_cast<int64_t>(bucket.getElements());
    return static_cast<int64_t>(llvm::alignTo(
        llvm::divideCeilSigned(splits * bucketElements, elements), kPartials));
  };
  int64_t partials = 0;
  for (dist::BucketOp bucket : buckets)
    partials += countOf(bucket);
  Value all = train::SquaresOp::create(b, scalar.clone({ranks * partials}),
                                       /*first=*/0);
  Value own = dist::ShardOp::create(b, scalar.clone({partials}), all);
  int64_t first = 0;
  OwnStorage gradients = findStorage(norm.getGradients(), 2);
  for (dist::BucketOp bucket : buckets) {
    int64_t count = countOf(bucket);
    train::SumOfSquaresOp::create(b, createOwnShard(gradients, bucket),
                                  createRange(own, first, count));
    first += count;
  }
  Value result = train::NormOp::create(
      b, scalar, dist::WaitOp::create(b, startGather(own)), norm.getHyper(),
      /*clear=*/false);
  norm.getNorm().replaceAllUsesWith(result);
  norm.erase();
}

void UpdateSharder::shardAdamW(train::AdamWOp adamw) {
  b.setInsertionPoint(adamw);
  b.setLoc(adamw.getLoc());
  // Products read the copies, where there are any; then nobody but the owner
  // needs a master.
  bool copied = adamw.getCompute() != nullptr;
  OwnStorage masters = findStorage(adamw.getParameters(), copied ? 1 : 3);
  OwnStorage gradients = findStorage(adamw.getGradients(), 2);
  OwnStorage copies;
  if (copied)
    copies = findStorage(adamw.getCompute(), 3);
  Value moment1 = createSharded(adamw.getMoment1());
  Value moment2 = createSharded(adamw.getMoment2());
  auto decayElements = static_cast<int64_t>(adamw.getDecayElements());
  SmallVector<Value> gathers;
  for (auto [index, bucket] : llvm::enumerate(buckets)) {
    auto at = static_cast<int64_t>(bucket.getAt());
    Value master = createOwnShard(masters, bucket);
    Value copy = copied ? createOwnShard(copies, bucket) : Value();
    // A bucket decays as a whole or not at all.
    train::AdamWOp::create(
        b, master, createOwnShard(gradients, bucket),
        createStoredShard(moment1, bucket), createStoredShard(moment2, bucket),
        adamw.getNorm(), adamw.getHyper(), copy,
        createPlace(b, adamw, static_cast<int64_t>(index)),
        at < decayElements ? shardElements(bucket) : 0, adamw.getStochastic());
    if (zero < 3)
      gathers.push_back(startGather(copied ? copy : master));
  }
  for (Value gather : gathers)
    dist::WaitOp::create(b, gather);
  adamw.erase();
}

void UpdateSharder::shardRound(train::RoundOp round) {
  b.setInsertionPoint(round);
  b.setLoc(round.getLoc());
  Value masters = createSharded(round.getValue());
  OwnStorage copies = findStorage(round.getStorage(), 3);
  SmallVector<Value> gathers;
  for (dist::BucketOp bucket : buckets) {
    Value copy = createOwnShard(copies, bucket);
    train::RoundOp::create(b, createStoredShard(masters, bucket), copy);
    if (zero < 3)
      gathers.push_back(startGather(copy));
  }
  for (Value gather : gathers)
    dist::WaitOp::create(b, gather);
  round.erase();
}

namespace {
struct ShardUpdate : llmc::impl::ShardUpdateBase<ShardUpdate> {
  using ShardUpdateBase::ShardUpdateBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    dist::MeshOp mesh = dist::findMesh(module);
    if (!mesh || module.getOps<dist::BucketOp>().empty()) {
      module.emitError("expected a dist.mesh and dist.buckets, which "
                       "llmc-bucket-parameters declares");
      return signalPassFailure();
    }
    OpBuilder builder(&getContext());
    UpdateSharder sharder(mesh, builder, module.getLoc());
    SmallVector<train::GradientNormOp> norms;
    SmallVector<train::AdamWOp> adamws;
    SmallVector<train::RoundOp> rounds;
    module.walk([&](train::GradientNormOp op) { norms.push_back(op); });
    module.walk([&](train::AdamWOp op) { adamws.push_back(op); });
    module.walk([&](train::RoundOp op) { rounds.push_back(op); });
    for (train::GradientNormOp norm : norms)
      sharder.shardNorm(norm, normSplits);
    if (mesh.getZero() == 0)
      return;
    for (train::AdamWOp adamw : adamws) {
      remarkShares(adamw, mesh.getRanks());
      sharder.shardAdamW(adamw);
    }
    for (train::RoundOp round : rounds)
      sharder.shardRound(round);
    eraseUnusedHandles();
  }

private:
  static void remarkShares(train::AdamWOp adamw, int64_t ranks) {
    int64_t bytes = 0;
    for (Value state : {adamw.getMoment1(), adamw.getMoment2()})
      bytes += getElementBytes(cast<ShapedType>(state.getType()));
    if (adamw.getCompute())
      bytes += getElementBytes(adamw.getParameters().getType());
    remark::analysis(
        adamw.getLoc(),
        remark::RemarkOpts::name("sharded").category("distribution"))
        << remark::add("optimizer state of {0} bytes sharded: {1} bytes a rank",
                       bytes, bytes / ranks);
  }
  /// A storage is sharded or whole: none of the old handles may stay.
  void eraseUnusedHandles() {
    SmallVector<train::FlatOp> unused;
    getOperation().walk([&](train::FlatOp flat) {
      if (flat->use_empty())
        unused.push_back(flat);
    });
    for (train::FlatOp flat : unused)
      flat.erase();
  }
};
} // namespace
