//===- PlanMemory.cpp - gives every tensor its place ----------------------===//
//
//   %x = tile.launch @k(%tokens, %w)     %x = plan.view @activations[0]
//   return %x                       ->   plan.launch @k(%tokens, %w, %x)
//
// Lifetimes and packing are classes apart; here places become IR.
//
//===----------------------------------------------------------------------===//

#include "compiler/MemoryPlan/EntryPorts.h"
#include "compiler/MemoryPlan/Lifetimes.h"
#include "compiler/MemoryPlan/Passes.h"
#include "dialects/Model/Model.h"
#include "dialects/Plan/Plan.h"
#include "dialects/Tile/RowPitch.h"
#include "dialects/Train/Train.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

#include <array>

namespace llmc {
#define GEN_PASS_DEF_PLANMEMORY
#include "compiler/MemoryPlan/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

constexpr StringLiteral arenaNames[] = {
    "parameters",  "gradients", "moment1",   "moment2", "constants",
    "activations", "io",        "workspace", "compute", "squares"};

StringRef nameOf(plan::ArenaKind kind) {
  return arenaNames[static_cast<unsigned>(kind)];
}

plan::ArenaKind arenaOf(train::Slot slot) {
  using Kind = plan::ArenaKind;
  // In the order of train::Slot.
  constexpr Kind kinds[] = {Kind::Parameter, Kind::Gradient, Kind::Moment1,
                            Kind::Moment2, Kind::Compute};
  static_assert(std::size(kinds) == train::getMaxEnumValForSlot() + 1);
  return kinds[static_cast<unsigned>(slot)];
}

class Planner {
public:
  explicit Planner(ModuleOp module)
      : module(module), symbols(module), builder(module.getContext()) {}

  LogicalResult run();

private:
  struct Port {
    int64_t offset;
    RankedTensorType type;
  };

  LogicalResult layOutVariables();
  LogicalResult layOutCopies();
  LogicalResult addPort(func::FuncOp function, StringRef name, Type type);
  LogicalResult collectPorts(func::FuncOp function);
  LogicalResult planFunction(func::FuncOp function);
  LogicalResult placeReference(Operation *op);
  void placeLaunch(tile::LaunchOp launch, const FunctionLifetimes &lifetimes,
                   const Packing &packing);
  /// The place of a tensor, which lies without gaps, or of a memref.
  Value createView(Location location, plan::ArenaKind arena, int64_t offset,
                   Type tensor);
  /// The place of a part that begins `offset` bytes into `whole`, a place.
  Value createPart(Location location, Value whole, int64_t offset, Type tensor);
  void createArenas();
  int64_t offsetOfCopy(train::VariableOp variable) {
    return variable.getOffset() * (copyElement.getIntOrFloatBitWidth() / 8);
  }

  ModuleOp module;
  SymbolTable symbols;
  OpBuilder builder;
  std::array<int64_t, std::size(arenaNames)> arenaBytes = {};
  llvm::MapVector<StringRef, Port, llvm::StringMap<unsigned>> ports;
  llvm::StringMap<int64_t> variableOffsets; // bytes
  /// Of the parameters' compute copies; null where there are none.
  Type copyElement;
  /// Nothing refers to parameters other than the copies.
  bool copiesOnly = false;
  DenseMap<Value, Value> places;
  DenseMap<Value, StringRef> resultPorts;
  int64_t &bytesOfArena(plan::ArenaKind kind) {
    return arenaBytes[static_cast<unsigned>(kind)];
  }
};

} // namespace

LogicalResult Planner::layOutVariables() {
  for (auto variable : module.getOps<train::VariableOp>()) {
    auto type = dyn_cast<RankedTensorType>(variable.getType());
    if (!type || !type.hasStaticShape())
      return variable.emitOpError()
             << "expected a ranked tensor type of static shape, found "
             << variable.getType();
    int64_t offset = variable.getOffset() * (type.getElementTypeBitWidth() / 8);
    variableOffsets[variable.getSymName()] = offset;
    int64_t end = llvm::alignTo(offset + bytesOf(type), planAlignment);
    // Flat handles run over padding too, which Step rounds to 64 elements.
    end = llvm::alignTo(end, 64 * (type.getElementTypeBitWidth() / 8));
    auto kind = variable.getConstant() ? plan::ArenaKind::Constant
                                       : plan::ArenaKind::Parameter;
    bytesOfArena(kind) = std::max(bytesOfArena(kind), end);
  }
  for (auto kind : {plan::ArenaKind::Gradient, plan::ArenaKind::Moment1,
                    plan::ArenaKind::Moment2})
    bytesOfArena(kind) = bytesOfArena(plan::ArenaKind::Parameter);
  return success();
}

