//===- Evaluate.cpp - the loss without gradients --------------------------===//

#include "compiler/Step/StepGraph.h"

using namespace mlir;
using namespace llmc;

void llmc::buildEvaluate(OpBuilder &builder, StepGraph &graph,
                         const Variables &variables) {
  OpBuilder::InsertionGuard guard(builder);
  func::FuncOp function = createFunction(
      builder, graph.op.getLoc(), "evaluate",
      {graph.tokensType(), graph.tokensType()}, {graph.loss.getType()});
  IRMapping mapping;
  mapping.map(graph.body().getArguments(), function.getArguments());

  for (Operation *op : sliceOf(graph.loss.getLoss())) {
    if (isa<model::ParameterOp, model::ConstantOp>(op))
      mapping.map(op->getResult(0),
                  variables.createRef(builder, op->getLoc(), op->getResult(0),
                                      train::Slot::Value));
    else
      cloneForward(builder, op, mapping);
  }
  func::ReturnOp::create(builder, graph.loss.getLoc(),
                         mapping.lookup(graph.loss.getLoss()));
}
