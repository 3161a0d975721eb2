//===- DistDialect.cpp - the dist dialect ---------------------------------===//

#include "dialects/Dist/Dist.h"

#include "dialects/Train/Train.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialects/Dist/DistDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Dist/DistTypes.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Dist/DistOps.cpp.inc"

using namespace mlir;
using namespace llmc::dist;

/// Low enough that no count of elements overflows.
static constexpr int64_t kMostRanks = 65536;

/// Elements to which a shard is aligned, 256 bytes of f32, as variables are;
/// bytes to which a place of staging is.
static constexpr int64_t kShardAlignment = 64;

void DistDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Dist/DistTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Dist/DistOps.cpp.inc"
      >();
}

MeshOp llmc::dist::findMesh(Operation *op) {
  auto module = dyn_cast<ModuleOp>(op);
  if (!module)
    module = op->getParentOfType<ModuleOp>();
  if (!module)
    return {};
  auto meshes = module.getOps<MeshOp>();
  return meshes.empty() ? MeshOp() : *meshes.begin();
}

/// What a collective that is waited for results in lies in its operand, what a
/// transfer brings at its destination.
static Value getPlace(WaitOp wait) {
  Operation *start = wait.getPending().getDefiningOp();
  if (isTransfer(start))
    return start->getOperand(1);
  auto gather = dyn_cast<AllGatherStartOp>(start);
  if (gather && gather.getDestination())
    return gather.getDestination();
  return start->getOperand(0);
}

std::optional<WindowPart> llmc::dist::findWindowPart(Value value) {
  int64_t first = 0;
  int64_t elements = cast<ShapedType>(value.getType()).getNumElements();
  while (Operation *op = value.getDefiningOp()) {
    if (auto window = dyn_cast<WindowOp>(op))
      return WindowPart{window, first, elements};
    if (auto range = dyn_cast<RangeOp>(op)) {
      first += static_cast<int64_t>(range.getFirst());
      value = range.getStorage();
      continue;
    }
    if (auto wait = dyn_cast<WaitOp>(op))
      value = getPlace(wait);
    else if (auto shard = dyn_cast<ShardOp>(op))
      value = shard.getRange();
    else
      break;
    // Any of the equal parts, and what is in it.
    first = 0;
    elements =
        std::max(elements, cast<ShapedType>(value.getType()).getNumElements());
  }
  return std::nullopt;
}

int64_t llmc::dist::countStoredElements(ModuleOp module) {
  int64_t end = 0;
  for (auto bucket : module.getOps<BucketOp>())
    end = bucket.getEnd();
  return end;
}

/// The ranks of the mesh; an error where there is none.
static FailureOr<int64_t> findRanks(Operation *op) {
  MeshOp mesh = findMesh(op);
  if (!mesh)
    return op->emitOpError("expected a dist.mesh in the module, found none");
  auto ranks = static_cast<int64_t>(mesh.getRanks());
  // The mesh may stand behind, where it is not verified yet.
  if (ranks < 2 || ranks > kMostRanks)
    return op->emitOpError("expected a mesh of 2 to ")
           << kMostRanks << " ranks, found " << ranks;
  return ranks;
}

LogicalResult MeshOp::verify() {
  auto ranks = static_cast<int64_t>(getRanks());
  if (ranks < 2 || ranks > kMostRanks)
    return emitOpError("expected 2 to ")
           << kMostRanks << " ranks, found " << ranks;
  if (getZero() > 3)
    return emitOpError("expected stage 0 to 3, found ")
           << static_cast<int64_t>(getZero());
  if (MeshOp first = findMesh(*this); first && first != *this) {
    InFlightDiagnostic diagnostic =
        emitOpError("is the second one, expected one in a module");
    diagnostic.attachNote(first.getLoc()) << "the first one is here";
    return diagnostic;
  }
  return success();
}

/// Units and buckets lie one behind the other.
template <typename OpTy> static LogicalResult verifyFollows(OpTy op) {
  int64_t expected = 0;
  for (auto other :
       op->template getParentOfType<ModuleOp>().template getOps<OpTy>()) {
    if (other == op)
      break;
    expected = other.getEnd();
  }
  auto at = static_cast<int64_t>(op.getAt());
  if (at == expected)
    return success();
  return op.emitOpError("expected to begin at ")
         << expected << ", where the " << op->getName().stripDialect()
         << " before it ends, found " << at;
}

LogicalResult UnitOp::verify() {
  if (auto elements = static_cast<int64_t>(getElements()); elements <= 0)
    return emitOpError("expected at least 1 element, found ") << elements;
  return verifyFollows(*this);
}

