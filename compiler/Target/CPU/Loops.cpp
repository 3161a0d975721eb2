//===- Loops.cpp - the tile program's own loops, and its dots -------------===//
//
// A tile that a loop carries lives in one buffer from its initial value to the
// loop's result.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CPU/Demand.h"
#include "compiler/Target/CPU/KernelConverter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::cpu;

/// The dot that may add to the carried buffer itself: its result is what the
/// loop yields, and the carried value is used for its accumulator alone,
/// directly or through elementwise ops.
static tile::DotOp findInPlaceDot(scf::ForOp loop, unsigned number) {
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  auto dot = yield.getOperand(number).getDefiningOp<tile::DotOp>();
  if (!dot || dot->getBlock() != loop.getBody() || !dot->hasOneUse())
    return {};
  Value carried = loop.getRegionIterArg(number);
  for (Value value = carried; value != dot.getAcc();) {
    if (!value.hasOneUse())
      return {};
    Operation *user = *value.user_begin();
    if (!isLazy(user) || !OpTrait::hasElementwiseMappableTraits(user) ||
        user->getBlock() != loop.getBody())
      return {};
    value = user->getResult(0);
  }
  if (!dot.getAcc().hasOneUse())
    return {};
  return dot;
}

SmallVector<Touched> KernelConverter::findTouched(scf::ForOp loop,
                                                  unsigned number) {
  SmallVector<Touched> result;
  Type tile = loop.getResult(number).getType();
  for (Operation &op : llvm::make_range(std::next(loop->getIterator()),
                                        loop->getBlock()->end())) {
    Type type;
    OperandRange indices = op.getOperands().take_front(0);
    if (auto load = dyn_cast<tile::LoadOp>(op))
      type = load.getType(), indices = load.getIndices();
    else if (auto store = dyn_cast<tile::StoreOp>(op))
      type = store.getValue().getType(), indices = store.getIndices();
    if (type != tile || indices.size() != 2)
      continue;
    // Both must be known before the loop; a view can be made there.
    auto isKnown = [&](Value value) {
      Operation *from = value.getDefiningOp();
      return !from || (from->getBlock() == loop->getBlock() &&
                       from->isBeforeInBlock(loop));
    };
    Value view = accessedView(&op);
    Operation *from = view.getDefiningOp();
    if (!llvm::all_of(indices, isKnown) ||
        (from && (from->getBlock() != loop->getBlock() ||
                  !llvm::all_of(from->getOperands(), isKnown))))
      continue;
    if (llvm::is_contained(result,
                           Touched{evaluator.mapping.lookupOrNull(view),
                                   evaluator.mapping.lookup(indices[0]),
                                   evaluator.mapping.lookup(indices[1])}))
      continue;
    if (!evaluator.mapping.contains(view))
      b.clone(*from, evaluator.mapping);
    result.push_back({evaluator.mapping.lookup(view),
                      evaluator.mapping.lookup(indices[0]),
                      evaluator.mapping.lookup(indices[1])});
  }
  return result;
}

void KernelConverter::convertDot(tile::DotOp op) {
  flush();
  Value acc = op.getAcc();
  Buffer target;
  ArrayRef<Touched> touched;
  auto known = evaluator.buffers.find(acc);
  if (auto inPlace = inPlaceDots.find(op); inPlace != inPlaceDots.end()) {
    target = inPlace->second.buffer;
    touched = inPlace->second.touched;
    if (!isa<BlockArgument>(acc))
      materialise(acc, target);
  } else if (known != evaluator.buffers.end() && acc.hasOneUse() &&
             acc.getDefiningOp<tile::DotOp>() &&
             acc.getDefiningOp()->getBlock() == op->getBlock()) {
    target = known->second;
  } else {
    target = buffers->allocate(cast<RankedTensorType>(op.getType()));
    nest.emit(Root{Root::Materialise, acc, nullptr, target});
  }
  DotEmitter(b, machine, evaluator, *buffers, nest).emit(op, target, touched);
  evaluator.buffers[op.getResult()] = target;
}

LogicalResult KernelConverter::convertFor(scf::ForOp op) {
  flush();
  // Stores in the loop must not overtake loads before it.
  op.walk([&](tile::StoreOp store) {
    saveLoadsOf(underlyingArgument(store.getView()), op);
  });
  SmallVector<Value> scalars;
  for (auto [number, init] : llvm::enumerate(op.getInitArgs())) {
    if (!isTile(init.getType())) {
      scalars.push_back(evaluator.mapping.lookupOrDefault(init));
      continue;
    }
    Buffer buffer = buffers->allocate(cast<RankedTensorType>(init.getType()));
    nest.emit(Root{Root::Materialise, init, nullptr, buffer});
    evaluator.buffers[op.getRegionIterArg(number)] = buffer;
    if (tile::DotOp dot = findInPlaceDot(op, number))
      inPlaceDots[dot] = {buffer, findTouched(op, number)};
  }
  auto loop = scf::ForOp::create(
      b, evaluator.mapping.lookupOrDefault(op.getLowerBound()),
      evaluator.mapping.lookupOrDefault(op.getUpperBound()),
      evaluator.mapping.lookupOrDefault(op.getStep()), scalars);
  evaluator.mapping.map(op.getInductionVar(), loop.getInductionVar());
  unsigned scalar = 0;
  for (auto [argument, result] :
       llvm::zip(op.getRegionIterArgs(), op.getResults()))
    if (!isTile(argument.getType())) {
      evaluator.mapping.map(argument, loop.getRegionIterArg(scalar));
      evaluator.mapping.map(result, loop.getResult(scalar));
      ++scalar;
    }

  size_t outerLoads = loads.size();
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    if (failed(convertBlock(*op.getBody())))
      return failure();
    convertYields(op);
    SmallVector<Value> yielded;
    for (Value value : op.getBody()->getTerminator()->getOperands())
      if (!isTile(value.getType()))
        yielded.push_back(evaluator.mapping.lookupOrDefault(value));
    if (!yielded.empty())
      scf::YieldOp::create(b, yielded);
  }
  loads.truncate(outerLoads);
  for (auto [argument, result] :
       llvm::zip(op.getRegionIterArgs(), op.getResults()))
    if (isTile(result.getType()))
      evaluator.buffers[result] = evaluator.buffers[argument];
  return success();
}

