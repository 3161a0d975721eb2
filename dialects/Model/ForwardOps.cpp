//===- ForwardOps.cpp - the operations of a forward pass ------------------===//

#include "dialects/Model/Model.h"
#include "dialects/Model/ShapeChecks.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llmc::model;
using namespace llmc::model::shapes;

//===----------------------------------------------------------------------===//
// embeddings
//===----------------------------------------------------------------------===//

/// Both embeddings: tokens [b, t], weight [n, C], output [b, t, C].
template <typename OpTy> static LogicalResult verifyLookup(OpTy op) {
  if (failed(verifyRank(op, "weight", op.getWeight(), 2)))
    return failure();
  ArrayRef<int64_t> tokens = shapeOf(op.getTokens());
  if (failed(verifyShape(op, "output", op.getOutput(),
                         {tokens[0], tokens[1], shapeOf(op.getWeight())[1]})))
    return failure();
  return verifyElement(op, "output", op.getOutput(), elementOf(op.getWeight()));
}

LogicalResult EmbeddingOp::verify() { return verifyLookup(*this); }

LogicalResult PositionEmbeddingOp::verify() {
  if (failed(verifyLookup(*this)))
    return failure();
  int64_t sequence = shapeOf(getTokens())[1];
  int64_t positions = shapeOf(getWeight())[0];
  if (!ShapedType::isDynamic(sequence) && !ShapedType::isDynamic(positions) &&
      sequence > positions)
    return emitOpError("sequence length ")
           << sequence << " exceeds the " << positions
           << " positions of the weight " << getWeight().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// linear
//===----------------------------------------------------------------------===//

LogicalResult LinearOp::verify() {
  if (failed(verifyRank(*this, "weight", getWeight(), 2)))
    return failure();
  ArrayRef<int64_t> input = shapeOf(getInput());
  ArrayRef<int64_t> weight = shapeOf(getWeight());
  int64_t inner = getTransposed() ? weight[0] : weight[1];
  int64_t outer = getTransposed() ? weight[1] : weight[0];
  if (input.empty() || !compatible(input.back(), inner))
    return emitOpError("input size ")
           << inner << " of the " << (getTransposed() ? "transposed " : "")
           << "weight does not match the last dimension of the input "
           << getInput().getType();
  if (getBias() && failed(verifyShape(*this, "bias", getBias(), {outer})))
    return failure();
  SmallVector<int64_t> expected(input);
  expected.back() = outer;
  Type element = elementOf(getInput());
  if (failed(verifyShape(*this, "output", getOutput(), expected)) ||
      failed(verifyElement(*this, "weight", getWeight(), element)) ||
      (getBias() && failed(verifyElement(*this, "bias", getBias(), element))))
    return failure();
  return verifyElementOrF32(*this, "output", getOutput(), element);
}

//===----------------------------------------------------------------------===//
// norms
//===----------------------------------------------------------------------===//

/// A vector over the last dimension of the input.
static LogicalResult verifyChannelVector(Operation *op, StringRef name,
                                         Value vector, Value input) {
  ArrayRef<int64_t> shape = shapeOf(input);
  ArrayRef<int64_t> found = shapeOf(vector);
  if (found.size() != 1)
    return verifyRank(op, name, vector, 1);
  if (shape.empty() || !compatible(found[0], shape.back()))
    return op->emitOpError() << name << " size " << found[0]
                             << " does not match the last dimension of the "
                                "input "
                             << input.getType();
  return success();
}

LogicalResult LayerNormOp::verify() {
  Type element = elementOf(getInput());
  if (failed(verifyChannelVector(*this, "weight", getWeight(), getInput())) ||
      failed(verifyChannelVector(*this, "bias", getBias(), getInput())) ||
      failed(verifyShape(*this, "output", getOutput(), shapeOf(getInput()))) ||
      failed(verifyElement(*this, "weight", getWeight(), element)) ||
      failed(verifyElement(*this, "bias", getBias(), element)) ||
      failed(verifyElement(*this, "output", getOutput(), element)))
    return failure();
  return verifyEps(*this, getEps());
}

LogicalResult RMSNormOp::verify() {
  Type element = elementOf(getInput());
  std::optional<int64_t> head = getHeadSize();
  if (failed(verifyNormHeads(*this, getInput(), head)) ||
      failed(head ? verifyShape(*this, "weight", getWeight(), {*head})
                  : verifyChannelVector(*this, "weight", getWeight(),
                                        getInput())) ||
      failed(verifyShape(*this, "output", getOutput(), shapeOf(getInput()))) ||
      failed(verifyElement(*this, "weight", getWeight(), element)) ||
      failed(verifyElement(*this, "output", getOutput(), element)))
    return failure();
  return verifyEps(*this, getEps());
}

std::optional<int64_t> llmc::model::getNormHeadSize(Operation *op) {
  using HeadSize = std::optional<int64_t>;
  return llvm::TypeSwitch<Operation *, HeadSize>(op)
      .Case<RMSNormOp, RMSNormGradOp, RMSNormWeightGradOp>(
          [](auto norm) -> HeadSize { return norm.getHeadSize(); })
      .Default(std::nullopt);
}

//===----------------------------------------------------------------------===//
// rotary positions
//===----------------------------------------------------------------------===//

LogicalResult RopeOp::verify() {
  if (failed(verifyHeadSize(*this, "input", getInput(), getHeadSize())))
    return failure();
  const llvm::APFloat theta = getTheta();
  if (!theta.isFinite() || theta.isNegative() || theta.isZero())
    return emitOpError("expected a positive theta, found ")
           << theta.convertToDouble();
  return success();
}

LogicalResult RotateOp::verify() {
  if (failed(verifyHeadSize(*this, "input", getInput(), getHeadSize())))
    return failure();
  int64_t table[] = {shapeOf(getInput())[1],
                     static_cast<int64_t>(getHeadSize())};
  if (failed(verifyShape(*this, "cos", getCos(), table)) ||
      failed(verifyShape(*this, "sin", getSin(), table)) ||
      failed(verifyShape(*this, "output", getOutput(), shapeOf(getInput()))))
    return failure();
  Type element = elementOf(getInput());
  if (failed(verifyElementOrF32(*this, "cos", getCos(), element)) ||
      failed(verifyElementOrF32(*this, "sin", getSin(), element)))
    return failure();
  return verifyElement(*this, "output", getOutput(), element);
}

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

LogicalResult AttentionOp::verify() {
  if (failed(verifyAttention(*this, getQuery(), getKey(), getValue(),
                             getHeads(), getKvHeads(), getWindow())) ||
      failed(verifyShape(*this, "output", getOutput(), shapeOf(getQuery()))) ||
      failed(
          verifyElement(*this, "output", getOutput(), elementOf(getQuery()))))
    return failure();
  if (!getLse())
    return success();
  return verifyRowStatistic(*this, "lse", getLse(), getQuery(), getHeads());
}

//===----------------------------------------------------------------------===//
// split
//===----------------------------------------------------------------------===//

LogicalResult SplitOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput());
  if (input.empty() || getOutputs().empty())
    return emitOpError("expected an input of at least rank 1 and at least one "
                       "output, found ")
           << getInput().getType() << " and " << getOutputs().size()
           << " outputs";
  int64_t sum = 0;
  for (Value output : getOutputs()) {
    SmallVector<int64_t> expected(input);
    expected.back() = ShapedType::kDynamic;
    if (failed(verifyShape(*this, "output", output, expected)) ||
        failed(verifyElement(*this, "output", output, elementOf(getInput()))))
      return failure();
    int64_t part = shapeOf(output).back();
    if (ShapedType::isDynamic(part))
      return emitOpError("expected parts of a known size, found ")
             << output.getType();
    sum += part;
  }
  if (compatible(sum, input.back()))
    return success();
  return emitOpError("parts of ")
         << sum << " channels in all do not make up the last dimension of the "
         << "input " << getInput().getType();
}

LogicalResult SplitOp::fold(FoldAdaptor,
                            SmallVectorImpl<OpFoldResult> &results) {
  // A split into one part is its input, and a split takes a concat apart.
  if (getOutputs().size() == 1 &&
      getOutputs()[0].getType() == getInput().getType()) {
    results.push_back(getInput());
    return success();
  }
  auto concat = getInput().getDefiningOp<ConcatOp>();
  if (!concat || !llvm::equal(concat.getInputs().getTypes(), getResultTypes()))
    return failure();
  llvm::append_range(results, concat.getInputs());
  return success();
}

//===----------------------------------------------------------------------===//
// cross_entropy
//===----------------------------------------------------------------------===//

LogicalResult CrossEntropyOp::verify() {
  if (failed(verifyRank(*this, "logits", getLogits(), 3)))
    return failure();
  return verifyShape(*this, "targets", getTargets(),
                     shapeOf(getLogits()).drop_back());
}
