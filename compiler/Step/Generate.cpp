//===- Generate.cpp - the logits of one sequence --------------------------===//
//
// The forward ops before the loss, with the batch replaced by 1. A tensor has
// the batch as its leading extent exactly if it depends on the tokens:
//
//   %x = model.embedding %tokens, %w : .. -> tensor<8x64x128xf32>
//   ==>
//   %x = model.embedding %tokens, %w : .. -> tensor<1x64x128xf32>
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

LogicalResult llmc::buildGenerate(OpBuilder &builder, StepGraph &graph,
                                  const Variables &variables) {
  OpBuilder::InsertionGuard guard(builder);
  Value logits = graph.loss.getLogits();
  Type tokens = *withBatchOne(graph.tokensType(), graph.batch());
  FailureOr<Type> result = withBatchOne(logits.getType(), graph.batch());
  if (failed(result))
    return graph.loss.emitOpError("expected logits with the leading extent ")
           << graph.batch() << ", the batch, found " << logits.getType();
  func::FuncOp function = createFunction(builder, graph.op.getLoc(), "generate",
                                         {tokens}, {*result});
  IRMapping mapping;
  mapping.map(graph.tokens(), function.getArgument(0));
  llvm::DenseSet<Value> batched = {graph.tokens()};

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
  func::ReturnOp::create(builder, graph.loss.getLoc(), mapping.lookup(logits));
  return success();
}