void KernelConverter::convertYields(scf::ForOp op) {
  ValueRange yields = op.getBody()->getTerminator()->getOperands();
  SmallVector<std::pair<Value, Buffer>> moves; // value, carried buffer
  SmallVector<Buffer> carriers;
  for (Value argument : op.getRegionIterArgs())
    carriers.push_back(evaluator.buffers.lookup(argument));
  for (auto [value, argument] : llvm::zip(yields, op.getRegionIterArgs())) {
    if (!isTile(value.getType()) || value == argument)
      continue;
    Buffer carried = evaluator.buffers[argument];
    auto found = evaluator.buffers.find(value);
    if (found != evaluator.buffers.end() &&
        found->second.memref == carried.memref)
      continue;
    moves.push_back({value, carried});
  }
  // Values are computed from what the loop carries now, so none may be
  // overwritten before all have been read. A single one that is read where it
  // is written is safe by itself.
  bool direct = moves.size() == 1;
  if (direct)
    for (Value argument : op.getRegionIterArgs())
      if (isTile(argument.getType()))
        direct &= readsSamePlaceOnly(moves[0].first, argument);
  if (!direct)
    for (auto &move : moves) {
      // A buffer that is nobody else's need not be copied twice.
      bool carriedElsewhere = isa<BlockArgument>(move.first);
      if (evaluator.buffers.contains(move.first) && !carriedElsewhere)
        continue;
      Buffer copy =
          buffers->allocate(cast<RankedTensorType>(move.first.getType()));
      nest.emit(Root{Root::Materialise, move.first, nullptr, copy});
      evaluator.buffers[move.first] = copy;
    }
  for (auto &[value, carried] : moves)
    nest.emit(Root{Root::Materialise, value, nullptr, carried});
  // The copy of an exchanged tile was for this turn only.
  for (auto [argument, buffer] : llvm::zip(op.getRegionIterArgs(), carriers))
    if (isTile(argument.getType()))
      evaluator.buffers[argument] = buffer;
}

/// The value carried by the loop around `op` whose buffer the only tile result
/// of `op` may take over: the loop yields the result in its place, nothing else
/// uses what it carries, and each branch reads it where it writes.
static Value findCarriedTarget(scf::IfOp op) {
  auto isTileResult = [](Value value) { return isTile(value.getType()); };
  if (llvm::count_if(op.getResults(), isTileResult) != 1)
    return {};
  OpResult result = *llvm::find_if(op.getResults(), isTileResult);
  auto loop = dyn_cast<scf::ForOp>(op->getParentOp());
  if (!loop || !result.hasOneUse() ||
      result.use_begin()->getOwner() != loop.getBody()->getTerminator())
    return {};
  Value carried = loop.getRegionIterArg(result.use_begin()->getOperandNumber());
  for (Operation *user : carried.getUsers())
    if (!op->isAncestor(user))
      return {};
  for (Region *branch : {&op.getThenRegion(), &op.getElseRegion()})
    if (!readsSamePlaceOnly(branch->front().getTerminator()->getOperand(
                                result.getResultNumber()),
                            carried))
      return {};
  return carried;
}

LogicalResult KernelConverter::convertIf(scf::IfOp op) {
  flush();
  op.walk([&](tile::StoreOp store) {
    saveLoadsOf(underlyingArgument(store.getView()), op);
  });
  Value carried = findCarriedTarget(op);
  SmallVector<Type> scalarTypes;
  for (Value result : op.getResults()) {
    if (!isTile(result.getType()))
      scalarTypes.push_back(result.getType());
    else if (carried)
      evaluator.buffers[result] = evaluator.buffers[carried];
    else
      evaluator.buffers[result] =
          buffers->allocate(cast<RankedTensorType>(result.getType()));
  }
  auto branch = scf::IfOp::create(
      b, scalarTypes, evaluator.mapping.lookupOrDefault(op.getCondition()),
      !op.getElseRegion().empty());
  size_t outerLoads = loads.size();
  for (auto [from, to] : llvm::zip(op->getRegions(), branch->getRegions())) {
    if (from.empty())
      continue;
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&to.front());
    if (failed(convertBlock(from.front())))
      return failure();
    SmallVector<Value> scalars;
    for (auto [value, result] : llvm::zip(
             from.front().getTerminator()->getOperands(), op.getResults())) {
      if (!isTile(result.getType()))
        scalars.push_back(evaluator.mapping.lookupOrDefault(value));
      else if (!carried || value != carried)
        nest.emit(
            Root{Root::Materialise, value, nullptr, evaluator.buffers[result]});
    }
    if (!scalars.empty())
      scf::YieldOp::create(b, scalars);
    loads.truncate(outerLoads);
  }
  unsigned scalar = 0;
  for (Value result : op.getResults())
    if (!isTile(result.getType()))
      evaluator.mapping.map(result, branch.getResult(scalar++));
  return success();
}
