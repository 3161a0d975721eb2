//===- Split.cpp - gradients of split and concat --------------------------===//
//
// Each is the other's gradient.
//
//===----------------------------------------------------------------------===//

#include "compiler/Autodiff/Rules/Rules.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::model;

namespace {

struct SplitRule : AutodiffOpInterface::ExternalModel<SplitRule, SplitOp> {
  LogicalResult buildGradient(Operation *operation, OpBuilder &builder,
                              ArrayRef<Value> resultGradients,
                              GradientAccumulator &gradients) const {
    auto op = cast<SplitOp>(operation);
    for (auto [index, gradient] : llvm::enumerate(resultGradients))
      if (!gradient)
        return op.emitOpError("expected every part to lead to the loss, found "
                              "part ")
               << index << " that does not";
    gradients.add(op.getInput(),
                  ConcatOp::create(builder, op.getLoc(),
                                   op.getInput().getType(), resultGradients));
    return success();
  }
};

struct ConcatRule : AutodiffOpInterface::ExternalModel<ConcatRule, ConcatOp> {
  LogicalResult buildGradient(Operation *operation, OpBuilder &builder,
                              ArrayRef<Value> resultGradients,
                              GradientAccumulator &gradients) const {
    auto op = cast<ConcatOp>(operation);
    auto parts = SplitOp::create(builder, op.getLoc(),
                                 op.getInputs().getTypes(), resultGradients[0]);
    for (auto [input, part] :
         llvm::zip_equal(op.getInputs(), parts.getOutputs()))
      if (gradients.wants(input))
        gradients.add(input, part);
    return success();
  }
};

} // namespace

void llmc::attachSplitRules(MLIRContext &context) {
  ConcatOp::attachInterface<ConcatRule>(context);
  SplitOp::attachInterface<SplitRule>(context);
}
