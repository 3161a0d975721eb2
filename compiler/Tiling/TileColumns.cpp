//===- TileColumns.cpp - work on wide rows in parts -----------------------===//
//
// See Passes.td for the IR before and after, ColumnSegment.cpp for how it is
// done. Here blocks are cut into segments, and sums that loops carry put into
// memory.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/TileColumns.h"
#include "compiler/Tiling/ColumnSegment.h"
#include "compiler/Tiling/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/Iterators.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/CSE.h"

#include <functional>

namespace llmc {
#define GEN_PASS_DEF_TILECOLUMNS
#include "compiler/Tiling/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

/// The sum so far: what the loop begins with in its first round, what is in
/// memory later. Nothing is written ahead of the loop, as another thread than
/// the one that reads an element might write it.
static Value loadOrStart(ImplicitLocOpBuilder &b, scf::ForOp loop,
                         unsigned index, tile::StoreOp store) {
  auto type = cast<RankedTensorType>(loop.getResult(index).getType());
  Value stored =
      tile::LoadOp::create(b, type, store.getView(), store.getIndices());
  Value round =
      arith::SubIOp::create(b, loop.getInductionVar(), loop.getLowerBound());
  round = arith::IndexCastOp::create(b, b.getI32Type(), round);
  Type integers = type.clone(b.getI32Type());
  Value rounds = tile::SplatOp::create(b, integers, round);
  Value zero = arith::ConstantOp::create(
      b, DenseElementsAttr::get(cast<ShapedType>(integers), int32_t(0)));
  Value first =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rounds, zero);
  return arith::SelectOp::create(b, first, loop.getInitArgs()[index], stored);
}

/// A column sum that a loop over rows carries, [W], is kept in the row of
/// partial sums that it ends in: registers could not hold it.
static LogicalResult keepSumsInMemory(scf::ForOp loop, int64_t part) {
  SmallVector<unsigned> wide;
  for (auto [index, argument] : llvm::enumerate(loop.getRegionIterArgs())) {
    RankedTensorType type = tensorOf(argument);
    if (type && type.getRank() == 1 && type.getDimSize(0) > part)
      wide.push_back(index);
  }
  if (wide.empty())
    return success();
  ImplicitLocOpBuilder b(loop.getLoc(), loop);
  Block *body = loop.getBody();
  auto yield = cast<scf::YieldOp>(body->getTerminator());
  for (unsigned index : wide) {
    Value result = loop.getResult(index), sum = loop.getRegionIterArg(index);
    auto store = result.hasOneUse()
                     ? dyn_cast<tile::StoreOp>(*result.user_begin())
                     : tile::StoreOp();
    if (!store || store->getBlock() != loop->getBlock())
      return loop.emitOpError("carries a tile of type ")
             << result.getType() << " that is not only stored";
    // The view and its indices are needed before the loop now.
    SmallVector<Operation *> moved;
    std::function<void(Value)> collect = [&](Value value) {
      Operation *op = value.getDefiningOp();
      if (!op || op->getBlock() != loop->getBlock() ||
          op->isBeforeInBlock(loop) || llvm::is_contained(moved, op))
        return;
      for (Value operand : op->getOperands())
        collect(operand);
      moved.push_back(op);
    };
    for (Value operand : llvm::drop_begin(store->getOperands()))
      collect(operand);
    for (Operation *op : moved)
      op->moveBefore(loop);
    b.setLoc(store.getLoc());
    b.setInsertionPointToStart(body);
    Value before = loadOrStart(b, loop, index, store);
    sum.replaceAllUsesWith(before);
    b.setInsertionPoint(yield);
    tile::StoreOp::create(b, yield.getOperand(index), store.getView(),
                          store.getIndices());
    yield.setOperand(index, sum);
    store.erase();
  }
  // What is carried unchanged and not used any more goes.
  SmallVector<Value> initial, kept;
  for (unsigned index = 0; index < loop.getNumResults(); ++index)
    if (!llvm::is_contained(wide, index)) {
      initial.push_back(loop.getInitArgs()[index]);
      kept.push_back(yield.getOperand(index));
    }
  b.setLoc(loop.getLoc());
  b.setInsertionPoint(loop);
  auto smaller = scf::ForOp::create(
      b, loop.getLowerBound(), loop.getUpperBound(), loop.getStep(), initial);
  if (smaller.getBody()->mightHaveTerminator())
    smaller.getBody()->getTerminator()->erase();
  yield.erase();
  loop.getInductionVar().replaceAllUsesWith(smaller.getInductionVar());
  unsigned position = 0;
  for (unsigned index = 0; index < loop.getNumResults(); ++index)
    if (!llvm::is_contained(wide, index)) {
      loop.getRegionIterArg(index).replaceAllUsesWith(
          smaller.getRegionIterArg(position));
      loop.getResult(index).replaceAllUsesWith(smaller.getResult(position++));
    }
  smaller.getBody()->getOperations().splice(smaller.getBody()->end(),
                                            body->getOperations());
  b.setInsertionPointToEnd(smaller.getBody());
  scf::YieldOp::create(b, kept);
  loop.erase();
  return success();
}

static LogicalResult tileBlock(Block &block, int64_t part) {
  for (auto loop : llvm::to_vector(block.getOps<scf::ForOp>()))
    if (failed(keepSumsInMemory(loop, part)))
      return failure();
  // Loops and branches stand where they are; what lies between them is cut.
  SmallVector<ColumnSegment> segments;
  SmallVector<Operation *> ops, nested;
  for (Operation &op : block) {
    bool last = op.hasTrait<OpTrait::IsTerminator>();
    if (!last && op.getNumRegions() == 0) {
      ops.push_back(&op);
      continue;
    }
    if (op.getNumRegions())
      nested.push_back(&op);
    segments.emplace_back(std::move(ops), &op, part);
    ops.clear();
  }
  // From the end, as later segments use the values of earlier ones.
  for (ColumnSegment &segment : llvm::reverse(segments))
    if (failed(segment.run()))
      return failure();
  for (Operation *op : nested)
    for (Region &region : op->getRegions())
      for (Block &inner : region)
        if (failed(tileBlock(inner, part)))
          return failure();
  return success();
}

LogicalResult llmc::tiling::tileColumns(tile::FuncOp kernel, int64_t part) {
  if (failed(tileBlock(kernel.getBody().front(), part)))
    return failure();
  // Constants that inner blocks shared with outer ones.
  kernel.walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
    if (isOpTriviallyDead(op))
      op->erase();
  });
  IRRewriter rewriter(kernel.getContext());
  DominanceInfo dominance(kernel);
  eliminateCommonSubExpressions(rewriter, dominance, kernel);
  return success();
}

namespace {
struct TileColumns : llmc::impl::TileColumnsBase<TileColumns> {
  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<tile::FuncOp>()) {
      DictionaryAttr schedule = kernel.getScheduleAttr();
      auto part = schedule ? schedule.getAs<IntegerAttr>("block_columns")
                           : IntegerAttr();
      if (!part)
        continue;
      if (part.getInt() < 1) {
        kernel.emitOpError("expected a positive `block_columns`, found ")
            << part.getInt();
        return signalPassFailure();
      }
      if (failed(tileColumns(kernel, part.getInt())))
        return signalPassFailure();
    }
  }
};
} // namespace
