//===- PlanMemory.cpp - gives every tensor its place ----------------------===//
//
//   %x = tile.launch @k(%tokens, %w)     %x = plan.view @activations[0]
//   return %x                       ->   plan.launch @k(%tokens, %w, %x)
//
// Lifetimes and packing are classes apart; here places become IR.
//
//===----------------------------------------------------------------------===//

#include "compiler/MemoryPlan/EntryPorts.h"
#include "compiler/MemoryPlan/Passes.h"
#include "compiler/MemoryPlan/Planner.h"
#include "dialects/Dist/Dist.h"
#include "dialects/Model/Model.h"
#include "dialects/Tile/RowPitch.h"

#include "llvm/Support/MathExtras.h"

namespace llmc {
#define GEN_PASS_DEF_PLANMEMORY
#include "compiler/MemoryPlan/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

LogicalResult Planner::addPort(func::FuncOp function, StringRef name,
                               Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return function.emitOpError() << "expected a tensor of static shape as '"
                                  << name << "', found " << type;
  auto [entry, added] = ports.insert({name, Port{0, tensor}});
  if (!added) {
    if (entry->second.type != tensor)
      return function.emitOpError()
             << "expected '" << name << "' to be " << entry->second.type
             << " as in the other functions, found " << type;
    return success();
  }
  int64_t &bytes = bytesOfArena(plan::ArenaKind::Io);
  entry->second.offset = bytes;
  bytes += llvm::alignTo(bytesOf(tensor), planAlignment);
  return success();
}

LogicalResult Planner::collectPorts(func::FuncOp function) {
  const EntryPorts *names = findPorts(function.getSymName());
  if (!names)
    return function.emitOpError()
           << "expected one of micro_step, first_micro_step, "
              "last_micro_step, only_micro_step, evaluate, generate, update, "
              "prepare";
  unsigned arguments = llvm::count_if(
      names->arguments, [](StringRef name) { return !name.empty(); });
  unsigned results = names->result.empty() ? 0 : 1;
  if (function.getNumArguments() > arguments ||
      function.getNumArguments() + names->optional < arguments ||
      function.getNumResults() != results)
    return function.emitOpError()
           << "expected " << arguments << " arguments and " << results
           << " result" << (results == 1 ? "" : "s") << ", found "
           << function.getNumArguments() << " and " << function.getNumResults();
  for (auto [type, name] :
       llvm::zip_first(function.getArgumentTypes(), names->arguments))
    if (failed(addPort(function, name, type)))
      return failure();
  if (names->result.empty())
    return success();
  return addPort(function, names->result, function.getResultTypes().front());
}

Value Planner::createView(Location location, plan::ArenaKind arena,
                          int64_t offset, Type tensor) {
  auto type = dyn_cast<MemRefType>(tensor);
  if (!type)
    type = tile::getStorageType(tensor);
  return plan::ViewOp::create(builder, location, type, getArenaName(arena),
                              offset,
                              /*rank_stride=*/IntegerAttr(),
                              /*whole=*/Value());
}

Value Planner::createPart(Location location, Value whole, int64_t offset,
                          Type tensor, IntegerAttr stride) {
  auto type = dyn_cast<MemRefType>(tensor);
  if (!type)
    type = tile::getStorageType(tensor);
  auto view = whole.getDefiningOp<plan::ViewOp>();
  return plan::ViewOp::create(builder, location, type, view.getArena(),
                              view.getOffset() + offset, stride, whole);
}

/// The place of what the collective results in becomes that of its wait.
void Planner::placeStart(Operation *op) {
  Value input = op->getOperand(0), source = places.at(input);
  Value destination = source, scratch;
  auto pending = cast<dist::PendingType>(op->getResult(0).getType());
  auto kind = plan::CollectiveKind::AllReduce;
  if (auto gather = dyn_cast<dist::AllGatherStartOp>(op)) {
    kind = plan::CollectiveKind::AllGather;
    destination =
        places.at(gather.getDestination()
                      ? gather.getDestination()
                      : input.getDefiningOp<dist::ShardOp>().getRange());
  } else if (isa<dist::ReduceScatterStartOp>(op)) {
    kind = plan::CollectiveKind::ReduceScatter;
    auto view = source.getDefiningOp<plan::ViewOp>();
    destination = plan::ViewOp::create(
        builder, op->getLoc(), tile::getStorageType(pending.getTensor()),
        view.getArena(), view.getOffset(),
        builder.getI64IntegerAttr(bytesOf(pending.getTensor())),
        view.getWhole());
  }
  if (kind != plan::CollectiveKind::AllGather) {
    // The other ranks' parts of this rank's shard.
    auto type = cast<RankedTensorType>(input.getType());
    auto parts = type.clone({type.getNumElements() / ranks * (ranks - 1)});
    scratch =
        createView(op->getLoc(), plan::ArenaKind::Communication, 0, parts);
    int64_t &bytes = bytesOfArena(plan::ArenaKind::Communication);
    bytes =
        std::max<int64_t>(bytes, llvm::alignTo(bytesOf(parts), planAlignment));
  }
  auto started = plan::StartOp::create(builder, op->getLoc(), kind, source,
                                       destination, scratch);
  places[op->getResult(0)] = started.getPending();
  for (Operation *user : op->getUsers())
    places[cast<dist::WaitOp>(user).getValue()] = destination;
}

/// What the wait gives is the destination.
void Planner::placeTransfer(Operation *op) {
  Value source = places.at(op->getOperand(0));
  Value destination = places.at(op->getOperand(1));
  auto direction = isa<dist::ToDeviceStartOp>(op)
                       ? plan::CopyDirection::ToDevice
                       : plan::CopyDirection::ToHost;
  auto copy = plan::CopyOp::create(builder, op->getLoc(), direction, source,
                                   destination);
  places[op->getResult(0)] = copy.getPending();
  for (Operation *user : op->getUsers())
    places[cast<dist::WaitOp>(user).getValue()] = destination;
}

void Planner::placeLaunch(tile::LaunchOp launch,
                          const FunctionLifetimes &lifetimes,
                          const Packing &packing) {
  SmallVector<Value> operands;
  for (Value input : launch.getInputs())
    operands.push_back(places.at(input));
  for (auto [index, output] : llvm::enumerate(launch.getOutputs())) {
    Value result = output;
    auto port = resultPorts.find(result);
    TensorPart part = lifetimes.rootOf(result);
    Value &whole = places[part.whole];
    Value place;
    if (port != resultPorts.end())
      place =
          createView(launch.getLoc(), plan::ArenaKind::Io,
                     ports.find(port->second)->second.offset, result.getType());
    else if (part.whole == result || !whole)
      place = createView(launch.getLoc(), plan::ArenaKind::Activation,
                         packing.offsets[lifetimes.bufferOf.at(part.whole)],
                         part.whole == result
                             ? Type(getStorage(launch, index, symbols))
                             : part.whole.getType());
    if (part.whole != result) {
      whole = whole ? whole : place;
      place = createPart(launch.getLoc(), whole, part.offset,
                         getStorage(launch, index, symbols));
    }
    places[result] = place;
    operands.push_back(place);
  }
  plan::LaunchOp::create(builder, launch.getLoc(), launch.getKernel(),
                         operands);
}

/// Parts are written where the joined tensor lies, so that each needs a kernel
/// that writes it and no other place.
static LogicalResult verifyJoin(Operation *join) {
  for (Value part : join->getOperands()) {
    int64_t others = llvm::count_if(part.getUses(), [](OpOperand &use) {
      return !isa<tile::LaunchOp>(use.getOwner());
    });
    if (!part.getDefiningOp<tile::LaunchOp>() || others != 1)
      return join->emitOpError()
             << "expected parts that a launch makes and that are joined once";
  }
  return success();
}

/// Parts of columns must have rows as far apart as the whole.
static LogicalResult verifyColumns(model::ConcatOp concat,
                                   SymbolTable &symbols) {
  if (failed(verifyJoin(concat)))
    return failure();
  int64_t pitch = cast<RankedTensorType>(concat.getType()).getShape().back();
  for (Value part : concat.getInputs()) {
    auto launch = part.getDefiningOp<tile::LaunchOp>();
    MemRefType storage =
        getStorage(launch, cast<OpResult>(part).getResultNumber(), symbols);
    if (tile::getRowPitch(storage) != pitch)
      return concat.emitOpError()
             << "expected '" << launch.getKernel() << "' to write rows "
             << pitch << " elements apart, found " << storage;
  }
  return success();
}

LogicalResult Planner::planFunction(func::FuncOp function) {
  const EntryPorts *names = findPorts(function.getSymName());
  resultPorts.clear();
  Operation *terminator = function.getBody().front().getTerminator();
  for (Value result : terminator->getOperands()) {
    if (!result.getDefiningOp<tile::LaunchOp>())
      return terminator->emitOpError()
             << "expected the result of a launch, found another value";
    resultPorts[result] = names->result;
  }

  FunctionLifetimes lifetimes = computeLifetimes(function, symbols);
  Packing packing = packBuffers(lifetimes.buffers);
  int64_t &activations = bytesOfArena(plan::ArenaKind::Activation);
  activations = std::max(activations, packing.bytes);

  builder.setInsertionPoint(function);
  auto planned = plan::FuncOp::create(builder, function.getLoc(),
                                      function.getSymNameAttr());
  builder.setInsertionPointToStart(&planned.getBody().emplaceBlock());
  for (auto [argument, name] :
       llvm::zip_first(function.getArguments(), names->arguments))
    places[argument] =
        createView(function.getLoc(), plan::ArenaKind::Io,
                   ports.find(name)->second.offset, argument.getType());
  for (Operation &op : function.getBody().front()) {
    if (auto launch = dyn_cast<tile::LaunchOp>(op)) {
      placeLaunch(launch, lifetimes, packing);
    } else if (isa<train::RefOp, train::FlatOp, train::SquaresOp,
                   dist::StagingOp, dist::SavedOp>(op)) {
      if (failed(placeReference(&op)))
        return failure();
    } else if (auto window = dyn_cast<dist::WindowOp>(op)) {
      auto buffer = lifetimes.bufferOf.find(window);
      if (buffer == lifetimes.bufferOf.end())
        return window.emitOpError() << "expected an op that works on it";
      places[window] =
          createView(op.getLoc(), plan::ArenaKind::Activation,
                     packing.offsets[buffer->second], window.getType());
    } else if (auto slice = dyn_cast<model::SliceTokensOp>(op)) {
      places[slice] =
          createPart(op.getLoc(), places.at(slice.getInput()),
                     lifetimes.parts.at(slice).offset, slice.getType());
    } else if (auto join = dyn_cast<model::JoinTokensOp>(op)) {
      if (failed(verifyJoin(join)))
        return failure();
    } else if (auto concat = dyn_cast<model::ConcatOp>(op)) {
      if (failed(verifyColumns(concat, symbols)))
        return failure();
    } else if (isa<dist::RangeOp, dist::ShardOp>(op)) {
      if (failed(placePart(&op)))
        return failure();
    } else if (dist::isStart(&op)) {
      placeStart(&op);
    } else if (dist::isTransfer(&op)) {
      placeTransfer(&op);
    } else if (auto wait = dyn_cast<dist::WaitOp>(op)) {
      plan::WaitOp::create(builder, op.getLoc(), places.at(wait.getPending()));
    } else if (&op != terminator) {
      return op.emitOpError()
             << "expected train.ref, train.flat, train.squares, tile.launch, "
                "ops of dist or return in a function of launches";
    }
  }
  function.erase();
  return success();
}

LogicalResult Planner::run() {
  if (failed(layOutVariables()) || failed(layOutCopies()) ||
      failed(layOutShards()))
    return failure();
  layOutHost();
  auto functions = llvm::to_vector(module.getOps<func::FuncOp>());
  for (func::FuncOp function : functions)
    if (failed(collectPorts(function)))
      return failure();
  for (func::FuncOp function : functions)
    if (failed(planFunction(function)))
      return failure();
  createArenas();
  return success();
}

namespace {
struct PlanMemory : llmc::impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    if (failed(Planner(getOperation()).run()))
      signalPassFailure();
  }
};
} // namespace
