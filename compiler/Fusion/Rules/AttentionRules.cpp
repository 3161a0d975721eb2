//===- AttentionRules.cpp - attention and its gradients -------------------===//

#include "compiler/Fusion/Rules/Rules.h"
#include "dialects/Model/Model.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::model;

void llmc::registerAttentionRules(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, ModelDialect *) {
    using A = OperandAccess;
    attachRule<AttentionOp, OpFamily::Attention, A::Whole>(context);
    attachRule<AttentionQueryGradOp, OpFamily::AttentionQueryGrad, A::Whole>(
        context);
    attachRule<AttentionKeyValueGradOp, OpFamily::AttentionKeyValueGrad,
               A::Whole>(context);
    // Its result [B, H, T] is not laid out by rows of the operands [B, T, C].
    attachOperandRule<AttentionDeltaOp, OpFamily::LoneRow, A::Row>(context);
  });
}
