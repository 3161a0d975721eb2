//===- LowerLoop.cpp - loops and their software pipeline ------------------===//
//
// Tiles that a loop carries live in arrays that every iteration overwrites.
// Operands with `cuda.stages` = S are copied S - 1 iterations ahead into a ring
// of S buffers (sm_80 and later, cp.async):
//
//   copy iterations 0 .. S - 2, a group each
//   for each iteration i:
//     wait until at most S - 2 groups are under way: i has come
//     copy iteration i + S - 1 into the buffer that i - 1 has left
//     compute from the buffer of i
//
// A loop that continues another one's pipeline (`cuda.continues`) finds its
// first iterations under way: the copies of a chain of loops are those of one
// loop, from the begin of the first to the end of the last.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/KernelLowering.h"
#include "compiler/Target/CUDA/Pipeline.h"

using namespace mlir;
using namespace llmc;

/// `value` of the tile program, with the loop's induction variable at `at`.
static Value evaluateAt(ImplicitLocOpBuilder &b, Value value, scf::ForOp loop,
                        Value at, const IRMapping &scalars) {
  if (value == loop.getInductionVar())
    return at;
  Operation *op = value.getDefiningOp();
  if (!op || !loop->isProperAncestor(op))
    return scalars.lookup(value);
  IRMapping mapping;
  for (Value operand : op->getOperands())
    mapping.map(operand, evaluateAt(b, operand, loop, at, scalars));
  return b.clone(*op, mapping)->getResult(0);
}

/// The loop that continues the pipeline of `loop`; null: none.
static scf::ForOp continuationOf(scf::ForOp loop) {
  auto next = dyn_cast_or_null<scf::ForOp>(loop->getNextNode());
  return next && next->hasAttr("cuda.continues") ? next : scf::ForOp();
}

