//===- CostModel.cpp - what a fusion is worth -----------------------------===//

#include "compiler/Fusion/CostModel.h"
#include "compiler/Fusion/FusionOpInterface.h"
#include "compiler/Support/TypeBytes.h"
#include "dialects/Model/Model.h"

#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

int64_t llmc::getTensorBytes(Value value) {
  return getElementBytes(cast<ShapedType>(value.getType()));
}

/// Of an elementwise op or a norm, for an element: exp, tanh and division count
/// for several.
static constexpr int64_t kRowFlops = 10;

int64_t llmc::getFlops(Operation *op) {
  auto typeOf = [&](Value value) {
    return cast<RankedTensorType>(value.getType());
  };
  RankedTensorType input = typeOf(op->getOperand(0));
  if (auto attention = dyn_cast<model::AttentionOp>(op)) {
    int64_t tokens = input.getDimSize(1);
    int64_t reach = tokens;
    if (auto window = attention.getWindow())
      reach = std::min<int64_t>(reach, *window);
    int64_t pairs = tokens * reach - reach * (reach - 1) / 2;
    return 4 * input.getDimSize(0) * input.getDimSize(2) * pairs;
  }
  if (cast<FusionOpInterface>(op).getFusionFamily() == OpFamily::Gemm) {
    int64_t depth = isa<model::LinearWeightGradOp>(op)
                        ? getRowCount(input)
                        : input.getShape().back();
    return 2 * typeOf(op->getResult(0)).getNumElements() * depth;
  }
  return kRowFlops * std::max(input.getNumElements(),
                              typeOf(op->getResult(0)).getNumElements());
}

int64_t CostModel::getBytesSaved(Operation *op,
                                 ArrayRef<Operation *> ops) const {
  auto fusible = cast<FusionOpInterface>(op);
  llvm::SmallPtrSet<Operation *, 16> group(ops.begin(), ops.end());
  llvm::SmallPtrSet<Value, 4> seen;
  int64_t saved = 0;
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    if (!seen.insert(value).second ||
        fusible.getOperandAccess(operand.getOperandNumber()) ==
            OperandAccess::Whole)
      continue;
    int64_t bytes = getTensorBytes(value);
    if (group.contains(value.getDefiningOp())) {
      saved += bytes;
      if (llvm::all_of(value.getUsers(), [&](Operation *user) {
            return user == op || group.contains(user);
          }))
        saved += bytes;
      continue;
    }
    // A shared input is read once. Weights are small and stay in the cache.
    bool shared = llvm::any_of(value.getUses(), [&](OpOperand &use) {
      if (!group.contains(use.getOwner()))
        return false;
      auto user = cast<FusionOpInterface>(use.getOwner());
      return user.getOperandAccess(use.getOperandNumber()) !=
             OperandAccess::Whole;
    });
    if (shared)
      saved += bytes;
  }
  return saved;
}

std::string CostModel::getRefusal(Operation *op,
                                  ArrayRef<Operation *> ops) const {
  if (ops.size() + 1 > options.maxOps)
    return llvm::formatv("the kernel would have {0} ops, the limit is {1}",
                         ops.size() + 1, options.maxOps);

  llvm::SmallPtrSet<Operation *, 16> group(ops.begin(), ops.end());
  group.insert(op);
  llvm::SmallPtrSet<Value, 16> tensors;
  for (Operation *member : group) {
    for (Value operand : member->getOperands())
      if (!group.contains(operand.getDefiningOp()))
        tensors.insert(operand);
    for (Value result : member->getResults())
      if (llvm::any_of(result.getUsers(),
                       [&](Operation *user) { return !group.contains(user); }))
        tensors.insert(result);
  }
  if (tensors.size() > options.maxTensors)
    return llvm::formatv("the kernel would have {0} tensors, the limit is {1}",
                         tensors.size(), options.maxTensors);
  return "";
}

bool CostModel::shouldRecompute(Operation *op) const {
  auto fusible = dyn_cast<FusionOpInterface>(op);
  if (!fusible || fusible.getFusionFamily() != OpFamily::Elementwise ||
      op->getNumOperands() != 1 || llvm::hasSingleElement(op->getUses()))
    return false;
  bool fusibleUsers = llvm::all_of(op->getUses(), [](OpOperand &use) {
    auto user = dyn_cast<FusionOpInterface>(use.getOwner());
    return user && user.getFusionFamily() == OpFamily::Elementwise;
  });
  return fusibleUsers && !op->getOperand(0).hasOneUse();
}
