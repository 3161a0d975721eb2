//===- InsertBarriers.cpp - barriers where threads would race -------------===//
//
//   cuda.store_shared %v, %s[%i]         cuda.store_shared %v, %s[%i]
//   %w = cuda.load_shared %s[%j]   ->    cuda.barrier
//                                        %w = cuda.load_shared %s[%j]
//
// BarrierPlan runs the kernel on states that say what has happened to each
// buffer since the last barrier; the pass turns its decisions into ops.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/Passes.h"
#include "compiler/Target/CUDA/SharedAccess.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/Support/MathExtras.h"

namespace llmc {
#define GEN_PASS_DEF_CUDAINSERTBARRIERS
#include "compiler/Target/CUDA/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;
using namespace llmc::cuda;
using llvm::SmallBitVector;

namespace {

/// What may have happened; one bit for each buffer.
struct State {
  explicit State(unsigned buffers)
      : reads(buffers), writes(buffers), landed(buffers), issued(buffers),
        underWay(buffers) {}

  // Since the last barrier. Landed copies are those that this thread has
  // waited for: the other threads' are there only behind a barrier.
  SmallBitVector reads, writes, landed;
  // Copies before and after their commit. A barrier does not end them.
  SmallBitVector issued, underWay;

  void barrier() {
    reads.reset();
    writes.reset();
    landed.reset();
  }
  void commit() {
    underWay |= issued;
    issued.reset();
  }
  void wait(int64_t groups) {
    // Which groups are still under way is not known: they land here as well
    // as at a later wait.
    landed |= underWay;
    if (groups == 0)
      underWay.reset();
  }
  void join(const State &other) {
    reads |= other.reads;
    writes |= other.writes;
    landed |= other.landed;
    issued |= other.issued;
    underWay |= other.underWay;
  }
  bool operator==(const State &other) const {
    return reads == other.reads && writes == other.writes &&
           landed == other.landed && issued == other.issued &&
           underWay == other.underWay;
  }
};

class BarrierPlan {
public:
  /// Decides; reports races that no barrier can end.
  LogicalResult compute(KernelOp kernel);

  /// The ops that a barrier goes before.
  ArrayRef<Operation *> getOps() const { return barriers.getArrayRef(); }

private:
  enum class Mode { Insert, Check };

  LogicalResult collect(KernelOp kernel);
  void removeUnnecessary(KernelOp kernel);

  void runBlock(Block &block, State &state, Mode mode);
  void runOp(Operation *op, State &state, Mode mode);
  void runAccess(Operation *op, State &state, Mode mode);
  void runRegions(Operation *op, State &state, Mode mode);
  /// The state behind `op`, whose regions begin with `entry`.
  State runBody(Operation *op, const State &entry, Mode mode);
  /// The first access in `op` that races, if `op` begins with `entry` and no
  /// barrier is added.
  Operation *findRace(Operation *op, const State &entry);

