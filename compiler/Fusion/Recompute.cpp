//===- Recompute.cpp - computes rather than keeps -------------------------===//
//
//   %n = model.rms_norm %x, %g              %n = model.rms_norm %x, %g
//   ..                                ==>   ..
//   %dw = .. %n, %dy                        %m = model.rms_norm %x, %g again
//                                           %dw = .. %m, %dy
//
// KeptValues decides what is kept; here the copies are made, each right before
// the first op of the backward pass that needs it, so that it lives briefly.
//
//===----------------------------------------------------------------------===//

#include "compiler/Fusion/CostModel.h"
#include "compiler/Fusion/FusionOpInterface.h"
#include "compiler/Fusion/KeptValues.h"
#include "compiler/Fusion/Passes.h"
#include "compiler/Support/RecomputePolicy.h"
#include "dialects/Model/Model.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace llmc {
#define GEN_PASS_DEF_RECOMPUTE
#include "compiler/Fusion/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Bounds of what policy `ops` computes again. A GPU does over a hundred
/// operations in the time of moving an element of bf16, a core several: an op
/// below them takes the time of its memory traffic.
static constexpr int64_t kMostFlopsPerElement = 16;
static constexpr int64_t kMostBytesReadPerByte = 4;

static bool isCheap(Operation *op) {
  // What a look-up reads of its table, and from how far, sizes do not say.
  if (llvm::any_of(op->getOperandTypes(), [](Type type) {
        return getElementTypeOrSelf(type).isInteger();
      }))
    return false;
  int64_t read = 0, written = 0, elements = 0;
  auto count = [&](Value value, int64_t &bytes) {
    bytes += getTensorBytes(value);
    elements += cast<RankedTensorType>(value.getType()).getNumElements();
  };
  for (Value operand : op->getOperands())
    count(operand, read);
  for (Value result : op->getResults())
    count(result, written);
  return getFlops(op) <= kMostFlopsPerElement * elements &&
         read <= kMostBytesReadPerByte * written;
}

namespace {

class Recomputation {
public:
  Recomputation(func::FuncOp function, RecomputePolicy policy, bool spread)
      : function(function), policy(policy), spread(spread),
        block(function.getBody().front()) {}

  LogicalResult run();

private:
  void findForward();
  LogicalResult findLayers();
  bool mayRecompute(Operation *op) const;
  bool staysInLayer(Operation *op) const;
  Value materialize(Value value, Operation *before);
  void report(ArrayRef<Value> needed);

  func::FuncOp function;
  RecomputePolicy policy;
  bool spread;
  Block &block;
  SmallVector<Operation *> forward;
  llvm::SmallPtrSet<Operation *, 32> isForward;
  /// The layers that are computed again.
  llvm::SmallPtrSet<Attribute, 32> layers;
  KeptValues values;
  IRMapping copies;
};

struct Recompute : llmc::impl::RecomputeBase<Recompute> {
  using RecomputeBase::RecomputeBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    RecomputeBase::getDependentDialects(registry);
    registerFusionRules(registry);
  }

  void runOnOperation() override {
    std::optional<RecomputePolicy> parsed = RecomputePolicy::parse(policy);
    if (!parsed) {
      emitError(getOperation().getLoc())
          << "expected policy " << RecomputePolicy::choices() << ", found '"
          << policy << "'";
      return signalPassFailure();
    }
    if (!parsed->ops && !parsed->layers)
      return;
    auto function = getOperation().lookupSymbol<func::FuncOp>("micro_step");
    if (!function || !function.getBody().hasOneBlock()) {
      emitError(getOperation().getLoc())
          << "expected a function @micro_step of one block to compute parts "
             "of again, found none";
      return signalPassFailure();
    }
    if (failed(Recomputation(function, *parsed, spread).run()))
      return signalPassFailure();
  }
};

} // namespace

/// What the returned loss depends on, handles on storage left out.
void Recomputation::findForward() {
  SmallVector<Operation *> worklist;
  auto visit = [&](ValueRange operands) {
    for (Value operand : operands) {
      Operation *op = operand.getDefiningOp();
      if (op && !isHandle(op) && isForward.insert(op).second)
        worklist.push_back(op);
    }
  };
  visit(block.getTerminator()->getOperands());
  while (!worklist.empty())
    visit(worklist.pop_back_val()->getOperands());
  for (Operation &op : block)
    if (isForward.contains(&op))
      forward.push_back(&op);
}

