//===- Autodiff.cpp - adds the backward pass ------------------------------===//
//
// Reverse-mode differentiation of the graph, one op at a time:
//
//   %y = model.linear %x, %w             %y = model.linear %x, %w
//   %loss = model.cross_entropy %y, %t   %loss = model.cross_entropy %y, %t
//   model.return %loss            ==>    %dy = model.cross_entropy_grad %y, %t
//                                        %dw = model.linear_weight_grad %x, %dy
//                                        model.return %loss, %dw
//
//===----------------------------------------------------------------------===//

#include "compiler/Autodiff/GradientTable.h"
#include "compiler/Autodiff/Passes.h"

namespace llmc {
#define GEN_PASS_DEF_AUTODIFF
#include "compiler/Autodiff/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

/// The operation that computes the loss, if a backward pass can start there.
FailureOr<Operation *> findLoss(model::GraphOp graph, model::ReturnOp end) {
  if (end.getNumOperands() != 1)
    return end.emitOpError("expected to return the loss only, found ")
           << end.getNumOperands() << " values";
  Operation *loss = end.getOperand(0).getDefiningOp();
  auto rule = dyn_cast_or_null<AutodiffOpInterface>(loss);
  if (rule && rule.isLoss())
    return loss;
  InFlightDiagnostic diag =
      end.emitOpError("expected a loss such as the result of "
                      "'model.cross_entropy', found ");
  if (!loss)
    return diag << "an argument of the graph";
  diag << "the result of '" << loss->getName() << "'";
  diag.attachNote(loss->getLoc()) << "defined here";
  return diag;
}

/// Builds the gradient of every op between a parameter and `loss`, last first.
LogicalResult buildBackward(Block &block, Operation *loss, OpBuilder &builder,
                            GradientTable &table) {
  // Rules insert ops while the walk is under way, hence the copy.
  SmallVector<Operation *> forward;
  for (Operation &op : block.without_terminator())
    forward.push_back(&op);

  for (Operation *op : llvm::reverse(forward)) {
    if (isa<model::ParameterOp>(op))
      continue;
    SmallVector<Value> resultGradients;
    for (Value result : op->getResults())
      resultGradients.push_back(table.sum(builder, result));
    bool leadsToLoss = op == loss || llvm::any_of(resultGradients, [](Value v) {
                         return static_cast<bool>(v);
                       });
    if (!leadsToLoss)
      continue;
    auto rule = dyn_cast<AutodiffOpInterface>(op);
    if (!rule)
      return op->emitOpError("lies between a parameter and the loss, but has "
                             "no gradient rule");
    if (failed(rule.buildGradient(builder, resultGradients, table)))
      return failure();
  }

  // Rules leave behind the ops they replaced.
  for (Operation *op : llvm::reverse(forward))
    if (isOpTriviallyDead(op) && !isa<model::ParameterOp>(op))
      op->erase();
  return success();
}

LogicalResult differentiate(model::GraphOp graph) {
  Block &block = graph.getBody().front();
  auto end = cast<model::ReturnOp>(block.getTerminator());
  FailureOr<Operation *> loss = findLoss(graph, end);
  if (failed(loss))
    return failure();

  GradientTable table(block);
  OpBuilder builder(end);
  if (failed(buildBackward(block, *loss, builder, table)))
    return failure();

  bool complete = true;
  SmallVector<Type> types(end.getOperandTypes());
  SmallVector<Value> values(end.getOperands());
  for (auto parameter : block.getOps<model::ParameterOp>()) {
    Value gradient = table.sum(builder, parameter.getValue());
    if (!gradient) {
      // All of them are named, not only the first.
      parameter.emitOpError("'")
          << parameter.getName()
          << "' has no gradient: it does not lead to the loss";
      complete = false;
      continue;
    }
    types.push_back(gradient.getType());
    values.push_back(gradient);
  }
  if (!complete)
    return failure();

  end.getValuesMutable().assign(values);
  graph.setFunctionType(
      FunctionType::get(graph.getContext(), graph.getArgumentTypes(), types));
  if (ArrayAttr attributes = graph.getResAttrsAttr()) {
    SmallVector<Attribute> extended(attributes.getValue());
    extended.resize(types.size(), builder.getDictionaryAttr({}));
    graph.setResAttrsAttr(builder.getArrayAttr(extended));
  }
  return success();
}

struct Autodiff : llmc::impl::AutodiffBase<Autodiff> {
  void runOnOperation() override {
    FailureOr<model::GraphOp> graph = model::GraphOp::getOnly(getOperation());
    if (failed(graph) || failed(differentiate(*graph)))
      signalPassFailure();
  }
};

} // namespace