/// Copies lie at the offsets of their parameters, counted in elements.
LogicalResult Planner::layOutCopies() {
  bool hasValues = false;
  WalkResult walk = module.walk([&](Operation *op) {
    std::optional<train::Slot> slot;
    if (auto flat = dyn_cast<train::FlatOp>(op))
      slot = flat.getSlot();
    auto ref = dyn_cast<train::RefOp>(op);
    auto variable =
        ref ? symbols.lookup<train::VariableOp>(ref.getVariable()) : nullptr;
    if (variable && !variable.getConstant())
      slot = ref.getSlot();
    hasValues |= slot == train::Slot::Value;
    if (slot != train::Slot::Compute)
      return WalkResult::advance();
    Type element = getElementTypeOrSelf(op->getResult(0));
    if (copyElement && element != copyElement) {
      op->emitOpError() << "expected copies with elements " << copyElement
                        << " as of the other parameters, found " << element;
      return WalkResult::interrupt();
    }
    copyElement = element;
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  if (!copyElement)
    return success();
  int64_t elements = 0;
  for (auto variable : module.getOps<train::VariableOp>())
    if (!variable.getConstant())
      elements = std::max<int64_t>(
          elements, variable.getOffset() +
                        cast<ShapedType>(variable.getType()).getNumElements());
  bytesOfArena(plan::ArenaKind::Compute) =
      llvm::alignTo(elements, 64) * (copyElement.getIntOrFloatBitWidth() / 8);
  copiesOnly = !hasValues;
  if (copiesOnly)
    bytesOfArena(plan::ArenaKind::Parameter) = 0;
  return success();
}

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
           << "expected one of micro_step, evaluate, generate, update, "
              "prepare";
  unsigned arguments = llvm::count_if(
      names->arguments, [](StringRef name) { return !name.empty(); });
  unsigned results = names->result.empty() ? 0 : 1;
  if (function.getNumArguments() != arguments ||
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
  return plan::ViewOp::create(builder, location, type, nameOf(arena), offset,
                              /*whole=*/Value());
}

Value Planner::createPart(Location location, Value whole, int64_t offset,
                          Type tensor) {
  auto type = dyn_cast<MemRefType>(tensor);
  if (!type)
    type = tile::getStorageType(tensor);
  auto view = whole.getDefiningOp<plan::ViewOp>();
  return plan::ViewOp::create(builder, location, type, view.getArena(),
                              view.getOffset() + offset, whole);
}

LogicalResult Planner::placeReference(Operation *op) {
  if (auto squares = dyn_cast<train::SquaresOp>(op)) {
    int64_t offset = squares.getFirst() * 4;
    int64_t bytes = bytesOf(cast<ShapedType>(squares.getType()));
    int64_t &arena = bytesOfArena(plan::ArenaKind::Squares);
    arena =
        std::max<int64_t>(arena, llvm::alignTo(offset + bytes, planAlignment));
    places[squares] = createView(op->getLoc(), plan::ArenaKind::Squares, offset,
                                 squares.getType());
    return success();
  }
  if (auto flat = dyn_cast<train::FlatOp>(op)) {
    plan::ArenaKind arena = arenaOf(flat.getSlot());
    int64_t bytes = bytesOf(cast<ShapedType>(flat.getType()));
    if (bytes != bytesOfArena(arena))
      return flat.emitOpError()
             << "expected all parameters with padding, " << bytesOfArena(arena)
             << " bytes, found " << bytes;
    places[flat] = createView(op->getLoc(), arena, 0, flat.getType());
    return success();
  }
  auto ref = cast<train::RefOp>(op);
  auto variable = symbols.lookup<train::VariableOp>(ref.getVariable());
  if (!variable)
    return ref.emitOpError()
           << "refers to '" << ref.getVariable() << "', which is no variable";
  plan::ArenaKind arena = variable.getConstant() ? plan::ArenaKind::Constant
                                                 : arenaOf(ref.getSlot());
  int64_t offset = variableOffsets[ref.getVariable()];
  if (arena == plan::ArenaKind::Compute)
    offset = offsetOfCopy(variable);
  places[ref] = createView(op->getLoc(), arena, offset, ref.getType());
  return success();
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
    } else if (isa<train::RefOp, train::FlatOp, train::SquaresOp>(op)) {
      if (failed(placeReference(&op)))
        return failure();
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
    } else if (&op != terminator) {
      return op.emitOpError()
             << "expected train.ref, train.flat, train.squares, tile.launch or "
                "return in a function of launches";
    }
  }
  function.erase();
  return success();
}

void Planner::createArenas() {
  Location location = module.getLoc();
  builder.setInsertionPointToStart(module.getBody());
  for (unsigned index = 0; index != arenaBytes.size(); ++index) {
    auto kind = static_cast<plan::ArenaKind>(index);
    if (arenaBytes[index] != 0 || kind == plan::ArenaKind::Workspace)
      plan::ArenaOp::create(builder, location, nameOf(kind), kind,
                            arenaBytes[index], planAlignment);
  }
  auto variables = llvm::to_vector(module.getOps<train::VariableOp>());
  for (train::VariableOp variable : variables) {
    auto arena = variable.getConstant() ? plan::ArenaKind::Constant
                                        : plan::ArenaKind::Parameter;
    int64_t offset = variableOffsets[variable.getSymName()];
    auto type = cast<RankedTensorType>(variable.getType());
    if (copiesOnly && !variable.getConstant()) {
      arena = plan::ArenaKind::Compute;
      offset = offsetOfCopy(variable);
      type = type.clone(copyElement);
    }
    plan::VariableOp::create(builder, variable.getLoc(), variable.getName(),
                             nameOf(arena), offset, type, variable.getInit(),
                             variable.getDecay());
  }
  for (auto &[name, port] : ports)
    plan::PortOp::create(builder, location, name, port.offset, port.type);
  for (train::VariableOp variable : variables)
    variable.erase();
}

LogicalResult Planner::run() {
  if (failed(layOutVariables()) || failed(layOutCopies()))
    return failure();
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
