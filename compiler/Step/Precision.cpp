//===- Precision.cpp - bf16 compute with f32 masters ----------------------===//
//
//   %w = train.ref value @w : f32        %w = train.ref compute @w : bf16
//   %y = model.linear %x, %w : f32  ==>  %y = model.linear %x, %w : bf16
//   %dw = model.linear_weight_grad       %dw = model.linear_weight_grad
//       %x, %dy : f32                        %x, %dy : (bf16, bf16) -> f32
//
// The element type of a result is that of the op's first operand with float
// elements. f32 stay: the gradients of parameters, which are added to f32
// storage by the op that computes them; attention's log-sum-exp, which an
// exponential reads; the loss; constants, which are small and exact.
//
//===----------------------------------------------------------------------===//

#include "compiler/Step/Precision.h"

#include "compiler/Step/StepGraph.h"

using namespace mlir;
using namespace llmc;

/// Whether a result is f32 although the op's operands are narrower.
static bool staysWide(OpResult result) {
  Operation *op = result.getOwner();
  if (auto attention = dyn_cast<model::AttentionOp>(op))
    return result == attention.getLse();
  return isa<model::CrossEntropyOp, model::EmbeddingGradOp,
             model::PositionEmbeddingGradOp, model::LinearWeightGradOp,
             model::SumRowsOp, model::LayerNormWeightGradOp,
             model::RMSNormWeightGradOp>(op);
}

static void setElementType(Value value, Type element) {
  value.setType(cast<RankedTensorType>(value.getType()).clone(element));
}

/// Gives the results the element type of the first operand of floats.
static LogicalResult retype(Operation &op, Type compute) {
  auto floats = llvm::find_if(op.getOperandTypes(), [](Type type) {
    return isa<FloatType>(getElementTypeOrSelf(type));
  });
  if (floats == op.getOperandTypes().end())
    return success();
  Type element = getElementTypeOrSelf(*floats);
  if (op.hasTrait<OpTrait::SameOperandsAndResultType>())
    for (Type type : op.getOperandTypes())
      if (getElementTypeOrSelf(type) != element)
        return op.emitOpError("has operands of f32 and of ")
               << compute
               << ": the gradient of a parameter beside an activation";
  for (OpResult result : op.getResults())
    if (!staysWide(result))
      setElementType(result, element);
  return success();
}

/// Gives a value that the function returns its old type back: the runtime
/// reads f32.
static LogicalResult keepReturned(func::ReturnOp end, TypeRange expected) {
  for (auto [value, type] : llvm::zip_equal(end.getOperands(), expected)) {
    if (value.getType() == type)
      continue;
    auto linear = value.getDefiningOp<model::LinearOp>();
    if (!linear || !value.hasOneUse())
      return emitError(value.getLoc())
             << "expected logits that 'model.linear' computes and nothing else "
                "reads, to widen them to "
             << type << ", found " << value.getType();
    value.setType(type);
  }
  return success();
}

LogicalResult llmc::lowerPrecision(func::FuncOp function, FloatType compute) {
  SmallVector<Type> returned(function.getResultTypes());
  Block &body = function.getBody().front();
  for (Operation &op : body.without_terminator()) {
    auto ref = dyn_cast<train::RefOp>(op);
    if (!ref) {
      if (failed(retype(op, compute)))
        return failure();
      continue;
    }
    auto variable = SymbolTable::lookupNearestSymbolFrom<train::VariableOp>(
        function, ref.getVariableAttr());
    if (ref.getSlot() != train::Slot::Value || variable.getConstant())
      continue;
    ref.setSlot(train::Slot::Compute);
    setElementType(ref.getValue(), compute);
  }
  return keepReturned(cast<func::ReturnOp>(body.getTerminator()), returned);
}

void llmc::buildPrepare(OpBuilder &builder, Location loc,
                        const Variables &variables) {
  OpBuilder::InsertionGuard guard(builder);
  createFunction(builder, loc, "prepare", {}, {});
  Value parameters = variables.createFlat(builder, loc, train::Slot::Value);
  Value copies = variables.createFlat(builder, loc, train::Slot::Compute);
  train::RoundOp::create(builder, loc, parameters, copies);
  func::ReturnOp::create(builder, loc);
}
