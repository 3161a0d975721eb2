//===- Rules.cpp - attaches all gradient rules ----------------------------===//

#include "compiler/Autodiff/Rules/Rules.h"

#include "compiler/Autodiff/Passes.h"

using namespace mlir;

void llmc::registerAutodiffRules(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, model::ModelDialect *) {
    attachAttentionRules(*context);
    attachElementwiseRules(*context);
    attachEmbeddingRules(*context);
    attachLinearRules(*context);
    attachLossRules(*context);
    attachNormalizationRules(*context);
    attachSplitRules(*context);
  });
}
