//===- BuildStep.cpp - turns the graph into a training step ---------------===//
//
//   model.graph @m {         ==>   train.variable @w ..
//     model.parameter "w"          func.func @micro_step ..
//     ..                           func.func @evaluate ..
//     model.return %l, %dw         func.func @generate ..
//   }                              func.func @update ..
//                                  func.func @prepare .., with f32 masters of
//                                                         bf16 copies
//
//===----------------------------------------------------------------------===//

#include "compiler/Step/Passes.h"
#include "compiler/Step/Precision.h"
#include "compiler/Step/StepGraph.h"

namespace llmc {
#define GEN_PASS_DEF_BUILDSTEP
#include "compiler/Step/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// What later phases and the program need to know of the model.
static void recordModel(ModuleOp module, StepGraph &graph, StringRef precision,
                        StringRef masters, StringRef moments) {
  Builder builder(module.getContext());
  auto logits = cast<RankedTensorType>(graph.loss.getLogits().getType());
  module->setAttr("llmc.name", builder.getStringAttr(graph.op.getSymName()));
  module->setAttr("llmc.precision", builder.getStringAttr(precision));
  if (masters != "f32")
    module->setAttr("llmc.masters", builder.getStringAttr(masters));
  if (moments != "f32")
    module->setAttr("llmc.moments", builder.getStringAttr(moments));
  module->setAttr("llmc.batch", builder.getI64IntegerAttr(graph.batch()));
  module->setAttr("llmc.sequence",
                  builder.getI64IntegerAttr(graph.tokensType().getDimSize(1)));
  module->setAttr("llmc.vocabulary",
                  builder.getI64IntegerAttr(logits.getShape().back()));
}

/// Makes all functions but @update, which is made of masters, compute in the
/// type of the copies.
static LogicalResult mixPrecision(OpBuilder &builder, ModuleOp module,
                                  Location loc, const Variables &variables) {
  if (!variables.computeType)
    return success();
  for (StringRef name : {"micro_step", "evaluate", "generate"})
    if (failed(lowerPrecision(module.lookupSymbol<func::FuncOp>(name),
                              variables.computeType)))
      return failure();
  if (!variables.narrowMasters)
    buildPrepare(builder, loc, variables);
  return success();
}

static LogicalResult buildStep(ModuleOp module, model::GraphOp op,
                               StringRef precision, StringRef masters,
                               StringRef moments) {
  FailureOr<StepGraph> graph = readStepGraph(op);
  if (failed(graph))
    return failure();
  for (StringRef name : kStepFunctions)
    if (Operation *other = module.lookupSymbol(name); other && other != op)
      return other->emitError("the name @")
             << name << " is reserved for a function of the training step";

  OpBuilder builder(op);
  FailureOr<Variables> variables = layOutVariables(builder, graph->body());
  if (failed(variables))
    return failure();
  if (precision == "bf16") {
    if (!variables->elementType.isF32())
      return op.emitOpError("expected f32 parameters for precision bf16, "
                            "found parameters with elements ")
             << variables->elementType;
    variables->computeType = builder.getBF16Type();
    variables->narrowMasters = masters == "bf16";
    if (moments == "bf16")
      variables->momentType = builder.getBF16Type();
  }
  buildMicroStep(builder, *graph, *variables);
  buildEvaluate(builder, *graph, *variables);
  if (failed(buildGenerate(builder, *graph, *variables)))
    return failure();
  buildUpdate(builder, *graph, *variables);
  if (failed(mixPrecision(builder, module, op.getLoc(), *variables)))
    return failure();
  recordModel(module, *graph, precision, masters, moments);
  op.erase();
  return success();
}

namespace {

struct BuildStep : llmc::impl::BuildStepBase<BuildStep> {
  using BuildStepBase::BuildStepBase;

  void runOnOperation() override {
    // TF32 is how a GPU multiplies f32: nothing is stored differently.
    if (precision != "f32" && precision != "tf32" && precision != "bf16") {
      emitError(getOperation().getLoc())
          << "expected precision f32, tf32 or bf16, found '" << precision
          << "'";
      return signalPassFailure();
    }
    if (masters != "f32" && (masters != "bf16" || precision != "bf16")) {
      emitError(getOperation().getLoc())
          << "expected masters f32, or bf16 with precision bf16, found '"
          << masters << "' with precision '" << precision << "'";
      return signalPassFailure();
    }
    if (moments != "f32" && (moments != "bf16" || precision != "bf16")) {
      emitError(getOperation().getLoc())
          << "expected moments f32, or bf16 with precision bf16, found '"
          << moments << "' with precision '" << precision << "'";
      return signalPassFailure();
    }
    FailureOr<model::GraphOp> graph = model::GraphOp::getOnly(getOperation());
    if (failed(graph) ||
        failed(buildStep(getOperation(), *graph, precision, masters, moments)))
      signalPassFailure();
  }
};

} // namespace
