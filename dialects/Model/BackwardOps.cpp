//===- BackwardOps.cpp - what Autodiff and decomposition create -----------===//

#include "dialects/Model/Model.h"
#include "dialects/Model/ShapeChecks.h"

#include "llvm/ADT/SmallVector.h"

using namespace mlir;
using namespace llmc::model;
using namespace llmc::model::shapes;

//===----------------------------------------------------------------------===//
// embeddings, linear, sums
//===----------------------------------------------------------------------===//

LogicalResult EmbeddingGradOp::verify() {
  ArrayRef<int64_t> tokens = shapeOf(getTokens());
  if (failed(verifyShape(*this, "grad", getGrad(),
                         {tokens[0], tokens[1],
                          shapeOf(getGrad()).empty()
                              ? ShapedType::kDynamic
                              : shapeOf(getGrad()).back()})))
    return failure();
  if (failed(verifyShape(*this, "output", getOutput(),
                         {ShapedType::kDynamic, shapeOf(getGrad()).back()})))
    return failure();
  return verifyElementOrF32(*this, "output", getOutput(), elementOf(getGrad()));
}

LogicalResult PositionEmbeddingGradOp::verify() {
  if (failed(verifyRank(*this, "grad", getGrad(), 3)) ||
      failed(verifyShape(*this, "output", getOutput(),
                         {ShapedType::kDynamic, shapeOf(getGrad())[2]})))
    return failure();
  int64_t sequence = shapeOf(getGrad())[1];
  int64_t positions = shapeOf(getOutput())[0];
  if (!ShapedType::isDynamic(sequence) && !ShapedType::isDynamic(positions) &&
      sequence > positions)
    return emitOpError("sequence length ")
           << sequence << " exceeds the " << positions
           << " positions of the output " << getOutput().getType();
  return verifyElementOrF32(*this, "output", getOutput(), elementOf(getGrad()));
}

LogicalResult LinearWeightGradOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput());
  ArrayRef<int64_t> grad = shapeOf(getGrad());
  if (input.empty() || input.size() != grad.size())
    return emitOpError("expected input and grad of the same rows, found ")
           << getInput().getType() << " and " << getGrad().getType();
  SmallVector<int64_t> rows(input);
  rows.back() = grad.back();
  if (failed(verifyShape(*this, "grad", getGrad(), rows)))
    return failure();
  int64_t first = getTransposed() ? input.back() : grad.back();
  int64_t second = getTransposed() ? grad.back() : input.back();
  Type element = elementOf(getInput());
  if (failed(verifyShape(*this, "output", getOutput(), {first, second})) ||
      failed(verifyElement(*this, "grad", getGrad(), element)))
    return failure();
  return verifyElementOrF32(*this, "output", getOutput(), element);
}

LogicalResult SumRowsOp::verify() {
  return verifyRowSum(*this, getInput(), getOutput(), getSplits());
}

//===----------------------------------------------------------------------===//
// norms
//===----------------------------------------------------------------------===//

/// The input's gradient of a norm.
template <typename OpTy>
static LogicalResult verifyNormGrad(OpTy op,
                                    std::optional<int64_t> headSize = {}) {
  ArrayRef<int64_t> shape = shapeOf(op.getInput());
  if (shape.empty())
    return op.emitOpError("expected an input of at least rank 1, found ")
           << op.getInput().getType();
  Type element = elementOf(op.getInput());
  int64_t columns = headSize.value_or(shape.back());
  if (failed(verifyNormHeads(op, op.getInput(), headSize)) ||
      failed(verifyShape(op, "weight", op.getWeight(), {columns})) ||
      failed(verifyShape(op, "grad", op.getGrad(), shape)) ||
      failed(verifyShape(op, "output", op.getOutput(), shape)) ||
      failed(verifyElement(op, "weight", op.getWeight(), element)) ||
      failed(verifyElement(op, "grad", op.getGrad(), element)) ||
      failed(verifyElement(op, "output", op.getOutput(), element)))
    return failure();
  return verifyEps(op, op.getEps());
}

/// The weight's gradient of a norm.
template <typename OpTy>
static LogicalResult
verifyNormWeightGrad(OpTy op, std::optional<int64_t> headSize = {}) {
  if (failed(verifyShape(op, "grad", op.getGrad(), shapeOf(op.getInput()))) ||
      failed(
          verifyElement(op, "grad", op.getGrad(), elementOf(op.getInput()))) ||
      failed(verifyNormHeads(op, op.getInput(), headSize)) ||
      failed(verifyRowSum(op, op.getInput(), op.getOutput(), op.getSplits(),
                          headSize)))
    return failure();
  return verifyEps(op, op.getEps());
}

LogicalResult LayerNormGradOp::verify() { return verifyNormGrad(*this); }

LogicalResult RMSNormGradOp::verify() {
  return verifyNormGrad(*this, getHeadSize());
}

LogicalResult LayerNormWeightGradOp::verify() {
  return verifyNormWeightGrad(*this);
}

LogicalResult RMSNormWeightGradOp::verify() {
  return verifyNormWeightGrad(*this, getHeadSize());
}

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

