//===- Grouping.cpp - which ops make one kernel ---------------------------===//

#include "compiler/Fusion/Grouping.h"
#include "compiler/Fusion/ColumnPlaces.h"
#include "compiler/Fusion/HeadDomain.h"
#include "compiler/Fusion/ProductPairs.h"
#include "dialects/Dist/Dist.h"
#include "dialects/Model/Model.h"
#include "dialects/Train/Train.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace llmc;

static bool isAttentionFamily(OpFamily family) {
  return family == OpFamily::Attention ||
         family == OpFamily::AttentionQueryGrad ||
         family == OpFamily::AttentionKeyValueGrad;
}

/// Whether the op is a split that only attention reads: each attention kernel
/// then takes the unsplit tensor and its own copy of the split.
static bool isAttentionView(Operation *op) {
  auto fusible = dyn_cast<FusionOpInterface>(op);
  return fusible && fusible.getFusionFamily() == OpFamily::Slice &&
         !op->use_empty() && llvm::all_of(op->getUsers(), [](Operation *user) {
           auto other = dyn_cast<FusionOpInterface>(user);
           return other && isAttentionFamily(other.getFusionFamily());
         });
}

/// A remark of this phase about `op`.
static remark::RemarkOpts remarkOptions(StringRef name) {
  return remark::RemarkOpts::name(name).category("fusion");
}

/// Says whether the parts of a concat are copied.
static void reportColumns(model::ConcatOp concat) {
  std::string refusal = getColumnRefusal(concat);
  if (refusal.empty())
    remark::passed(concat.getLoc(), remarkOptions("placed")) << remark::add(
        "parts are written into their columns: saves a kernel, and {0} bytes "
        "of traffic",
        2 * getTensorBytes(concat));
  else
    remark::missed(concat.getLoc(), remarkOptions("not-placed"))
        << remark::add("parts are copied into their columns: {0}", refusal);
}

static bool isRecomputed(Operation *op) {
  return op->hasAttr(model::kRecomputedName);
}

LogicalResult Grouping::run(func::FuncOp func,
                            llvm::DenseSet<Operation *> attachedOps) {
  if (!func.getBody().hasOneBlock())
    return func.emitOpError("expected a body of one block, found ")
           << func.getBody().getBlocks().size();
  Block &block = func.getBody().front();
  hasFlatHandles = !block.getOps<train::FlatOp>().empty();
  attached = std::move(attachedOps);
  for (auto [index, op] : llvm::enumerate(block.without_terminator())) {
    positionOf[&op] = index;
    if (isAttentionView(&op))
      attached.insert(&op);
    if (auto concat = dyn_cast<model::ConcatOp>(op))
      reportColumns(concat);
    if (isHandle(&op) || isPlace(&op) || attached.contains(&op))
      continue;
    auto fusible = dyn_cast<FusionOpInterface>(op);
    if (!fusible)
      return op.emitOpError("has no fusion rule, so no kernel can hold it; "
                            "expected the ops that llmc-decompose leaves");
    if (failed(place(fusible)))
      return failure();
  }
  return success();
}

LogicalResult Grouping::place(FusionOpInterface op) {
  SmallVector<Type> types(op->getOperandTypes());
  llvm::append_range(types, op->getResultTypes());
  for (Type type : types) {
    if (isa<dist::PendingType>(type))
      continue;
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      return op->emitOpError("expected tensors of static shape, found ")
             << type;
  }
  OpFamily family = op.getFusionFamily();
  if (family == OpFamily::RowSum && !op->hasAttr("splits"))
    return op->emitOpError("expected `splits`, found none: it sums over all "
                           "rows, run llmc-decompose first");

  SmallVector<GroupId> dependencies;
  collectDependencies(op, dependencies);
  llvm::sort(dependencies);
  dependencies.erase(llvm::unique(dependencies), dependencies.end());
  if (joinPair(op, dependencies))
    return success();
  for (const Candidate &candidate : getCandidates(op)) {
    const Group &group = groups[candidate.group];
    std::string refusal = cost.getRefusal(op, group.ops);
    if (refusal.empty() && isRowsFamily(group.family))
      refusal = getHeadRefusal(op, group.ops);
    if (refusal.empty() && !order.canAddEdges(dependencies, candidate.group))
      refusal = "an op outside of the kernel lies between them";
    if (!refusal.empty()) {
      remark::missed(op->getLoc(), remarkOptions("not-fused"))
          << remark::add("'{0}' not fused into the kernel of '{1}': {2}",
                         op->getName().getStringRef(),
                         group.ops.front()->getName().getStringRef(), refusal);
      continue;
    }
    remark::passed(op->getLoc(), remarkOptions("fused")) << remark::add(
        "'{0}' fused into the kernel of '{1}': saves {2} bytes "
        "of traffic",
        op->getName().getStringRef(),
        group.ops.front()->getName().getStringRef(), candidate.bytesSaved);
    add(op, candidate.group, dependencies);
    return success();
  }

  GroupId fresh = order.addNode();
  groups.push_back({family, 0, {}});
  if (isRowsFamily(family))
    groups.back().rows = getRowCount(op.getRowDomainType());
  add(op, fresh, dependencies);
  return success();
}

