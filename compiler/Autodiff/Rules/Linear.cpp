//===- Linear.cpp - gradients of linear -----------------------------------===//
//
//   y = x w^T + b     dw = dy^T x     db = sum over rows of dy     dx = dy w
//
//===----------------------------------------------------------------------===//

#include "compiler/Autodiff/Rules/Rules.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::model;

namespace {

struct LinearRule : AutodiffOpInterface::ExternalModel<LinearRule, LinearOp> {
  LogicalResult buildGradient(Operation *operation, OpBuilder &builder,
                              ArrayRef<Value> resultGradients,
                              GradientAccumulator &gradients) const {
    auto op = cast<LinearOp>(operation);
    Value x = op.getInput(), w = op.getWeight(), dy = resultGradients[0];
    // dw comes first: the input's storage is then free when dx is made.
    if (gradients.wants(w))
      gradients.add(w, LinearWeightGradOp::create(builder, op.getLoc(),
                                                  w.getType(), x, dy,
                                                  op.getTransposedAttr()));
    if (Value bias = op.getBias(); bias && gradients.wants(bias))
      gradients.add(bias, SumRowsOp::create(builder, op.getLoc(),
                                            bias.getType(), dy, IntegerAttr()));
    if (gradients.wants(x)) {
      UnitAttr toggled =
          op.getTransposed() ? UnitAttr() : builder.getUnitAttr();
      gradients.add(x, LinearOp::create(builder, op.getLoc(), x.getType(), dy,
                                        w, /*bias=*/Value(), toggled));
    }
    return success();
  }
};

} // namespace

void llmc::attachLinearRules(MLIRContext &context) {
  LinearOp::attachInterface<LinearRule>(context);
}
