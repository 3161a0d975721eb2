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

/// The loop that continues the pipeline of `loop`; null: none.
static scf::ForOp continuationOf(scf::ForOp loop) {
  auto next = dyn_cast_or_null<scf::ForOp>(loop->getNextNode());
  return next && next->hasAttr("cuda.continues") ? next : scf::ForOp();
}

/// What Tiling calls something that the loop carries; empty: nothing.
static StringRef carriedName(scf::ForOp loop, unsigned number) {
  auto names = loop->getAttrOfType<ArrayAttr>("tile.result_names");
  if (!names || number >= names.size())
    return "";
  return cast<StringAttr>(names[number]).getValue();
}

//===----------------------------------------------------------------------===//
// The pipeline
//===----------------------------------------------------------------------===//

/// `value` of the tile program, with the loop's variable at `at`.
static Value evaluateAt(ImplicitLocOpBuilder &b, Value value, scf::ForOp loop,
                        Value at, const IRMapping &scalars) {
  if (value == loop.getInductionVar())
    return at;
  Operation *op = value.getDefiningOp();
  if (!op || !loop->isProperAncestor(op))
    return scalars.lookup(value);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(evaluateAt(b, operand, loop, at, scalars));
  return b.createOrFold<arith::AddIOp>(operands[0], operands[1]);
}

bool KernelLowering::startPipeline(scf::ForOp loop, Pipeline &pipeline) {
  SmallVector<tile::LoadOp> loads = loadsAhead(loop);
  pipeline.begin = scalars.lookup(loop.getLowerBound());
  pipeline.step = scalars.lookup(loop.getStep());
  pipeline.end = scalars.lookup(loop.getUpperBound());
  for (scf::ForOp later = continuationOf(loop); later;
       later = continuationOf(later))
    pipeline.end = scalars.lookup(later.getUpperBound());
  for (tile::LoadOp load : loads) {
    pipeline.stages = load->getAttrOfType<IntegerAttr>("cuda.stages").getInt();
    if (!sharedTiles.contains(load.getResult()))
      sharedTiles[load.getResult()] =
          newSharedTile(load.getResult().getType(), pipeline.stages,
                        nameOfLoad(load, "ring"));
    SmallVector<Value> fixed;
    SmallVector<int64_t> moving;
    for (Value position : load.getIndices()) {
      moving.push_back(*movementOf(position, loop));
      fixed.push_back(evaluateAt(b, position, loop, index(0), scalars));
    }
    FailureOr<SharedCopy> copy =
        planCopy(load, sharedTiles[load.getResult()], fixed, moving);
    if (failed(copy))
      return false;
    pipeline.copies.push_back(*copy);
  }
  return true;
}

void KernelLowering::copyAhead(const Pipeline &pipeline, Value at, Value slot) {
  auto branch =
      scf::IfOp::create(b, less(at, pipeline.end), /*withElse=*/false);
  branch->setAttr("cuda.uniform", b.getUnitAttr());
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    for (const SharedCopy &copy : pipeline.copies)
      issueCopy(
          copy, at,
          named(b.createOrFold<arith::MulIOp>(slot, index(copy.tile.bytes)),
                "to_stage"));
  }
  cuda::CpAsyncCommitOp::create(b);
}

void KernelLowering::fillPipeline(const Pipeline &pipeline, int64_t stages) {
  for (int64_t stage = 0; stage < stages; ++stage) {
    Value ahead = b.createOrFold<arith::MulIOp>(pipeline.step, index(stage));
    copyAhead(pipeline, add(pipeline.begin, ahead), index(stage));
  }
}

void KernelLowering::nameLoop(scf::ForOp made, scf::ForOp loop,
                              bool isPipelined) {
  if (Attribute name = loop->getDiscardableAttr("tile.name"))
    made->setAttr("cuda.name", name);
  // Scalars that the loop carries, then the buffer's number.
  SmallVector<Attribute> names(made.getNumResults(), b.getUnitAttr());
  unsigned number = 0;
  for (auto [carried, result] : llvm::enumerate(loop.getResults()))
    if (!isa<RankedTensorType>(result.getType())) {
      if (StringRef name = carriedName(loop, carried); !name.empty())
        names[number] = b.getStringAttr(name);
      ++number;
    }
  if (isPipelined)
    names.back() = b.getStringAttr("stage");
  if (!names.empty())
    made->setAttr("cuda.result_names", b.getArrayAttr(names));
}

