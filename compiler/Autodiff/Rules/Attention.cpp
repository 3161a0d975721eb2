//===- Attention.cpp - gradients of attention and rotate ------------------===//
//
// Attention's gradient recomputes the probabilities from the log-sum-exp of
// each row (FlashAttention-2, algorithm 2), so the forward op is rebuilt with
// that result:
//
//   %o = model.attention %q, %k, %v        %o, %lse = model.attention %q, %k,
//   %v
//                                   ==>    ..
//                                          %dq, %dk, %dv =
//                                     model.attention_grad %q, %k, %v, %o,
//                                     %lse, %do
//
// A rotation's gradient is the rotation by the opposite angle.
//
//===----------------------------------------------------------------------===//

#include "compiler/Autodiff/Rules/Rules.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::model;

namespace {

/// `op` with the log-sum-exp [batch, heads, sequence] as its second result,
/// f32 whatever the precision of the operands. Uses are moved to the new op.
AttentionOp withLogSumExp(AttentionOp op, OpBuilder &builder) {
  if (op.getLse())
    return op;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(op);
  auto query = cast<RankedTensorType>(op.getQuery().getType());
  auto lse = RankedTensorType::get({query.getDimSize(0),
                                    static_cast<int64_t>(op.getHeads()),
                                    query.getDimSize(1)},
                                   builder.getF32Type());
  auto saved = AttentionOp::create(builder, op.getLoc(),
                                   TypeRange{op.getOutput().getType(), lse},
                                   op->getOperands(), op->getAttrs());
  op.getOutput().replaceAllUsesWith(saved.getOutput());
  return saved;
}

struct AttentionRule
    : AutodiffOpInterface::ExternalModel<AttentionRule, AttentionOp> {
  LogicalResult buildGradient(Operation *operation, OpBuilder &builder,
                              ArrayRef<Value> resultGradients,
                              GradientAccumulator &gradients) const {
    auto op = cast<AttentionOp>(operation);
    if (resultGradients.size() > 1 && resultGradients[1])
      return op.emitOpError("expected the log-sum-exp to have no influence on "
                            "the loss other than through the output");
    if (llvm::none_of(op->getOperands(),
                      [&](Value v) { return gradients.wants(v); }))
      return success();
    op = withLogSumExp(op, builder);
    Value q = op.getQuery(), k = op.getKey(), v = op.getValue();
    auto grad = AttentionGradOp::create(
        builder, op.getLoc(), q.getType(), k.getType(), v.getType(), q, k, v,
        op.getOutput(), op.getLse(), resultGradients[0], op.getHeadsAttr(),
        op.getKvHeadsAttr(), op.getWindowAttr());
    for (auto [operand, gradient] :
         llvm::zip_equal(op->getOperands(), grad->getResults()))
      if (gradients.wants(operand))
        gradients.add(operand, gradient);
    return success();
  }
};

struct RotateRule : AutodiffOpInterface::ExternalModel<RotateRule, RotateOp> {
  LogicalResult buildGradient(Operation *operation, OpBuilder &builder,
                              ArrayRef<Value> resultGradients,
                              GradientAccumulator &gradients) const {
    auto op = cast<RotateOp>(operation);
    if (gradients.wants(op.getCos()) || gradients.wants(op.getSin()))
      return op.emitOpError("expected tables that depend on no parameter: "
                            "they have no gradient rule");
    UnitAttr toggled = op.getInverse() ? UnitAttr() : builder.getUnitAttr();
    gradients.add(op.getInput(),
                  RotateOp::create(builder, op.getLoc(),
                                   op.getInput().getType(), resultGradients[0],
                                   op.getCos(), op.getSin(),
                                   op.getHeadSizeAttr(), toggled));
    return success();
  }
};

} // namespace

void llmc::attachAttentionRules(MLIRContext &context) {
  AttentionOp::attachInterface<AttentionRule>(context);
  RotateOp::attachInterface<RotateRule>(context);
}
