//===- Loss.cpp - gradient of cross_entropy -------------------------------===//
//
// The backward pass starts here: the loss has the gradient 1, hence
//
//   dlogits = (softmax(logits) - onehot(target)) / tokens
//
//===----------------------------------------------------------------------===//

#include "compiler/Autodiff/Rules/Rules.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::model;

namespace {

struct CrossEntropyRule
    : AutodiffOpInterface::ExternalModel<CrossEntropyRule, CrossEntropyOp> {
  bool isLoss(Operation *) const { return true; }

  LogicalResult buildGradient(Operation *operation, OpBuilder &builder,
                              ArrayRef<Value>,
                              GradientAccumulator &gradients) const {
    auto op = cast<CrossEntropyOp>(operation);
    if (gradients.wants(op.getLogits()))
      gradients.add(op.getLogits(),
                    CrossEntropyGradOp::create(
                        builder, op.getLoc(), op.getLogits().getType(),
                        op.getLogits(), op.getTargets()));
    return success();
  }
};

} // namespace

void llmc::attachLossRules(MLIRContext &context) {
  CrossEntropyOp::attachInterface<CrossEntropyRule>(context);
}
