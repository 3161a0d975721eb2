//===- LossOps.cpp - the loss and its parts, tokens in chunks -------------===//

#include "dialects/Model/Model.h"
#include "dialects/Model/ShapeChecks.h"

#include "llvm/ADT/SmallVector.h"

using namespace mlir;
using namespace llmc::model;
using namespace llmc::model::shapes;

//===----------------------------------------------------------------------===//
// loss
//===----------------------------------------------------------------------===//

LogicalResult CrossEntropyGradOp::verify() {
  if (failed(verifyRank(*this, "logits", getLogits(), 3)) ||
      failed(verifyShape(*this, "targets", getTargets(),
                         shapeOf(getLogits()).drop_back())) ||
      failed(verifyShape(*this, "output", getOutput(), shapeOf(getLogits()))) ||
      failed(
          verifyElement(*this, "output", getOutput(), elementOf(getLogits()))))
    return failure();
  auto targets = cast<RankedTensorType>(getTargets().getType());
  if (getTokens() && targets.hasStaticShape() &&
      static_cast<int64_t>(*getTokens()) < targets.getNumElements())
    return emitOpError("expected a mean over at least the ")
           << targets.getNumElements() << " tokens of the logits, found "
           << static_cast<int64_t>(*getTokens());
  return success();
}

LogicalResult TokenLossOp::verify() {
  if (failed(verifyRank(*this, "logits", getLogits(), 3)) ||
      failed(verifyShape(*this, "targets", getTargets(),
                         shapeOf(getLogits()).drop_back())) ||
      failed(verifyShape(*this, "output", getOutput(), shapeOf(getTargets()))))
    return failure();
  return verifyF32(*this, "output", getOutput());
}

LogicalResult MeanOp::verify() { return verifyF32(*this, "input", getInput()); }

//===----------------------------------------------------------------------===//
// chunks of tokens
//===----------------------------------------------------------------------===//

/// Checks that `part` is [1, n, ..] where `whole` is [b, t, ..]. Returns n.
static FailureOr<int64_t> verifyChunk(Operation *op, Value whole, Value part) {
  auto type = cast<RankedTensorType>(whole.getType());
  auto found = cast<RankedTensorType>(part.getType());
  if (type.getRank() >= 2 && type.hasStaticShape() && found.hasStaticShape() &&
      found.getRank() == type.getRank() && found.getDimSize(0) == 1 &&
      found.getShape().drop_front(2) == type.getShape().drop_front(2) &&
      found.getElementType() == type.getElementType())
    return found.getDimSize(1);
  return op->emitOpError(
             "expected a part [1, n, ..] of a static [b, t, ..] "
             "with the same further dimensions and elements, found ")
         << found << " and " << type;
}

static int64_t tokensOf(Value whole) {
  return shapeOf(whole)[0] * shapeOf(whole)[1];
}

LogicalResult SliceTokensOp::verify() {
  FailureOr<int64_t> tokens = verifyChunk(*this, getInput(), getOutput());
  if (failed(tokens))
    return failure();
  int64_t first = getFirst();
  if (first >= 0 && first <= tokensOf(getInput()) - *tokens)
    return success();
  // Beyond all numbers the end wraps around.
  auto end = static_cast<int64_t>(static_cast<uint64_t>(first) +
                                  static_cast<uint64_t>(*tokens));
  return emitOpError("tokens ")
         << first << " to " << end << " are not all of the "
         << tokensOf(getInput()) << " tokens of the input";
}

LogicalResult TakeTokensOp::verify() {
  if (failed(verifyRank(*this, "input", getInput(), 3)))
    return failure();
  ArrayRef<int64_t> positions = shapeOf(getPositions());
  ArrayRef<int64_t> input = shapeOf(getInput());
  if (positions[0] != 1 || input[0] != 1)
    return emitOpError("positions and input must be of one sequence, found ")
           << getPositions().getType() << " and " << getInput().getType();
  if (failed(verifyShape(*this, "output", getOutput(),
                         {1, positions[1], input[2]})))
    return failure();
  return verifyElement(*this, "output", getOutput(), elementOf(getInput()));
}

LogicalResult JoinTokensOp::verify() {
  int64_t tokens = 0;
  for (Value input : getInputs()) {
    FailureOr<int64_t> part = verifyChunk(*this, getOutput(), input);
    if (failed(part))
      return failure();
    tokens += *part;
  }
  // Without inputs the output's form is still to be checked.
  auto output = cast<RankedTensorType>(getOutput().getType());
  if (output.getRank() >= 2 && output.hasStaticShape() &&
      tokens == tokensOf(getOutput()))
    return success();
  return emitOpError("parts of ")
         << tokens << " tokens in all do not make up the output " << output;
}
