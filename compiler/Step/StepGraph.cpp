//===- StepGraph.cpp - the joint graph, as Step reads it ------------------===//

#include "compiler/Step/StepGraph.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace llmc;

RankedTensorType StepGraph::tokensType() {
  return cast<RankedTensorType>(tokens().getType());
}

static LogicalResult checkArguments(StepGraph &graph) {
  Block &body = graph.body();
  bool match = body.getNumArguments() == 2 &&
               graph.tokens().getType() == graph.targets().getType();
  if (match) {
    auto type = dyn_cast<RankedTensorType>(graph.tokens().getType());
    match = type && type.getRank() == 2 && type.hasStaticShape() &&
            type.getElementType().isInteger(32);
  }
  if (match)
    return success();
  return graph.op.emitOpError("expected tokens and targets of one static type "
                              "[batch, sequence] of i32, found ")
         << graph.op.getFunctionType();
}

static LogicalResult checkGradients(StepGraph &graph, model::ReturnOp end) {
  size_t found = end.getNumOperands() - 1;
  if (found != graph.parameters.size())
    return end.emitOpError("expected the loss and ")
           << graph.parameters.size() << " gradients, one per parameter, found "
           << found << " gradients; run llmc-autodiff before";
  for (auto [parameter, gradient] :
       llvm::zip_equal(graph.parameters, graph.gradients))
    if (gradient.getType() != parameter.getValue().getType()) {
      InFlightDiagnostic diag = end.emitOpError("expected a gradient of type ")
                                << parameter.getValue().getType() << " for '"
                                << parameter.getName() << "', found "
                                << gradient.getType();
      diag.attachNote(parameter.getLoc()) << "the parameter is here";
      return diag;
    }
  return success();
}

FailureOr<StepGraph> llmc::readStepGraph(model::GraphOp op) {
  StepGraph graph;
  graph.op = op;
  if (failed(checkArguments(graph)))
    return failure();

  auto end = cast<model::ReturnOp>(graph.body().getTerminator());
  if (end.getNumOperands() > 0)
    graph.loss = end.getOperand(0).getDefiningOp<model::CrossEntropyOp>();
  if (!graph.loss)
    return end.emitOpError("expected the first value to be the result of "
                           "'model.cross_entropy'");
  for (Operation &inner : graph.body()) {
    if (inner.getNumRegions() != 0)
      return inner.emitOpError("expected a flat graph; run llmc-unroll-repeat "
                               "before");
    if (auto parameter = dyn_cast<model::ParameterOp>(inner))
      graph.parameters.push_back(parameter);
  }
  if (graph.parameters.empty())
    return op.emitOpError("expected at least one 'model.parameter' to train, "
                          "found none");
  llvm::append_range(graph.gradients, end.getOperands().drop_front());
  if (failed(checkGradients(graph, end)))
    return failure();
  return graph;
}

SmallVector<Operation *> llmc::sliceOf(Value root) {
  llvm::SmallPtrSet<Operation *, 32> needed;
  SmallVector<Operation *> worklist;
  auto visit = [&](Value value) {
    Operation *op = value.getDefiningOp();
    if (op && needed.insert(op).second)
      worklist.push_back(op);
  };
  visit(root);
  while (!worklist.empty())
    for (Value operand : worklist.pop_back_val()->getOperands())
      visit(operand);

  SmallVector<Operation *> slice;
  for (Operation &op : *root.getParentBlock())
    if (needed.contains(&op))
      slice.push_back(&op);
  return slice;
}

func::FuncOp llmc::createFunction(OpBuilder &builder, Location loc,
                                  StringRef name, ArrayRef<Type> inputs,
                                  ArrayRef<Type> results) {
  auto function = func::FuncOp::create(
      builder, loc, name, builder.getFunctionType(inputs, results));
  builder.setInsertionPointToStart(function.addEntryBlock());
  return function;
}

Operation *llmc::cloneForward(OpBuilder &builder, Operation *op,
                              IRMapping &mapping) {
  auto attention = dyn_cast<model::AttentionOp>(op);
  if (!attention || !attention.getLse())
    return builder.clone(*op, mapping);
  auto clone = model::AttentionOp::create(
      builder, op->getLoc(), TypeRange{attention.getOutput().getType()},
      ValueRange{mapping.lookup(attention.getQuery()),
                 mapping.lookup(attention.getKey()),
                 mapping.lookup(attention.getValue())},
      op->getAttrs());
  mapping.map(attention.getOutput(), clone.getOutput());
  return clone;
}
