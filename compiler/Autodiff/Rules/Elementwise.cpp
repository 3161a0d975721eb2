//===- Elementwise.cpp - gradients of add, mul, gelu and silu -------------===//
//
//   y = a + b    da = dy        db = dy
//   y = a * b    da = dy * b    db = dy * a
//   y = f(x)     dx = dy * f'(x)
//
//===----------------------------------------------------------------------===//

#include "compiler/Autodiff/Rules/Rules.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::model;

namespace {

struct AddRule : AutodiffOpInterface::ExternalModel<AddRule, AddOp> {
  LogicalResult buildGradient(Operation *op, OpBuilder &,
                              ArrayRef<Value> resultGradients,
                              GradientAccumulator &gradients) const {
    for (Value operand : op->getOperands())
      if (gradients.wants(operand))
        gradients.add(operand, resultGradients[0]);
    return success();
  }
};

struct MulRule : AutodiffOpInterface::ExternalModel<MulRule, MulOp> {
  LogicalResult buildGradient(Operation *operation, OpBuilder &builder,
                              ArrayRef<Value> resultGradients,
                              GradientAccumulator &gradients) const {
    auto op = cast<MulOp>(operation);
    auto add = [&](Value operand, Value factor) {
      if (gradients.wants(operand))
        gradients.add(operand,
                      MulOp::create(builder, op.getLoc(), operand.getType(),
                                    resultGradients[0], factor));
    };
    add(op.getLhs(), op.getRhs());
    add(op.getRhs(), op.getLhs());
    return success();
  }
};

/// A function of one operand, whose gradient op takes its input and dy.
template <typename ForwardOp, typename GradientOp>
struct UnaryRule
    : AutodiffOpInterface::ExternalModel<UnaryRule<ForwardOp, GradientOp>,
                                         ForwardOp> {
  LogicalResult buildGradient(Operation *operation, OpBuilder &builder,
                              ArrayRef<Value> resultGradients,
                              GradientAccumulator &gradients) const {
    auto op = cast<ForwardOp>(operation);
    Value x = op.getInput();
    if (gradients.wants(x))
      gradients.add(x, GradientOp::create(builder, op.getLoc(), x.getType(), x,
                                          resultGradients[0]));
    return success();
  }
};

} // namespace

void llmc::attachElementwiseRules(MLIRContext &context) {
  AddOp::attachInterface<AddRule>(context);
  MulOp::attachInterface<MulRule>(context);
  GeluOp::attachInterface<UnaryRule<GeluOp, GeluGradOp>>(context);
  SiluOp::attachInterface<UnaryRule<SiluOp, SiluGradOp>>(context);
}