/// Makes a product the second one of the kernel whose product it meets, if
/// there is such a kernel yet.
bool Grouping::joinPair(Operation *op, ArrayRef<GroupId> dependencies) {
  auto linear = dyn_cast<model::LinearOp>(op);
  if (!linear)
    return false;
  for (model::LinearOp other : findMeetingProducts(linear)) {
    auto found = groupOf.find(other);
    if (found == groupOf.end() || isRecomputed(linear) != isRecomputed(other))
      continue;
    GroupId group = found->second;
    std::string refusal = getPairRefusal(linear, groups[group].ops);
    if (refusal.empty())
      refusal = cost.getRefusal(op, groups[group].ops);
    if (refusal.empty() && !order.canAddEdges(dependencies, group))
      refusal = "an op outside of the kernel lies between them";
    if (!refusal.empty()) {
      remark::missed(op->getLoc(), remarkOptions("not-paired"))
          << remark::add("'{0}' not computed in the kernel of the '{1}' that "
                         "it meets: {2}",
                         op->getName().getStringRef(),
                         other->getName().getStringRef(), refusal);
      continue;
    }
    remark::passed(op->getLoc(), remarkOptions("paired")) << remark::add(
        "'{0}' computed in the kernel of the '{1}' that it meets: saves {2} "
        "bytes of traffic",
        op->getName().getStringRef(), other->getName().getStringRef(),
        getTensorBytes(linear.getInput()));
    add(op, group, dependencies);
    return true;
  }
  return false;
}

/// Whether the group's kind can hold the op at all.
bool Grouping::acceptsFamily(const Group &group, FusionOpInterface op) const {
  OpFamily family = op.getFusionFamily();
  if (family == OpFamily::Accumulate) {
    bool computesValue = llvm::is_contained(
        group.ops, cast<train::AccumulateOp>(op).getValue().getDefiningOp());
    return computesValue && !isAttentionFamily(group.family) &&
           group.family != OpFamily::Flat && group.family != OpFamily::Reduce &&
           group.family != OpFamily::LoneRow;
  }
  if (group.family == OpFamily::Gemm)
    return isEpilogueOf(group, op);
  auto joins = [](OpFamily family) {
    return isRowsFamily(family) && family != OpFamily::LoneRow &&
           family != OpFamily::Slice;
  };
  return joins(group.family) && joins(family) &&
         group.rows == getRowCount(op.getRowDomainType());
}

/// An epilogue works on the block of the product that a block of the grid
/// holds: the shapes are equal, and only rotate looks aside, within a head.
bool Grouping::isEpilogueOf(const Group &group, FusionOpInterface op) const {
  OpFamily family = op.getFusionFamily();
  if (family != OpFamily::Elementwise && family != OpFamily::Rotate)
    return false;
  Operation *gemm = group.ops.front();
  if (op->getResult(0).getType() != gemm->getResult(0).getType())
    return false;
  auto computed = [&](Value value) {
    Operation *producer = value.getDefiningOp();
    return producer && llvm::is_contained(group.ops, producer);
  };
  if (family == OpFamily::Rotate)
    return computed(op->getOperand(0));
  return llvm::any_of(op->getOperands(), computed);
}

/// The groups the op may join: first the gemm whose epilogue it can be, the
/// latest first, then the row groups, those that save most first.
SmallVector<Grouping::Candidate>
Grouping::getCandidates(FusionOpInterface op) const {
  SmallVector<Candidate> candidates;
  auto consider = [&](Operation *member) {
    // A kernel of the forward pass would keep what is not to be kept.
    if (isRecomputed(op) && !isRecomputed(member))
      return;
    auto found = groupOf.find(member);
    if (found == groupOf.end() || !acceptsFamily(groups[found->second], op))
      return;
    auto known = llvm::find_if(candidates, [&](const Candidate &candidate) {
      return candidate.group == found->second;
    });
    unsigned position = positionOf.lookup(member);
    if (known != candidates.end()) {
      known->lastProducer = std::max(known->lastProducer, position);
      return;
    }
    int64_t saved = cost.getBytesSaved(op, groups[found->second].ops);
    if (saved > 0)
      candidates.push_back({found->second, saved, position});
  };
  for (OpOperand &operand : op->getOpOperands()) {
    if (op.getOperandAccess(operand.getOperandNumber()) == OperandAccess::Whole)
      continue;
    if (Operation *producer = operand.get().getDefiningOp())
      consider(producer);
    if (isRowsFamily(op.getFusionFamily()))
      for (Operation *user : operand.get().getUsers())
        consider(user);
  }
  auto isGemm = [&](const Candidate &candidate) {
    return groups[candidate.group].family == OpFamily::Gemm;
  };
  llvm::sort(candidates, [&](const Candidate &a, const Candidate &b) {
    if (isGemm(a) != isGemm(b))
      return isGemm(a);
    if (!isGemm(a) && a.bytesSaved != b.bytesSaved)
      return a.bytesSaved > b.bytesSaved;
    return std::tie(a.lastProducer, a.group) >
           std::tie(b.lastProducer, b.group);
  });
  return candidates;
}