Value KernelLowering::slotAfter(const Pipeline &pipeline, Value slot) {
  Value following = named(add(slot, index(1)), "next_stage");
  Value wraps = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, following,
                                      index(pipeline.stages));
  return arith::SelectOp::create(b, wraps, index(0), following);
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Value KernelLowering::arrayForCarried(scf::ForOp loop, unsigned number) {
  Value init = loop.getInitArgs()[number];
  Value array = arrays.lookup(init);
  // The own tile of an outer loop, or of the one before, goes on being that.
  bool isCarried = isa<BlockArgument>(init) || init.getDefiningOp<scf::ForOp>();
  if (array && isCarried && init.hasOneUse())
    return array;
  auto type = cast<RankedTensorType>(init.getType());
  StringRef name = type.getRank() == 2 ? "acc" : "carried";
  if (StringRef given = carriedName(loop, number); !given.empty())
    name = given;
  array = newArray(type.getElementType(), layoutOf(init).numRegisters(), name);
  materializeInto(init, array);
  return array;
}

bool KernelLowering::replaces(Value value, Value own) {
  if (own.use_empty())
    return true;
  auto reads = [&](Value tile, auto &self) -> bool {
    if (tile == own || !isInline(tile))
      return tile == own;
    return llvm::any_of(tile.getDefiningOp()->getOperands(), [&](Value v) {
      return isa<RankedTensorType>(v.getType()) && self(v, self);
    });
  };
  return own.hasOneUse() && reads(value, reads);
}

LogicalResult KernelLowering::lowerFor(scf::ForOp loop) {
  if (loop->hasAttr("cuda.double_buffer"))
    return lowerProductLoop(loop);
  loadKeptFragments();
  // The arrays of carried tiles; scalars are carried by the new loop.
  SmallVector<Value> carried;
  for (auto [number, arg] : llvm::enumerate(loop.getRegionIterArgs())) {
    if (isa<RankedTensorType>(arg.getType()))
      arrays[arg] = arrayForCarried(loop, number);
    else
      carried.push_back(scalars.lookup(loop.getInitArgs()[number]));
  }

  Pipeline pipeline;
  if (!startPipeline(loop, pipeline))
    return failure();
  SmallVector<tile::LoadOp> ahead = loadsAhead(loop);
  if (Value slot = continuedSlots.lookup(loop)) {
    carried.push_back(slot);
  } else if (!ahead.empty()) {
    fillPipeline(pipeline, pipeline.stages - 1);
    carried.push_back(index(0)); // the buffer of this iteration
  }

  auto made = scf::ForOp::create(b, pipeline.begin,
                                 scalars.lookup(loop.getUpperBound()),
                                 pipeline.step, carried);
  nameLoop(made, loop, !ahead.empty());
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
      waitForCopies(pipeline.stages - 2);
      copiesUnderWay = false;
      Value later = named(add(made.getInductionVar(),
                              b.createOrFold<arith::MulIOp>(
                                  pipeline.step, index(pipeline.stages - 1))),
                          "ahead");
      Value isFirst =
          arith::CmpIOp::create(b, arith::CmpIPredicate::eq, slot, index(0));
      Value before = arith::SubIOp::create(b, slot, index(1));
      Value left = named(arith::SelectOp::create(
                             b, isFirst, index(pipeline.stages - 1), before),
                         "left");
      copyAhead(pipeline, later, left);
      for (tile::LoadOp load : ahead) {
        SharedTile &tile = sharedTiles[load.getResult()];
        tile.slot = named(mul(slot, tile.bytes), "stage_byte");
      }
    }
    if (failed(lowerBlock(*loop.getBody())))
      return failure();

    // What each tile becomes. All are computed before any is overwritten that
    // another one reads.
    SmallVector<std::pair<Value, Value>> copies;
    SmallVector<Value> yielded;
    for (auto [arg, value] :
         llvm::zip_equal(loop.getRegionIterArgs(), loop.getYieldedValues())) {
      if (!isa<RankedTensorType>(arg.getType())) {
        yielded.push_back(scalars.lookup(value));
        continue;
      }
      if (arrays.lookup(value) == arrays[arg])
        continue;
      if (replaces(value, arg)) {
        materializeInto(value, arrays[arg]);
      } else {
        materialize(value);
        copies.push_back({value, arrays[arg]});
      }
    }
    for (auto &[value, array] : copies)
      materializeInto(value, array);
    if (slot)
      yielded.push_back(slotAfter(pipeline, slot));
    if (!carried.empty())
      scf::YieldOp::create(b, yielded);
  }
  if (scf::ForOp next = continuationOf(loop)) {
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
