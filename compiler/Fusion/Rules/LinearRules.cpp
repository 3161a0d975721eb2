//===- LinearRules.cpp - matrix products and what can be their epilogue ---===//

#include "compiler/Fusion/Rules/Rules.h"
#include "dialects/Model/Model.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::model;

void llmc::registerLinearRules(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, ModelDialect *) {
    using A = OperandAccess;
    attachRule<LinearOp, OpFamily::Gemm, A::Whole>(context);
    attachRule<LinearWeightGradOp, OpFamily::Gemm, A::Whole>(context);

    attachRule<AddOp, OpFamily::Elementwise, A::Element>(context);
    attachRule<MulOp, OpFamily::Elementwise, A::Element>(context);
    attachRule<GeluOp, OpFamily::Elementwise, A::Element>(context);
    attachRule<GeluGradOp, OpFamily::Elementwise, A::Element>(context);
    attachRule<SiluOp, OpFamily::Elementwise, A::Element>(context);
    attachRule<SiluGradOp, OpFamily::Elementwise, A::Element>(context);
    attachRule<RotateOp, OpFamily::Rotate, A::Row, A::Whole>(context);
  });
}