LogicalResult Recomputation::findLayers() {
  llvm::SetVector<Attribute> all;
  for (Operation *op : forward)
    if (Attribute layer = op->getAttr(model::kLayerName))
      all.insert(layer);
  uint64_t count = policy.layers;
  if (count == RecomputePolicy::kAllLayers)
    count = all.size();
  if (count > all.size())
    return emitError(function->getParentOp()->getLoc())
           << policy.str() << " computes " << count
           << " layers again, but the model has " << all.size();
  // From the last layer: what it keeps is read at once. Evenly, where the
  // quotient grows; else all that are kept come first.
  for (auto [index, layer] : llvm::enumerate(llvm::reverse(all))) {
    bool again =
        spread ? (index + 1) * count / all.size() > index * count / all.size()
               : index >= all.size() - count;
    if (again)
      layers.insert(layer);
  }
  return success();
}

/// Whether only ops of the same layer, and of the backward pass, read it.
bool Recomputation::staysInLayer(Operation *op) const {
  return llvm::all_of(op->getUsers(), [&](Operation *user) {
    return !isForward.contains(user) ||
           user->getAttr(model::kLayerName) == op->getAttr(model::kLayerName);
  });
}

bool Recomputation::mayRecompute(Operation *op) const {
  if (!isa<FusionOpInterface>(op) || !isPure(op))
    return false;
  // What leaves a layer is kept there: layers computed again one from the other
  // would keep nothing, and hold all at once.
  if (layers.contains(op->getAttr(model::kLayerName)))
    return staysInLayer(op);
  return policy.ops && isCheap(op);
}

/// `value`, or its copy, made before `before` if there is none yet.
Value Recomputation::materialize(Value value, Operation *before) {
  if (!values.recomputed.contains(value))
    return value;
  if (Value copy = copies.lookupOrNull(value))
    return copy;
  Operation *op = value.getDefiningOp();
  IRMapping operands;
  for (Value operand : op->getOperands())
    operands.map(operand, materialize(operand, before));
  Operation *copy = OpBuilder(before).clone(*op, operands);
  copy->setAttr(model::kRecomputedName, UnitAttr::get(op->getContext()));
  copies.map(op->getResults(), copy->getResults());
  remark::passed(op->getLoc(),
                 remark::RemarkOpts::name("recomputed").category("fusion"))
      << remark::add("'{0}' computed again in the backward pass: {1} bytes are "
                     "not kept, for {2} FLOP",
                     op->getName().getStringRef(), getTensorBytes(value),
                     getFlops(op));
  return copies.lookup(value);
}

/// Removes a log-sum-exp that only the backward pass read.
static void dropLogSumExp(Operation *op) {
  auto attention = dyn_cast<model::AttentionOp>(op);
  if (!attention || !attention.getLse() || !attention.getLse().use_empty())
    return;
  OpBuilder builder(op);
  auto narrow = model::AttentionOp::create(
      builder, op->getLoc(), TypeRange{attention.getOutput().getType()},
      op->getOperands(), op->getAttrs());
  attention.getOutput().replaceAllUsesWith(narrow.getOutput());
  op->erase();
}

void Recomputation::report(ArrayRef<Value> needed) {
  int64_t before = 0, after = 0, again = 0, all = 0;
  for (Value value : needed)
    before += getTensorBytes(value);
  for (Value value : values.kept)
    after += getTensorBytes(value);
  llvm::SmallPtrSet<Operation *, 32> repeated;
  for (Value value : values.recomputed)
    if (repeated.insert(value.getDefiningOp()).second)
      again += getFlops(value.getDefiningOp());
  for (Operation *op : forward)
    if (isa<FusionOpInterface>(op))
      all += getFlops(op);
  remark::passed(function.getLoc(),
                 remark::RemarkOpts::name("kept").category("fusion"))
      << remark::add("recompute={0}: {1} bytes of the forward pass are kept "
                     "instead of {2}; {3} ops run again, {4} FLOP of the "
                     "forward pass's {5}",
                     policy.str(), after, before, repeated.size(), again, all);
}

LogicalResult Recomputation::run() {
  findForward();
  if (failed(findLayers()))
    return failure();
  SmallVector<Operation *> backward;
  llvm::SetVector<Value> needed;
  for (Operation &op : block.without_terminator()) {
    if (isForward.contains(&op))
      continue;
    backward.push_back(&op);
    for (Value operand : op.getOperands())
      if (isForward.contains(operand.getDefiningOp()))
        needed.insert(operand);
  }
  values = findKeptValues(forward, needed.getArrayRef(),
                          [&](Operation *op) { return mayRecompute(op); });
  for (Operation *op : backward)
    for (OpOperand &operand : op->getOpOperands())
      operand.set(materialize(operand.get(), op));
  report(needed.getArrayRef());
  for (Operation *op : forward)
    dropLogSumExp(op);
  return success();
}
