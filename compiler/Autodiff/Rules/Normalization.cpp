//===- Normalization.cpp - gradients of layer_norm and rms_norm -----------===//
//
// With n the normalised input, y = n * w + b: dw = sum over rows of dy * n and
// db = sum over rows of dy; dx is one op that computes the statistics again,
// which costs less than keeping them. Norms of heads sum over heads, too.
//
//===----------------------------------------------------------------------===//

#include "compiler/Autodiff/Rules/Rules.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::model;

namespace {

struct LayerNormRule
    : AutodiffOpInterface::ExternalModel<LayerNormRule, LayerNormOp> {
  LogicalResult buildGradient(Operation *operation, OpBuilder &builder,
                              ArrayRef<Value> resultGradients,
                              GradientAccumulator &gradients) const {
    auto op = cast<LayerNormOp>(operation);
    Value x = op.getInput(), w = op.getWeight(), bias = op.getBias();
    Value dy = resultGradients[0];
    if (gradients.wants(w))
      gradients.add(w, LayerNormWeightGradOp::create(
                           builder, op.getLoc(), w.getType(), x, dy,
                           op.getEpsAttr(), /*splits=*/IntegerAttr()));
    if (gradients.wants(bias))
      gradients.add(bias,
                    SumRowsOp::create(builder, op.getLoc(), bias.getType(), dy,
                                      /*splits=*/IntegerAttr()));
    if (gradients.wants(x))
      gradients.add(x,
                    LayerNormGradOp::create(builder, op.getLoc(), x.getType(),
                                            x, w, dy, op.getEpsAttr()));
    return success();
  }
};

struct RMSNormRule
    : AutodiffOpInterface::ExternalModel<RMSNormRule, RMSNormOp> {
  LogicalResult buildGradient(Operation *operation, OpBuilder &builder,
                              ArrayRef<Value> resultGradients,
                              GradientAccumulator &gradients) const {
    auto op = cast<RMSNormOp>(operation);
    Value x = op.getInput(), w = op.getWeight(), dy = resultGradients[0];
    if (gradients.wants(w))
      gradients.add(w, RMSNormWeightGradOp::create(
                           builder, op.getLoc(), w.getType(), x, dy,
                           op.getEpsAttr(), op.getHeadSizeAttr(),
                           /*splits=*/IntegerAttr()));
    if (gradients.wants(x))
      gradients.add(x, RMSNormGradOp::create(builder, op.getLoc(), x.getType(),
                                             x, w, dy, op.getEpsAttr(),
                                             op.getHeadSizeAttr()));
    return success();
  }
};

} // namespace

void llmc::attachNormalizationRules(MLIRContext &context) {
  LayerNormOp::attachInterface<LayerNormRule>(context);
  RMSNormOp::attachInterface<RMSNormRule>(context);
}
