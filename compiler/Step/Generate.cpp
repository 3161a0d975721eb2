//===- Generate.cpp - the logits of the token behind a prompt -------------===//
//
// The forward ops before the loss, with the batch replaced by 1. A tensor has
// the batch as its leading extent exactly if it depends on the tokens:
//
//   %x = model.embedding %tokens, %w : .. -> tensor<8x64x128xf32>
//   %l = model.linear %x, %head : .. -> tensor<8x64x50257xf32>
//   ==>
//   %x = model.embedding %tokens, %w : .. -> tensor<1x64x128xf32>
//   %y = model.take_tokens %position, %x : .. -> tensor<1x1x128xf32>
//   %l = model.linear %y, %head : .. -> tensor<1x1x50257xf32>
//
// Only one position's logits are wanted. Those of all would be the largest
// tensor of many a program, and the head a third of GPT-2's work.
//
//===----------------------------------------------------------------------===//

#include "compiler/Step/StepGraph.h"

using namespace mlir;
using namespace llmc;

/// `type` with the leading extent 1, which must be `batch` before.
static FailureOr<Type> withBatchOne(Type type, int64_t batch) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.getRank() == 0 || tensor.getDimSize(0) != batch)
    return failure();
  SmallVector<int64_t> shape(tensor.getShape());
  shape.front() = 1;
  return Type(tensor.clone(shape));
}

/// One position of `value`, [1, t, C].
static Value takePosition(OpBuilder &builder, Value value, Value position) {
  auto type = cast<RankedTensorType>(value.getType());
  return model::TakeTokensOp::create(builder, value.getLoc(),
                                     type.clone({1, 1, type.getShape().back()}),
                                     position, value);
}

LogicalResult llmc::buildGenerate(OpBuilder &builder, StepGraph &graph,
                                  const Variables &variables) {
  OpBuilder::InsertionGuard guard(builder);
  Value logits = graph.loss.getLogits();
  auto logitsType = cast<RankedTensorType>(logits.getType());
  if (logitsType.getDimSize(0) != graph.batch())
    return graph.loss.emitOpError("expected logits with the leading extent ")
           << graph.batch() << ", the batch, found " << logitsType;
  auto tokens =
      cast<RankedTensorType>(*withBatchOne(graph.tokensType(), graph.batch()));
  func::FuncOp function = createFunction(
      builder, graph.op.getLoc(), "generate", {tokens, tokens.clone({1, 1})},
      {logitsType.clone({1, 1, logitsType.getShape().back()})});
  Value position = function.getArgument(1);
  IRMapping mapping;
  mapping.map(graph.tokens(), function.getArgument(0));
  llvm::DenseSet<Value> batched = {graph.tokens()};
  // Works row by row, so that one row of its input gives one of the logits.
  auto head = logits.getDefiningOp<model::LinearOp>();

  for (Operation *op : sliceOf(logits)) {
    if (isa<model::ParameterOp, model::ConstantOp>(op)) {
      mapping.map(op->getResult(0),
                  variables.createRef(builder, op->getLoc(), op->getResult(0),
                                      train::Slot::Value));
      continue;
    }
    if (llvm::is_contained(op->getOperands(), graph.targets()))
      return op->emitOpError("expected logits that do not depend on the "
                             "targets, but this op reads them");
    if (op == head)
      mapping.map(
          head.getInput(),
          takePosition(builder, mapping.lookup(head.getInput()), position));
    Operation *clone = cloneForward(builder, op, mapping);
    if (llvm::none_of(op->getOperands(),
                      [&](Value v) { return batched.contains(v); }))
      continue;
    batched.insert(op->result_begin(), op->result_end());
    for (OpResult value : clone->getResults()) {
      FailureOr<Type> type = withBatchOne(value.getType(), graph.batch());
      if (failed(type))
        return op->emitOpError("expected a result with the leading extent ")
               << graph.batch() << ", the batch, found " << value.getType();
      value.setType(*type);
    }
  }
  if (!batched.contains(logits))
    return graph.loss.emitOpError(
        "expected logits that depend on the tokens of the graph");
  Value result = mapping.lookup(logits);
  if (head)
    result.setType(function.getResultTypes().front());
  else
    result = takePosition(builder, result, position);
  func::ReturnOp::create(builder, graph.loss.getLoc(), result);
  return success();
}