  DenseMap<Operation *, unsigned> numbers; // of buffers
  SmallVector<SmallBitVector> overlaps;    // buffers that share bytes
  DenseSet<Operation *> relevant; // accesses and the like, and what holds them
  llvm::SmallSetVector<Operation *, 8> barriers;
  Operation *race = nullptr;      // the first one found in Mode::Check
  Operation *divergent = nullptr; // a race that cannot be ended
};

} // namespace

LogicalResult BarrierPlan::collect(KernelOp kernel) {
  SmallVector<std::pair<int64_t, int64_t>> ranges;
  WalkResult result = kernel.walk([&](Operation *op) {
    if (auto buffer = dyn_cast<SharedOp>(op)) {
      if (!buffer.getOffset()) {
        buffer.emitOpError("has no offset; llmc-cuda-allocate-shared sets it");
        return WalkResult::interrupt();
      }
      int64_t begin = *buffer.getOffset();
      numbers[op] = ranges.size();
      ranges.emplace_back(
          begin, begin + cast<MemRefType>(buffer.getType()).getNumElements());
    }
    if (!getSharedAccess(op) && !isa<CpAsyncCommitOp, CpAsyncWaitOp>(op) &&
        !meets(op))
      return WalkResult::advance();
    for (Operation *parent = op; parent != kernel;
         parent = parent->getParentOp()) {
      relevant.insert(parent);
      if (meets(op) && isDivergent(parent)) {
        InFlightDiagnostic error = op->emitOpError(
            "lies where not all threads may come; mark the scf.if with "
            "'cuda.uniform' if its condition is the same in all threads");
        error.attachNote(parent->getLoc()) << "the scf.if is here";
        return WalkResult::interrupt();
      }
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  for (auto [begin, end] : ranges) {
    SmallBitVector &shared = overlaps.emplace_back(ranges.size());
    for (auto [number, other] : llvm::enumerate(ranges))
      if (begin < other.second && other.first < end)
        shared.set(number);
  }
  return success();
}

LogicalResult BarrierPlan::compute(KernelOp kernel) {
  if (failed(collect(kernel)))
    return failure();
  State state(overlaps.size());
  runBlock(kernel.getBody().front(), state, Mode::Insert);
  if (divergent)
    return divergent->emitOpError(
        "races with another thread's access in code that not all threads may "
        "run, where no barrier can stand; mark the scf.if with 'cuda.uniform' "
        "if its condition is the same in all threads");
  // Barriers that later rounds of a loop put before those of earlier ones can
  // do their work, too.
  removeUnnecessary(kernel);
  return success();
}

void BarrierPlan::removeUnnecessary(KernelOp kernel) {
  // The most frequent first: those in the most loops.
  SmallVector<std::pair<int, size_t>> order;
  for (auto [index, op] : llvm::enumerate(barriers)) {
    int depth = 0;
    for (Operation *parent = op; (parent = parent->getParentOp());)
      depth += isa<LoopLikeOpInterface>(parent);
    order.emplace_back(-depth, index);
  }
  llvm::sort(order);
  SmallVector<Operation *> candidates(barriers.getArrayRef());
  for (auto [depth, index] : order) {
    barriers.remove(candidates[index]);
    race = nullptr;
    State state(overlaps.size());
    runBlock(kernel.getBody().front(), state, Mode::Check);
    if (race)
      barriers.insert(candidates[index]);
  }
}

void BarrierPlan::runBlock(Block &block, State &state, Mode mode) {
  for (Operation &op : block)
    if (relevant.contains(&op))
      runOp(&op, state, mode);
}

void BarrierPlan::runOp(Operation *op, State &state, Mode mode) {
  if (barriers.contains(op))
    state.barrier();
  if (op->getNumRegions())
    return runRegions(op, state, mode);
  // Who awaits turn 0 meets nobody.
  if (isa<AwaitTurnOp>(op))
    return;
  if (meets(op))
    return state.barrier();
  if (isa<CpAsyncCommitOp>(op))
    return state.commit();
  if (auto wait = dyn_cast<CpAsyncWaitOp>(op))
    return state.wait(wait.getGroups());
  runAccess(op, state, mode);
}

void BarrierPlan::runAccess(Operation *op, State &state, Mode mode) {
  SharedAccess access = *getSharedAccess(op);
  unsigned number = numbers.at(access.buffer);
  const SmallBitVector &bytes = overlaps[number];
  SmallBitVector writes = state.writes;
  // Threads fill a buffer together: each writes bytes of its own.
  if (access.kind == SharedAccess::Kind::Write)
    writes.reset(number);
  bool readsRace = access.kind != SharedAccess::Kind::Read;
  if (bytes.anyCommon(writes) || bytes.anyCommon(state.landed) ||
      (readsRace && bytes.anyCommon(state.reads))) {
    if (mode == Mode::Insert) {
      barriers.insert(op);
      state.barrier();
    } else if (!race) {
      race = op;
    }
  }
  switch (access.kind) {
  case SharedAccess::Kind::Read:
    state.reads.set(number);
    break;
  case SharedAccess::Kind::Write:
    state.writes.set(number);
    break;
  case SharedAccess::Kind::Copy:
    state.issued.set(number);
    break;
  }
}

void BarrierPlan::runRegions(Operation *op, State &state, Mode mode) {
  if (mode == Mode::Insert) {
    // Inside go the barriers that are needed even with one before the op;
    // what else is needed, one before the op does, and not in each iteration.
    State clean = state;
    clean.barrier();
    if (!isDivergent(op))
      runBody(op, clean, Mode::Insert);
    else if (Operation *inside = findRace(op, clean))
      divergent = divergent ? divergent : inside;
    if (findRace(op, state)) {
      barriers.insert(op);
      state = clean;
    }
  }
  state = runBody(op, state, Mode::Check);
}

Operation *BarrierPlan::findRace(Operation *op, const State &entry) {
  race = nullptr;
  runBody(op, entry, Mode::Check);
  return race;
}

namespace {
/// How often a loop's body runs.
struct Trips {
  uint64_t least = 0, most = std::numeric_limits<uint64_t>::max();
};
} // namespace

static Trips tripsOf(Operation *loop) {
  if (auto unroll = dyn_cast<UnrollOp>(loop)) {
    uint64_t trips = llvm::divideCeil(unroll.getExtent(), unroll.getStep());
    return {trips, trips};
  }
  if (std::optional<APInt> trips = cast<scf::ForOp>(loop).getStaticTripCount())
    return {trips->getZExtValue(), trips->getZExtValue()};
  return {};
}

State BarrierPlan::runBody(Operation *op, const State &entry, Mode mode) {
  if (isa<scf::IfOp>(op)) {
    State exit(overlaps.size());
    for (Region &region : op->getRegions()) {
      State branch = entry;
      if (!region.empty())
        runBlock(region.front(), branch, mode);
      exit.join(branch);
    }
    return exit;
  }
  Trips trips = tripsOf(op);
  State head = entry;
  for (;;) {
    State end = head;
    runBlock(op->getRegion(0).front(), end, mode);
    State next = head;
    if (trips.most > 1)
      next.join(end);
    if (next == head) {
      if (trips.least == 0)
        end.join(entry);
      return end;
    }
    head = next;
  }
}

namespace {
struct InsertBarriers
    : public llmc::impl::CudaInsertBarriersBase<InsertBarriers> {
  void runOnOperation() override {
    KernelOp kernel = getOperation();
    BarrierPlan plan;
    if (failed(verifySharedAccesses(kernel)) || failed(plan.compute(kernel)))
      return signalPassFailure();
    for (Operation *op : plan.getOps()) {
      OpBuilder builder(op);
      BarrierOp::create(builder, op->getLoc());
    }
  }
};
} // namespace
