//===- OffloadState.cpp - state of the optimizer in the host's memory -----===//
//
//   train.adamw .., %m, ..     %in0 = dist.to_device_start %m[0] into place 0
//                          ->  .. the norm ..
//                              %in1 = dist.to_device_start %m[1] into place 1
//                              dist.wait %in0
//                              train.adamw on bucket 0, in place 0
//                              %out0 = dist.to_host_start place 0 into %m[0]
//                              %in2 = dist.to_device_start %m[2] into place 2
//                              dist.wait %in1
//                              train.adamw on bucket 1, in place 1
//                              ...
//
// With three places, bucket i + 1 arrives while bucket i is updated and bucket
// i - 1 leaves: both directions of the bus are busy all the time. With two, a
// bucket would have to wait until the one before last has left its place.
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/Passes.h"
#include "compiler/Distribution/Places.h"
#include "compiler/Support/TypeBytes.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

#include <deque>

namespace llmc {
#define GEN_PASS_DEF_OFFLOADSTATE
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Bytes to which places of staging are aligned, as arenas are.
static constexpr int64_t kStagingAlignment = 64;

static RankedTensorType typeOf(Value storage) {
  return cast<RankedTensorType>(storage.getType());
}

static int64_t bytesOf(Value storage) {
  return getElementBytes(typeOf(storage));
}

//===----------------------------------------------------------------------===//
// Transfers around the steps of a function
//===----------------------------------------------------------------------===//

namespace {

/// An op that works on one bucket, and the operands that are brought for it.
struct Step {
  Operation *op;
  SmallVector<OpOperand *> operands;
};

/// Puts transfers around the steps of one function, given in its order.
class Stager {
public:
  Stager(func::FuncOp function, int64_t places, OpBuilder &builder)
      : body(function.getBody().front()), places(places),
        b(function.getLoc(), builder) {
    for (auto [number, op] : llvm::enumerate(body))
      numberOf[&op] = number + 1;
  }

  /// Returns the bytes of staging.
  int64_t run(ArrayRef<Step> steps);

private:
  void hoist(Value handle, Operation *before);
  /// Begins to bring what `step` needs, before `before`.
  void bring(const Step &step, Operation *before);
  /// Has `step` work on what was brought.
  void use(const Step &step);
  void waitForOldest();

