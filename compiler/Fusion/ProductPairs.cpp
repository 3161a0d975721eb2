//===- ProductPairs.cpp - products that one kernel can compute ------------===//

#include "compiler/Fusion/ProductPairs.h"
#include "compiler/Fusion/FusionOpInterface.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

/// Registers hold two accumulators; a third would leave tiles too small.
static constexpr unsigned kMostProducts = 2;

static bool isElementwise(Operation *op) {
  auto fusible = dyn_cast_or_null<FusionOpInterface>(op);
  return fusible && fusible.getFusionFamily() == OpFamily::Elementwise;
}

/// The product that `value` is, as it is or through ops of one operand.
static model::LinearOp findProduct(Value value) {
  Operation *op = value.getDefiningOp();
  while (isElementwise(op) && op->getNumOperands() == 1)
    op = op->getOperand(0).getDefiningOp();
  return dyn_cast_or_null<model::LinearOp>(op);
}

/// Calls `visit` with the elementwise ops of several operands that take the
/// product, in program order.
static void forEachMeeting(model::LinearOp linear,
                           llvm::function_ref<void(Operation *)> visit) {
  SmallVector<Value> values = {linear.getOutput()};
  llvm::SmallSetVector<Operation *, 4> meetings;
  for (size_t i = 0; i < values.size(); ++i)
    for (Operation *user : values[i].getUsers()) {
      if (!isElementwise(user) ||
          user->getResult(0).getType() != linear.getOutput().getType())
        continue;
      if (user->getNumOperands() == 1)
        values.push_back(user->getResult(0));
      else
        meetings.insert(user);
    }
  SmallVector<Operation *> ordered = meetings.takeVector();
  llvm::sort(ordered,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  llvm::for_each(ordered, visit);
}

SmallVector<model::LinearOp> llmc::findMeetingProducts(model::LinearOp linear) {
  llvm::SmallSetVector<Operation *, 4> products;
  forEachMeeting(linear, [&](Operation *meeting) {
    for (Value operand : meeting->getOperands())
      if (model::LinearOp other = findProduct(operand);
          other && other != linear)
        products.insert(other);
  });
  return llvm::map_to_vector(
      products, [](Operation *op) { return cast<model::LinearOp>(op); });
}

std::string llmc::getPairRefusal(model::LinearOp linear,
                                 ArrayRef<Operation *> ops) {
  llvm::SmallPtrSet<Operation *, 16> group(ops.begin(), ops.end());
  unsigned products = llvm::count_if(ops, llvm::IsaPred<model::LinearOp>);
  if (products + 1 > kMostProducts)
    return llvm::formatv("it has {0} products, the limit is {1}", products,
                         kMostProducts);
  auto first = cast<model::LinearOp>(ops.front());
  if (first.getInput() != linear.getInput())
    return "they multiply different inputs";
  for (Operation *op : ops)
    if (cast<FusionOpInterface>(op).getFusionFamily() == OpFamily::Rotate)
      return llvm::formatv("its epilogue already needs whole heads of {0} "
                           "columns",
                           cast<model::RotateOp>(op).getHeadSize());
  if (llvm::any_of(linear->getOperands(), [&](Value operand) {
        return group.contains(operand.getDefiningOp());
      }))
    return "it computes an operand of the product";
  return "";
}
