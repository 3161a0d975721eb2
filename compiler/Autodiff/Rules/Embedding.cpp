//===- Embedding.cpp - gradients of embedding and position_embedding ------===//
//
//   y[b,t,:] = w[tokens[b,t],:]   dw[v,:] = sum of dy[b,t,:] where tokens = v
//   y[b,t,:] = w[t,:]             dw[t,:] = sum over b of dy[b,t,:]
//
//===----------------------------------------------------------------------===//

#include "compiler/Autodiff/Rules/Rules.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::model;

namespace {

struct EmbeddingRule
    : AutodiffOpInterface::ExternalModel<EmbeddingRule, EmbeddingOp> {
  LogicalResult buildGradient(Operation *operation, OpBuilder &builder,
                              ArrayRef<Value> resultGradients,
                              GradientAccumulator &gradients) const {
    auto op = cast<EmbeddingOp>(operation);
    if (gradients.wants(op.getWeight()))
      gradients.add(op.getWeight(),
                    EmbeddingGradOp::create(
                        builder, op.getLoc(), op.getWeight().getType(),
                        op.getTokens(), resultGradients[0]));
    return success();
  }
};

struct PositionEmbeddingRule
    : AutodiffOpInterface::ExternalModel<PositionEmbeddingRule,
                                         PositionEmbeddingOp> {
  LogicalResult buildGradient(Operation *operation, OpBuilder &builder,
                              ArrayRef<Value> resultGradients,
                              GradientAccumulator &gradients) const {
    auto op = cast<PositionEmbeddingOp>(operation);
    if (gradients.wants(op.getWeight()))
      gradients.add(op.getWeight(),
                    PositionEmbeddingGradOp::create(builder, op.getLoc(),
                                                    op.getWeight().getType(),
                                                    resultGradients[0]));
    return success();
  }
};

} // namespace

void llmc::attachEmbeddingRules(MLIRContext &context) {
  EmbeddingOp::attachInterface<EmbeddingRule>(context);
  PositionEmbeddingOp::attachInterface<PositionEmbeddingRule>(context);
}
