//===- PlanStorage.cpp - places of what lives from step to step -----------===//

#include "compiler/MemoryPlan/Planner.h"
#include "dialects/Dist/Dist.h"
#include "dialects/Tile/RowPitch.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;

StringRef llmc::getArenaName(plan::ArenaKind kind) {
  constexpr StringLiteral names[] = {
      "parameters",    "gradients", "moment1",   "moment2", "constants",
      "activations",   "io",        "workspace", "compute", "squares",
      "communication", "staging",   "saved"};
  static_assert(std::size(names) == numArenaKinds);
  return names[static_cast<unsigned>(kind)];
}

static plan::ArenaKind arenaOf(train::Slot slot) {
  using Kind = plan::ArenaKind;
  // In the order of train::Slot.
  constexpr Kind kinds[] = {Kind::Parameter, Kind::Gradient, Kind::Moment1,
                            Kind::Moment2, Kind::Compute};
  static_assert(std::size(kinds) == train::getMaxEnumValForSlot() + 1);
  return kinds[static_cast<unsigned>(slot)];
}

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
  // Buckets are padded further.
  int64_t &parameters = bytesOfArena(plan::ArenaKind::Parameter);
  parameters = std::max<int64_t>(parameters, dist::countStoredElements(module) *
                                                 sizeof(float));
  bytesOfArena(plan::ArenaKind::Gradient) = parameters;
  // Moments may be narrower.
  int64_t width = sizeof(float);
  module.walk([&](train::FlatOp flat) {
    if (flat.getSlot() == train::Slot::Moment1)
      width = flat.getType().getElementTypeBitWidth() / 8;
  });
  for (auto kind : {plan::ArenaKind::Moment1, plan::ArenaKind::Moment2})
    bytesOfArena(kind) = parameters / sizeof(float) * width;
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
  int64_t elements = dist::countStoredElements(module);
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

/// A storage that some handle calls sharded has this rank's shards alone.
LogicalResult Planner::layOutShards() {
  dist::MeshOp mesh = dist::findMesh(module);
  ranks = mesh ? static_cast<int64_t>(mesh.getRanks()) : 1;
  WalkResult walk = module.walk([&](train::FlatOp flat) {
    if (!flat.getSharded())
      return WalkResult::advance();
    if (!mesh) {
      flat.emitOpError() << "expected a dist.mesh that says of how many ranks";
      return WalkResult::interrupt();
    }
    isSharded[static_cast<unsigned>(arenaOf(flat.getSlot()))] = true;
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  for (auto [bytes, sharded] : llvm::zip_equal(arenaBytes, isSharded))
    if (sharded)
      bytes /= ranks;
  return success();
}

/// A storage that some handle says is on the host lies there, as what is saved
/// there always does.
void Planner::layOutHost() {
  isOnHost[static_cast<unsigned>(plan::ArenaKind::Saved)] = true;
  module.walk([&](train::FlatOp flat) {
    if (flat.getHost())
      isOnHost[static_cast<unsigned>(arenaOf(flat.getSlot()))] = true;
  });
}

/// A place that Distribution has dealt out.
void Planner::placeDealt(Operation *op, plan::ArenaKind kind, int64_t first) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  int64_t &arena = bytesOfArena(kind);
  arena = std::max<int64_t>(
      arena, llvm::alignTo(first + bytesOf(type), planAlignment));
  places[op->getResult(0)] = createView(op->getLoc(), kind, first, type);
}

LogicalResult Planner::placeReference(Operation *op) {
  if (auto staging = dyn_cast<dist::StagingOp>(op)) {
    placeDealt(op, plan::ArenaKind::Staging, staging.getFirst());
    return success();
  }
  if (auto saved = dyn_cast<dist::SavedOp>(op)) {
    placeDealt(op, plan::ArenaKind::Saved, saved.getFirst());
    return success();
  }
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
    if (flat.getSharded() != isSharded[static_cast<unsigned>(arena)])
      return flat.emitOpError()
             << "is not sharded, but other handles on this storage are";
    if (flat.getHost() != isOnHost[static_cast<unsigned>(arena)])
      return flat.emitOpError()
             << "is on the device, but other handles on this storage are on "
                "the host";
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
  if (isSharded[static_cast<unsigned>(arena)])
    return ref.emitOpError()
           << "refers to a storage of which this rank has shards only";
  if (isOnHost[static_cast<unsigned>(arena)])
    return ref.emitOpError()
           << "refers to a storage that lies in the host's memory";
  int64_t offset = variableOffsets[ref.getVariable()];
  if (arena == plan::ArenaKind::Compute)
    offset = offsetOfCopy(variable);
  places[ref] = createView(op->getLoc(), arena, offset, ref.getType());
  return success();
}

/// A range or a shard of a storage's place; a range also of a shard's. Those of
/// a window are parts of its place.
LogicalResult Planner::placePart(Operation *op) {
  Value storage = op->getOperand(0);
  auto shard = dyn_cast<dist::ShardOp>(op);
  // An input is where its port is.
  bool isHandle =
      isa<BlockArgument>(storage) ||
      isa_and_nonnull<train::FlatOp, train::SquaresOp, dist::WindowOp,
                      dist::RangeOp, dist::ShardOp>(storage.getDefiningOp());
  auto whole = isHandle ? places.at(storage).getDefiningOp<plan::ViewOp>()
                        : plan::ViewOp();
  if (!whole || (shard && whole.getRankStride()))
    return op->emitOpError() << "expected a handle on storage of all ranks, "
                                "found another value";
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  auto offset = static_cast<int64_t>(whole.getOffset());
  IntegerAttr stride = whole.getRankStrideAttr();
  if (auto range = dyn_cast<dist::RangeOp>(op))
    offset += static_cast<int64_t>(range.getFirst()) *
              (type.getElementTypeBitWidth() / 8);
  if (shard)
    stride = builder.getI64IntegerAttr(bytesOf(type));
  Value &place = places[op->getResult(0)];
  if (dist::findWindowPart(storage)) {
    plan::ViewOp root = whole.getRoot();
    place = createPart(op->getLoc(), root,
                       offset - static_cast<int64_t>(root.getOffset()), type,
                       stride);
    return success();
  }
  place =
      plan::ViewOp::create(builder, op->getLoc(), tile::getStorageType(type),
                           whole.getArena(), offset, stride, /*whole=*/Value());
  return success();
}

void Planner::createArenas() {
  Location location = module.getLoc();
  builder.setInsertionPointToStart(module.getBody());
  for (unsigned index = 0; index != arenaBytes.size(); ++index) {
    auto kind = static_cast<plan::ArenaKind>(index);
    if (arenaBytes[index] != 0 || kind == plan::ArenaKind::Workspace)
      plan::ArenaOp::create(builder, location, getArenaName(kind), kind,
                            arenaBytes[index], planAlignment, isSharded[index],
                            isOnHost[index]);
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
                             getArenaName(arena), offset, type,
                             variable.getInit(), variable.getDecay());
  }
  for (auto &[name, port] : ports)
    plan::PortOp::create(builder, location, name, port.offset, port.type);
  for (train::VariableOp variable : variables)
    variable.erase();
}
