//===- TrainRules.cpp - sums, losses and the update -----------------------===//

#include "compiler/Fusion/Rules/Rules.h"
#include "dialects/Model/Model.h"
#include "dialects/Train/Train.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::model;
using namespace llmc::train;

namespace {
/// sum_rows is a partial sum of its rows when it has `splits`, and else the
/// last step over a few rows.
struct SumRowsRule : FusionOpInterface::ExternalModel<SumRowsRule, SumRowsOp> {
  OpFamily getFusionFamily(Operation *op) const {
    return cast<SumRowsOp>(op).getSplits() ? OpFamily::RowSum
                                           : OpFamily::ColumnSum;
  }
  OperandAccess getOperandAccess(Operation *op, unsigned) const {
    return cast<SumRowsOp>(op).getSplits() ? OperandAccess::Row
                                           : OperandAccess::Whole;
  }
  RankedTensorType getRowDomainType(Operation *op) const {
    return cast<RankedTensorType>(op->getOperand(0).getType());
  }
};
} // namespace

void llmc::registerTrainRules(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, ModelDialect *) {
    using A = OperandAccess;
    SumRowsOp::attachInterface<SumRowsRule>(*context);
    attachRule<EmbeddingGradOp, OpFamily::EmbeddingGrad, A::Whole>(context);
    attachRule<PositionEmbeddingGradOp, OpFamily::ColumnSum, A::Whole>(context);
    attachRule<MeanOp, OpFamily::Reduce, A::Whole>(context);
  });
  registry.addExtension(+[](MLIRContext *context, TrainDialect *) {
    using A = OperandAccess;
    attachOperandRule<AccumulateOp, OpFamily::Accumulate, A::Element>(context);
    attachOperandRule<SumOfSquaresOp, OpFamily::Flat, A::Whole>(context);
    attachOperandRule<AdamWOp, OpFamily::Flat, A::Whole>(context);
    attachOperandRule<RoundOp, OpFamily::Flat, A::Whole>(context);
    attachOperandRule<train::AddOp, OpFamily::Flat, A::Whole>(context);
    attachOperandRule<ZeroOp, OpFamily::Flat, A::Whole>(context);
    attachRule<NormOp, OpFamily::Reduce, A::Whole>(context);
  });
}