  Block &body;
  /// Places of the ops that were there, from 1. The block would count anew
  /// after each insertion, and there are thousands.
  llvm::DenseMap<Operation *, size_t> numberOf;
  int64_t places;
  ImplicitLocOpBuilder b;
  int64_t placeBytes = 0;
  int64_t brought = 0; // steps
  /// Of steps, the oldest first.
  std::deque<SmallVector<Value>> arriving, leaving;
};

} // namespace

/// Whether the operand goes back: AdamW changes all but the gradients.
static bool isChanged(OpOperand &operand) {
  auto adamw = dyn_cast<train::AdamWOp>(operand.getOwner());
  return adamw && &operand != &adamw.getGradientsMutable();
}

static int64_t stagedBytes(const Step &step) {
  int64_t bytes = 0;
  for (OpOperand *operand : step.operands)
    bytes += llvm::alignTo(bytesOf(operand->get()), kStagingAlignment);
  return bytes;
}

/// Moves a handle, and what it is a part of, up to `before`. What was moved for
/// an earlier step is before it.
void Stager::hoist(Value handle, Operation *before) {
  Operation *producer = handle.getDefiningOp();
  if (!producer || numberOf.at(producer) < numberOf.at(before))
    return;
  for (Value operand : producer->getOperands())
    hoist(operand, before);
  producer->moveBefore(before);
  numberOf[producer] = 0;
}

void Stager::bring(const Step &step, Operation *before) {
  b.setInsertionPoint(before);
  b.setLoc(step.op->getLoc());
  int64_t at = brought++ % places * placeBytes;
  SmallVector<Value> &transfers = arriving.emplace_back();
  for (OpOperand *operand : step.operands) {
    Value stored = operand->get();
    hoist(stored, before);
    Value place = dist::StagingOp::create(b, stored.getType(), at);
    transfers.push_back(dist::ToDeviceStartOp::create(b, stored, place));
    at += llvm::alignTo(bytesOf(stored), kStagingAlignment);
  }
}

void Stager::use(const Step &step) {
  b.setInsertionPoint(step.op);
  b.setLoc(step.op->getLoc());
  SmallVector<Value> stored;
  for (auto [operand, transfer] :
       llvm::zip_equal(step.operands, arriving.front())) {
    stored.push_back(operand->get());
    operand->set(dist::WaitOp::create(b, transfer));
  }
  arriving.pop_front();
  b.setInsertionPointAfter(step.op);
  SmallVector<Value> &transfers = leaving.emplace_back();
  for (auto [operand, home] : llvm::zip_equal(step.operands, stored))
    if (isChanged(*operand))
      transfers.push_back(dist::ToHostStartOp::create(b, operand->get(), home));
}

void Stager::waitForOldest() {
  for (Value transfer : leaving.front())
    dist::WaitOp::create(b, transfer);
  leaving.pop_front();
}

int64_t Stager::run(ArrayRef<Step> steps) {
  for (const Step &step : steps)
    placeBytes = std::max(placeBytes, stagedBytes(step));
  places = std::min<int64_t>(places, steps.size());
  // Behind the handles that stand there.
  auto first = llvm::find_if(body, [](Operation &op) { return !isPure(&op); });
  bring(steps.front(), &*first);
  for (auto [index, step] : llvm::enumerate(steps)) {
    if (brought < static_cast<int64_t>(steps.size())) {
      b.setInsertionPoint(step.op);
      b.setLoc(step.op->getLoc());
      if (static_cast<int64_t>(leaving.size()) == places - 1)
        waitForOldest();
      bring(steps[index + 1], step.op);
    }
    use(step);
  }
  b.setInsertionPoint(body.getTerminator());
  while (!leaving.empty())
    waitForOldest();
  return places * placeBytes;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {
struct OffloadState : llmc::impl::OffloadStateBase<OffloadState> {
  using OffloadStateBase::OffloadStateBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (places < 2) {
      module.emitError("expected at least 2 places in staging, found ")
          << places.getValue();
      return signalPassFailure();
    }
    if (module.getOps<dist::BucketOp>().empty()) {
      module.emitError("expected dist.buckets, which llmc-bucket-parameters "
                       "declares");
      return signalPassFailure();
    }
    dist::MeshOp mesh = dist::findMesh(module);
    if (gradients && mesh && mesh.getZero() < 2) {
      module.emitError("expected a rank's own gradients to offload, as in "
                       "stages 2 and 3, found stage ")
          << static_cast<int64_t>(mesh.getZero())
          << ", where ranks sum all of them on their devices";
      return signalPassFailure();
    }
    if (failed(checkMasters()))
      return signalPassFailure();
    module.walk([&](train::FlatOp flat) {
      bool isMoment = flat.getSlot() == train::Slot::Moment1 ||
                      flat.getSlot() == train::Slot::Moment2;
      if ((optimizer && isMoment) ||
          (masters && flat.getSlot() == train::Slot::Value) ||
          (gradients && flat.getSlot() == train::Slot::Gradient))
        flat.setHost(true);
    });
    for (auto function : module.getOps<func::FuncOp>())
      stage(function);
  }

private:
  /// Masters are what AdamW keeps beside the copies that products read.
  LogicalResult checkMasters() {
    if (!masters)
      return success();
    WalkResult walk = getOperation().walk([&](train::AdamWOp adamw) {
      if (adamw.getCompute())
        return WalkResult::advance();
      adamw.emitOpError("expected compute copies of the parameters beside "
                        "masters that are offloaded, found none");
      return WalkResult::interrupt();
    });
    return failure(walk.wasInterrupted());
  }

  /// Elements of flat storage as an op of one bucket sees them.
  static Value part(OpBuilder &builder, Value storage, dist::BucketOp bucket) {
    RankedTensorType type = typeOf(storage);
    return dist::RangeOp::create(
        builder, storage.getLoc(),
        type.clone({static_cast<int64_t>(bucket.getElements())}), storage,
        bucket.getAt());
  }

  /// Sharding has cut it into buckets already, or all of it is here.
  static bool isWhole(Value storage) {
    return isa_and_nonnull<train::FlatOp>(storage.getDefiningOp());
  }

  void cut(train::AdamWOp adamw) {
    OpBuilder builder(adamw);
    auto decayElements = static_cast<int64_t>(adamw.getDecayElements());
    int64_t index = 0;
    for (auto bucket : getOperation().getOps<dist::BucketOp>()) {
      auto of = [&](Value storage) { return part(builder, storage, bucket); };
      Value copies = adamw.getCompute();
      // A bucket decays as a whole or not at all.
      bool decays = static_cast<int64_t>(bucket.getAt()) < decayElements;
      train::AdamWOp::create(
          builder, adamw.getLoc(), of(adamw.getParameters()),
          of(adamw.getGradients()), of(adamw.getMoment1()),
          of(adamw.getMoment2()), adamw.getNorm(), adamw.getHyper(),
          copies ? of(copies) : Value(), createPlace(builder, adamw, index++),
          decays ? bucket.getElements() : 0, adamw.getStochastic());
    }
    adamw.erase();
  }

  void cut(train::RoundOp round) {
    OpBuilder builder(round);
    for (auto bucket : getOperation().getOps<dist::BucketOp>())
      train::RoundOp::create(builder, round.getLoc(),
                             part(builder, round.getValue(), bucket),
                             part(builder, round.getStorage(), bucket));
    round.erase();
  }

  void stage(func::FuncOp function) {
    Block &body = function.getBody().front();
    for (Operation &op : llvm::make_early_inc_range(body)) {
      auto adamw = dyn_cast<train::AdamWOp>(op);
      auto round = dyn_cast<train::RoundOp>(op);
      if (adamw && isWhole(adamw.getMoment1()))
        cut(adamw);
      else if (masters && round && isWhole(round.getValue()))
        cut(round);
    }
    SmallVector<Step> steps;
    for (Operation &op : body) {
      Step step{&op, {}};
      if (auto adamw = dyn_cast<train::AdamWOp>(op)) {
        if (masters)
          step.operands.push_back(&adamw.getParametersMutable());
        if (gradients)
          step.operands.push_back(&adamw.getGradientsMutable());
        if (optimizer)
          step.operands.append(
              {&adamw.getMoment1Mutable(), &adamw.getMoment2Mutable()});
      }
      if (auto round = dyn_cast<train::RoundOp>(op); round && masters)
        step.operands.push_back(&round.getValueMutable());
      // Of several ranks each sums the squares of its shards.
      if (auto squares = dyn_cast<train::SumOfSquaresOp>(op);
          squares && gradients)
        step.operands.push_back(&squares.getInputMutable());
      if (!step.operands.empty())
        steps.push_back(step);
    }
    if (steps.empty())
      return;
    int64_t bytesIn = 0, bytesOut = 0;
    for (const Step &step : steps)
      for (OpOperand *operand : step.operands) {
        bytesIn += bytesOf(operand->get());
        bytesOut += isChanged(*operand) ? bytesOf(operand->get()) : 0;
      }
    OpBuilder builder(&getContext());
    int64_t staging = Stager(function, places, builder).run(steps);
    remark::analysis(
        function.getLoc(),
        remark::RemarkOpts::name("offload").category("distribution"))
        << remark::add("@{0}: {1} bytes come from the host and {2} go back, "
                       "through {3} bytes of staging",
                       function.getSymName(), bytesIn, bytesOut, staging);
  }
};
} // namespace
