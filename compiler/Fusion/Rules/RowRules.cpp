//===- RowRules.cpp - ops that work row by row, and sums over rows --------===//

#include "compiler/Fusion/Rules/Rules.h"
#include "dialects/Model/Model.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::model;

void llmc::registerRowRules(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, ModelDialect *) {
    using A = OperandAccess;
    constexpr OpFamily row = OpFamily::Row;
    attachRule<EmbeddingOp, row, A::Row, A::Whole>(context);
    attachRule<PositionEmbeddingOp, row, A::Row, A::Whole>(context);
    attachRule<TakeTokensOp, row, A::Row, A::Whole>(context);
    attachRule<LayerNormOp, row, A::Row, A::Whole>(context);
    attachRule<LayerNormGradOp, row, A::Row, A::Whole, A::Row>(context);
    attachRule<RMSNormOp, row, A::Row, A::Whole>(context);
    attachRule<RMSNormGradOp, row, A::Row, A::Whole, A::Row>(context);
    // Tiling writes the parts of a concat straight to memory: the joined row is
    // never a tile that another op of the kernel could use.
    attachRule<ConcatOp, OpFamily::LoneRow, A::Row>(context);
    attachRule<SplitOp, OpFamily::Slice, A::Row>(context);
    attachRule<CrossEntropyGradOp, row, A::Row>(context);
    // One number per row: the result's leading dimensions are not the rows.
    attachOperandRule<TokenLossOp, row, A::Row>(context);

    attachOperandRule<LayerNormWeightGradOp, OpFamily::RowSum, A::Row>(context);
    attachOperandRule<RMSNormWeightGradOp, OpFamily::RowSum, A::Row>(context);
  });
}