LogicalResult KernelLowering::lowerFor(scf::ForOp loop) {
  // The arrays of carried tiles; scalars are carried by the new loop.
  SmallVector<Value> carried;
  for (auto [init, arg] :
       llvm::zip_equal(loop.getInitArgs(), loop.getRegionIterArgs())) {
    if (!isa<RankedTensorType>(init.getType())) {
      carried.push_back(scalars.lookup(init));
      continue;
    }
    Value array = arrays.lookup(init);
    // The own tile of an outer loop, or of the one before, goes on being that.
    bool isCarried =
        isa<BlockArgument>(init) || init.getDefiningOp<scf::ForOp>();
    if (!array || !isCarried || !init.hasOneUse()) {
      auto type = cast<RankedTensorType>(init.getType());
      array = newArray(type.getElementType(), layoutOf(init).numRegisters(),
                       type.getRank() == 2 ? "acc" : "carried");
      materializeInto(init, array);
    }
    arrays[arg] = array;
  }

  Value begin = scalars.lookup(loop.getLowerBound());
  Value end = scalars.lookup(loop.getUpperBound());
  Value step = scalars.lookup(loop.getStep());
  SmallVector<tile::LoadOp> ahead = loadsAhead(loop);
  int64_t stages = 1;
  for (tile::LoadOp load : ahead) {
    stages = load->getAttrOfType<IntegerAttr>("cuda.stages").getInt();
    if (!sharedTiles.contains(load.getResult()))
      sharedTiles[load.getResult()] =
          newSharedTile(load.getResult().getType(), stages, "ring");
  }
  scf::ForOp next = continuationOf(loop);
  Value copiesEnd = end;
  for (scf::ForOp later = next; later; later = continuationOf(later))
    copiesEnd = scalars.lookup(later.getUpperBound());
  auto issue = [&](Value at, Value slot) -> LogicalResult {
    for (tile::LoadOp load : ahead) {
      SharedTile tile = sharedTiles[load.getResult()];
      tile.slot = b.createOrFold<arith::MulIOp>(slot, index(tile.bytes));
      SmallVector<Value> indices;
      for (Value position : load.getIndices())
        indices.push_back(evaluateAt(b, position, loop, at, scalars));
      if (failed(copyToShared(load, tile, indices)))
        return failure();
    }
    return success();
  };
  auto issueIfInside = [&](Value at, Value slot) -> LogicalResult {
    auto branch = scf::IfOp::create(b, less(at, copiesEnd), /*withElse=*/false);
    branch->setAttr("cuda.uniform", b.getUnitAttr());
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      if (failed(issue(at, slot)))
        return failure();
    }
    cuda::CpAsyncCommitOp::create(b);
    return success();
  };
  if (Value slot = continuedSlots.lookup(loop)) {
    carried.push_back(slot);
  } else if (!ahead.empty()) {
    for (int64_t stage = 0; stage + 1 < stages; ++stage) {
      Value at = add(begin, b.createOrFold<arith::MulIOp>(step, index(stage)));
      if (failed(issueIfInside(at, index(stage))))
        return failure();
    }
    carried.push_back(index(0)); // the buffer of this iteration
  }

  auto made = scf::ForOp::create(b, begin, end, step, carried);
  {
    OpBuilder::InsertionGuard guard(b);
    Block *body = made.getBody();
    // Without carried values it has a terminator already.
    if (!carried.empty())
      b.setInsertionPointToEnd(body);
    else
      b.setInsertionPoint(body->getTerminator());
    scalars.map(loop.getInductionVar(), made.getInductionVar());
    unsigned number = 0;
    for (Value arg : loop.getRegionIterArgs())
      if (!isa<RankedTensorType>(arg.getType()))
        scalars.map(arg, made.getRegionIterArg(number++));
    Value slot;
    if (!ahead.empty()) {
      slot = made.getRegionIterArgs().back();
      waitForCopies(stages - 2);
      copiesUnderWay = false;
      Value later = add(made.getInductionVar(),
                        b.createOrFold<arith::MulIOp>(step, index(stages - 1)));
      Value isFirst =
          arith::CmpIOp::create(b, arith::CmpIPredicate::eq, slot, index(0));
      Value before = arith::SubIOp::create(b, slot, index(1));
      Value left =
          named(arith::SelectOp::create(b, isFirst, index(stages - 1), before),
                "left");
      if (failed(issueIfInside(later, left)))
        return failure();
      for (tile::LoadOp load : ahead) {
        SharedTile &tile = sharedTiles[load.getResult()];
        tile.slot = mul(slot, tile.bytes);
      }
    }
    if (failed(lowerBlock(*loop.getBody())))
      return failure();

    // What each tile becomes. All are computed before any is overwritten.
    SmallVector<std::pair<Value, Value>> copies;
    SmallVector<Value> yielded;
    for (auto [arg, value] :
         llvm::zip_equal(loop.getRegionIterArgs(), loop.getYieldedValues())) {
      if (!isa<RankedTensorType>(arg.getType())) {
        yielded.push_back(scalars.lookup(value));
        continue;
      }
      if (arrays.lookup(value) != arrays[arg])
        copies.push_back({value, arrays[arg]});
    }
    for (auto &[value, array] : copies)
      materialize(value);
    for (auto &[value, array] : copies)
      materializeInto(value, array);
    if (slot) {
      Value following = add(slot, index(1));
      Value wraps = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                          following, index(stages));
      yielded.push_back(arith::SelectOp::create(b, wraps, index(0), following));
    }
    if (!carried.empty())
      scf::YieldOp::create(b, yielded);
  }
  if (next) {
    continuedSlots[next] = made.getResults().back();
    for (auto [load, later] : llvm::zip_equal(ahead, loadsAhead(next))) {
      SharedTile tile = sharedTiles[load.getResult()];
      sharedTiles[later.getResult()] = tile;
    }
  } else if (!ahead.empty()) {
    waitForCopies(0);
  }
  unsigned number = 0;
  for (auto [arg, result] :
       llvm::zip_equal(loop.getRegionIterArgs(), loop.getResults())) {
    if (isa<RankedTensorType>(arg.getType()))
      arrays[result] = arrays.lookup(arg);
    else
      scalars.map(result, made.getResult(number++));
  }
  return success();
}