/// Checks the element types of several values.
static LogicalResult
verifyElements(Operation *op, Type expected,
               ArrayRef<std::pair<StringRef, Value>> values) {
  for (auto [name, value] : values)
    if (failed(verifyElement(op, name, value, expected)))
      return failure();
  return success();
}

LogicalResult AttentionGradOp::verify() {
  if (failed(verifyAttention(*this, getQuery(), getKey(), getValue(),
                             getHeads(), getKvHeads(), getWindow())))
    return failure();
  ArrayRef<int64_t> query = shapeOf(getQuery());
  ArrayRef<int64_t> key = shapeOf(getKey());
  if (failed(verifyShape(*this, "output", getOutput(), query)) ||
      failed(verifyShape(*this, "grad", getGrad(), query)) ||
      failed(
          verifyRowStatistic(*this, "lse", getLse(), getQuery(), getHeads())) ||
      failed(verifyShape(*this, "query gradient", getQueryGrad(), query)) ||
      failed(verifyShape(*this, "key gradient", getKeyGrad(), key)) ||
      failed(verifyShape(*this, "value gradient", getValueGrad(), key)))
    return failure();
  return verifyElements(*this, elementOf(getQuery()),
                        {{"output", getOutput()},
                         {"grad", getGrad()},
                         {"query gradient", getQueryGrad()},
                         {"key gradient", getKeyGrad()},
                         {"value gradient", getValueGrad()}});
}

LogicalResult AttentionDeltaOp::verify() {
  if (failed(verifyRank(*this, "output", getOutput(), 3)) ||
      failed(verifyShape(*this, "grad", getGrad(), shapeOf(getOutput()))) ||
      failed(verifyElement(*this, "grad", getGrad(), elementOf(getOutput()))))
    return failure();
  int64_t heads = getHeads();
  int64_t channels = shapeOf(getOutput())[2];
  if (heads < 1 || (!ShapedType::isDynamic(channels) && channels % heads != 0))
    return emitOpError("heads ")
           << heads << " does not divide the last dimension of the output "
           << getOutput().getType();
  return verifyRowStatistic(*this, "delta", getDelta(), getOutput(), heads);
}

/// What the two halves of attention_grad have in common.
template <typename OpTy> static LogicalResult verifyAttentionPart(OpTy op) {
  if (failed(verifyAttention(op, op.getQuery(), op.getKey(), op.getValue(),
                             op.getHeads(), op.getKvHeads(), op.getWindow())) ||
      failed(verifyShape(op, "grad", op.getGrad(), shapeOf(op.getQuery()))) ||
      failed(
          verifyElement(op, "grad", op.getGrad(), elementOf(op.getQuery()))) ||
      failed(verifyRowStatistic(op, "lse", op.getLse(), op.getQuery(),
                                op.getHeads())))
    return failure();
  return verifyRowStatistic(op, "delta", op.getDelta(), op.getQuery(),
                            op.getHeads());
}

LogicalResult AttentionQueryGradOp::verify() {
  if (failed(verifyAttentionPart(*this)))
    return failure();
  if (failed(verifyShape(*this, "query gradient", getQueryGrad(),
                         shapeOf(getQuery()))))
    return failure();
  return verifyElement(*this, "query gradient", getQueryGrad(),
                       elementOf(getQuery()));
}

LogicalResult AttentionKeyValueGradOp::verify() {
  if (failed(verifyAttentionPart(*this)) ||
      failed(
          verifyShape(*this, "key gradient", getKeyGrad(), shapeOf(getKey()))))
    return failure();
  if (failed(verifyShape(*this, "value gradient", getValueGrad(),
                         shapeOf(getKey()))))
    return failure();
  return verifyElements(
      *this, elementOf(getQuery()),
      {{"key gradient", getKeyGrad()}, {"value gradient", getValueGrad()}});
}

//===----------------------------------------------------------------------===//
// concat
//===----------------------------------------------------------------------===//

LogicalResult ConcatOp::verify() {
  ArrayRef<int64_t> output = shapeOf(getOutput());
  if (output.empty() || getInputs().empty())
    return emitOpError("expected an output of at least rank 1 and at least "
                       "one input, found ")
           << getOutput().getType() << " and " << getInputs().size()
           << " inputs";
  int64_t sum = 0;
  for (Value input : getInputs()) {
    SmallVector<int64_t> expected(output);
    expected.back() = ShapedType::kDynamic;
    if (failed(verifyShape(*this, "input", input, expected)) ||
        failed(verifyElement(*this, "input", input, elementOf(getOutput()))))
      return failure();
    int64_t part = shapeOf(input).back();
    if (ShapedType::isDynamic(part))
      return emitOpError("expected parts of a known size, found ")
             << input.getType();
    sum += part;
  }
  if (compatible(sum, output.back()))
    return success();
  return emitOpError("parts of ")
         << sum << " channels in all do not make up the last dimension of the "
         << "output " << getOutput().getType();
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  // One part is the whole, and all parts of a split in order are its input.
  if (getInputs().size() == 1 &&
      getInputs()[0].getType() == getOutput().getType())
    return getInputs()[0];
  auto split = getInputs().front().getDefiningOp<SplitOp>();
  if (split && llvm::equal(split.getOutputs(), getInputs()) &&
      split.getInput().getType() == getOutput().getType())
    return split.getInput();
  return {};
}