LogicalResult BucketOp::verify() {
  // Without a mesh there is one rank, which has buckets of what is offloaded.
  FailureOr<int64_t> found = findMesh(*this) ? findRanks(*this) : 1;
  if (failed(found))
    return failure();
  int64_t ranks = *found;
  int64_t elements = getElements();
  int64_t multiple = kShardAlignment * ranks;
  if (elements <= 0 || elements % multiple != 0)
    return emitOpError("expected a positive multiple of ")
           << multiple << " elements for " << ranks << " ranks, found "
           << elements;
  return verifyFollows(*this);
}

static LogicalResult verifyElementTypes(Operation *op, Type found,
                                        Type expected) {
  if (getElementTypeOrSelf(found) == getElementTypeOrSelf(expected))
    return success();
  return op->emitOpError("expected elements ")
         << getElementTypeOrSelf(expected) << ", found "
         << getElementTypeOrSelf(found);
}

static int64_t countElements(Type type) {
  return cast<ShapedType>(type).getNumElements();
}

LogicalResult RangeOp::verify() {
  int64_t first = getFirst();
  int64_t length = countElements(getRange().getType());
  int64_t elements = countElements(getStorage().getType());
  if (first < 0 || first > elements - length)
    return emitOpError() << length << " elements from " << first
                         << " on are not within a storage of " << elements;
  return verifyElementTypes(*this, getRange().getType(),
                            getStorage().getType());
}

/// `whole` has the elements of `part` of all ranks.
static LogicalResult verifyParts(Operation *op, Type whole, Type part) {
  FailureOr<int64_t> ranks = findRanks(op);
  if (failed(ranks))
    return failure();
  int64_t elements = countElements(whole);
  if (elements % *ranks != 0 || elements / *ranks != countElements(part))
    return op->emitOpError("expected ")
           << *ranks << " ranks' parts of " << countElements(part)
           << " elements, found a whole of " << elements;
  return verifyElementTypes(op, part, whole);
}

LogicalResult ShardOp::verify() {
  return verifyParts(*this, getRange().getType(), getShard().getType());
}

LogicalResult AllReduceStartOp::verify() {
  RankedTensorType result = getPending().getType().getTensor();
  if (getInput().getType() != result)
    return emitOpError("expected a result ")
           << getInput().getType() << ", found " << result;
  FailureOr<int64_t> ranks = findRanks(*this);
  if (failed(ranks))
    return failure();
  if (result.getNumElements() % *ranks != 0)
    return emitOpError("expected equal shards for ")
           << *ranks << " ranks, found " << result.getNumElements()
           << " elements";
  return success();
}

LogicalResult ReduceScatterStartOp::verify() {
  return verifyParts(*this, getInput().getType(),
                     getPending().getType().getTensor());
}

LogicalResult AllGatherStartOp::verify() {
  if (!getDestination() && !getInput().getDefiningOp<ShardOp>())
    return emitOpError("expected a dist.shard to gather");
  RankedTensorType result = getPending().getType().getTensor();
  if (getDestination() && getDestination().getType() != result)
    return emitOpError("expected a destination ")
           << result << ", found " << getDestination().getType();
  return verifyParts(*this, getPending().getType().getTensor(),
                     getInput().getType());
}

/// Places are dealt out at multiples of an alignment.
template <typename OpTy> static LogicalResult verifyPlace(OpTy op) {
  auto first = static_cast<int64_t>(op.getFirst());
  if (first < 0 || first % kShardAlignment != 0)
    return op.emitOpError("expected to begin at a multiple of ")
           << kShardAlignment << " bytes, found " << first;
  return success();
}

LogicalResult StagingOp::verify() { return verifyPlace(*this); }

LogicalResult SavedOp::verify() { return verifyPlace(*this); }

bool llmc::dist::isOnHost(Value storage) {
  Operation *producer = storage.getDefiningOp();
  while (isa_and_nonnull<RangeOp, ShardOp>(producer))
    producer = producer->getOperand(0).getDefiningOp();
  if (isa_and_nonnull<SavedOp>(producer))
    return true;
  auto flat = dyn_cast_or_null<train::FlatOp>(producer);
  return flat && flat.getHost();
}

static LogicalResult verifyTransfer(Operation *op, Value host, Value device,
                                    StringRef hostIs, StringRef deviceIs) {
  if (!isOnHost(host))
    return op->emitOpError("expected a ") << hostIs << " in the host's memory";
  if (isOnHost(device))
    return op->emitOpError("expected a ")
           << deviceIs << " in the device's memory";
  return success();
}

LogicalResult ToDeviceStartOp::verify() {
  return verifyTransfer(*this, getSource(), getDestination(), "source",
                        "destination");
}

LogicalResult ToHostStartOp::verify() {
  return verifyTransfer(*this, getDestination(), getSource(), "destination",
                        "source");
}

LogicalResult WaitOp::verify() {
  if (getPending().hasOneUse())
    return success();
  return emitOpError("expected the only use of what was started, found ")
         << llvm::range_size(getPending().getUses()) << " uses";
}