/// Adds the groups that must run before the op and what is attached to it.
void Grouping::collectDependencies(Operation *op,
                                   SmallVectorImpl<GroupId> &dependencies) {
  for (Value operand : op->getOperands()) {
    Operation *producer = operand.getDefiningOp();
    if (attached.contains(producer) || isPlace(producer))
      collectDependencies(producer, dependencies);
    else if (auto found = groupOf.find(producer); found != groupOf.end())
      dependencies.push_back(found->second);
  }
  forEachAccess(op, [&](Value value, bool writes) {
    if (auto part = dist::findWindowPart(value)) {
      for (const WindowAccess &access : windows[part->window])
        if ((writes || access.writes) &&
            part->overlaps(access.begin, access.end))
          dependencies.push_back(access.group);
    } else if (StorageState *state = getStorage(value)) {
      if (state->writer)
        dependencies.push_back(*state->writer);
      if (writes)
        dependencies.append(state->readers);
    }
  });
}

void Grouping::add(Operation *op, GroupId group,
                   ArrayRef<GroupId> dependencies) {
  for (Value operand : op->getOperands()) {
    Operation *producer = operand.getDefiningOp();
    if (attached.contains(producer) &&
        !llvm::is_contained(groups[group].ops, producer))
      add(producer, group, {});
  }
  groups[group].ops.push_back(op);
  // What is attached may be in several groups, and is looked up in none.
  if (!attached.contains(op))
    groupOf[op] = group;
  for (GroupId dependency : dependencies)
    order.addEdge(dependency, group);
  recordAccesses(op, group);
}

void Grouping::recordAccesses(Operation *op, GroupId group) {
  forEachAccess(op, [&](Value value, bool writes) {
    if (auto part = dist::findWindowPart(value)) {
      windows[part->window].push_back(
          {part->first, part->first + part->elements, group, writes});
      return;
    }
    StorageState *state = getStorage(value);
    if (!state)
      return;
    if (writes) {
      state->writer = group;
      state->readers.clear();
    } else if (!llvm::is_contained(state->readers, group)) {
      state->readers.push_back(group);
    }
  });
}

void Grouping::forEachAccess(Operation *op,
                             function_ref<void(Value, bool)> visit) {
  bool writes = hasEffect<MemoryEffects::Write>(op);
  // What a collective works on is there when it was waited for.
  if (auto wait = dyn_cast<dist::WaitOp>(op)) {
    op = wait.getPending().getDefiningOp();
    writes = true;
  }
  for (Value operand : op->getOperands())
    visit(operand, writes);
}

/// The storage behind a handle; none for other values.
Grouping::StorageState *Grouping::getStorage(Value value) {
  Operation *producer = value.getDefiningOp();
  // What a transfer brings lies at its destination.
  if (auto wait = dyn_cast_or_null<dist::WaitOp>(producer))
    if (auto start = wait.getPending().getDefiningOp<dist::ToDeviceStartOp>())
      producer = start.getDestination().getDefiningOp();
  while (isa_and_nonnull<dist::RangeOp, dist::ShardOp>(producer))
    producer = producer->getOperand(0).getDefiningOp();
  if (auto ref = dyn_cast_or_null<train::RefOp>(producer)) {
    Attribute variable = hasFlatHandles ? Attribute() : ref.getVariableAttr();
    return &storage[{variable, unsigned(ref.getSlot())}];
  }
  if (auto flat = dyn_cast_or_null<train::FlatOp>(producer))
    return &storage[{Attribute(), unsigned(flat.getSlot())}];
  // All partial sums are one storage, beside those of the slots; places of
  // staging do not overlap in part.
  constexpr unsigned behindSlots = train::getMaxEnumValForSlot() + 1;
  if (isa_and_present<train::SquaresOp>(producer))
    return &storage[{Attribute(), behindSlots}];
  if (auto staging = dyn_cast_or_null<dist::StagingOp>(producer))
    return &storage[{staging.getFirstAttr(), behindSlots + 1}];
  return nullptr;
}

std::vector<const Group *> Grouping::getOrderedGroups() const {
  std::vector<const Group *> ordered;
  for (GroupOrder::Node node : order.getOrder())
    ordered.push_back(&groups[node]);
  return ordered;
}
