//===- Specialize.cpp - fixes batch and sequence --------------------------===//
//
// With batch=2 seq=8:
//   %x = model.embedding %tokens, %w : (tensor<?x?xi32>, ...) ->
//   tensor<?x?x40xf32>
// becomes
//   %x = model.embedding %tokens, %w : (tensor<2x8xi32>, ...) ->
//   tensor<2x8x40xf32>
//
//===----------------------------------------------------------------------===//

#include "compiler/Specialize/Passes.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace llmc::model;

namespace llmc {
#define GEN_PASS_DEF_SPECIALIZE
#include "compiler/Specialize/Passes.h.inc"
} // namespace llmc

namespace {

struct Specialize : llmc::impl::SpecializeBase<Specialize> {
  using SpecializeBase::SpecializeBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (batch < 1) {
      module.emitError("expected a batch of at least 1, found ")
          << batch.getValue();
      return signalPassFailure();
    }
    if (seq < 1) {
      module.emitError("expected a sequence length of at least 1, found ")
          << seq.getValue();
      return signalPassFailure();
    }
    for (GraphOp graph : module.getOps<GraphOp>()) {
      if (failed(checkAttributes(graph)) || failed(check(graph)))
        return signalPassFailure();
      specialize(graph);
      if (failed(checkExtents(graph)))
        return signalPassFailure();
    }
  }

private:
  /// Reports what the chosen sizes do not fit.
  LogicalResult check(GraphOp graph);

  /// Reports an attribute that its op does not have, such as a misspelt one,
  /// which MLIR would carry along and nobody would read.
  static LogicalResult checkAttributes(GraphOp graph);

  /// Puts the chosen sizes into the types of all values.
  void specialize(GraphOp graph);

  /// Reports a tensor that is empty, or too large to count its bytes.
  static LogicalResult checkExtents(GraphOp graph);

  /// The type with its first two free extents fixed.
  Type fix(Type type) const;
};

} // namespace

LogicalResult Specialize::check(GraphOp graph) {
  for (Type type : graph.getArgumentTypes()) {
    auto tokens = dyn_cast<RankedTensorType>(type);
    if (!tokens || tokens.getRank() != 2)
      continue;
    int64_t chosen[] = {batch, seq};
    for (auto [index, name] : {std::pair(0, "batch"), std::pair(1, "sequence")})
      if (!tokens.isDynamicDim(index) &&
          tokens.getDimSize(index) != chosen[index])
        return graph.emitError("the model fixes the ")
               << name << " to " << tokens.getDimSize(index) << " in " << tokens
               << ", but " << chosen[index] << " was asked for";
  }
  WalkResult result = graph.walk([&](PositionEmbeddingOp op) {
    auto weight = cast<RankedTensorType>(op.getWeight().getType());
    if (seq <= weight.getDimSize(0))
      return WalkResult::advance();
    op.emitError("sequence length ")
        << seq.getValue() << " exceeds the " << weight.getDimSize(0)
        << " positions of the weight " << weight << ": choose a sequence of at "
        << "most " << weight.getDimSize(0);
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

LogicalResult Specialize::checkAttributes(GraphOp graph) {
  WalkResult result = graph->walk([](Operation *op) {
    for (NamedAttribute attribute : op->getDiscardableAttrs()) {
      StringRef name = attribute.getName();
      // Of a dialect, such as `model.layer`, which another pass has left.
      if (name.contains('.'))
        continue;
      InFlightDiagnostic error = op->emitOpError("has no attribute '")
                                 << name << "'";
      SmallVector<StringRef> known;
      for (StringAttr one : op->getName().getAttributeNames())
        if (!one.getValue().ends_with("SegmentSizes"))
          known.push_back(one);
      error.attachNote() << (known.empty()
                                 ? "it has none"
                                 : "it has " + llvm::join(known, ", "));
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

void Specialize::specialize(GraphOp graph) {
  auto fixAll = [&](ValueRange values) {
    for (Value value : values)
      value.setType(fix(value.getType()));
  };
  auto fixTypes = [&](TypeRange types) {
    return llvm::map_to_vector(types, [&](Type type) { return fix(type); });
  };
  graph.setFunctionType(FunctionType::get(&getContext(),
                                          fixTypes(graph.getArgumentTypes()),
                                          fixTypes(graph.getResultTypes())));
  fixAll(graph.getBody().getArguments());
  graph.getBody().walk([&](Operation *op) {
    fixAll(op->getResults());
    for (Region &region : op->getRegions())
      for (Block &block : region)
        fixAll(block.getArguments());
  });
}

LogicalResult Specialize::checkExtents(GraphOp graph) {
  // In f32, 4 TiB; a model has fewer than a million tensors.
  constexpr int64_t mostElements = int64_t(1) << 40;
  WalkResult result = graph.walk([&](Operation *op) {
    for (Type type : op->getResultTypes()) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor)
        continue;
      int64_t left = mostElements;
      for (int64_t extent : tensor.getShape()) {
        if (extent == 0) {
          op->emitError("expected extents of at least 1, found ") << tensor;
          return WalkResult::interrupt();
        }
        // A free extent that is left is for the verifier of the phase.
        if (!ShapedType::isDynamic(extent))
          left /= extent;
      }
      if (left == 0) {
        op->emitError("expected a tensor of at most ")
            << mostElements << " elements, found " << tensor;
        return WalkResult::interrupt();
      }
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

Type Specialize::fix(Type type) const {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || tensor.hasStaticShape())
    return type;
  SmallVector<int64_t> shape(tensor.getShape());
  if (ShapedType::isDynamic(shape[0]))
    shape[0] = batch;
  // Not always the second dimension: an lse is [b, heads, t].
  auto *sequence = llvm::find_if(
      shape, [](int64_t extent) { return ShapedType::isDynamic(extent); });
  if (sequence != shape.end())
    *sequence = seq;
  return tensor.clone(shape);
}
