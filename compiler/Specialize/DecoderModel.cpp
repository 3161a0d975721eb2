//===- DecoderModel.cpp - what a decoder-only graph computes --------------===//
//
// The graph is walked from the loss back to the tokens, so that nothing that
// the loss depends on is passed over.
//
//===----------------------------------------------------------------------===//

#include "compiler/Specialize/DecoderModel.h"

#include "llvm/ADT/Twine.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::model;

std::string llmc::lineOf(Location location) {
  auto place = location->findInstanceOf<FileLineColLoc>();
  return place ? "line " + std::to_string(place.getLine()) + ": "
               : std::string();
}

namespace {

class Matcher {
public:
  explicit Matcher(std::string &mismatch) : mismatch(mismatch) {}

  LogicalResult match(GraphOp graph, DecoderModel &model);

private:
  LogicalResult fail(Operation *op, const Twine &message) {
    mismatch = lineOf(op->getLoc()) + message.str();
    return failure();
  }
  LogicalResult wrong(Value value, const Twine &expected) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return fail(value.getParentBlock()->getParentOp(),
                  "expected " + expected + ", found an argument");
    return fail(op, "expected " + expected + ", found '" +
                        op->getName().getStringRef() + "'");
  }
  LogicalResult findParameter(Value value, ParameterOp &parameter) {
    parameter = value.getDefiningOp<ParameterOp>();
    return parameter ? success() : wrong(value, "a 'model.parameter'");
  }

  LogicalResult matchNorm(Value value, DecoderNorm &norm, Value &input);
  LogicalResult matchLinear(Value value, DecoderProjection &projection);
  /// One of the operands of `sum` is a linear layer, the other the stream.
  LogicalResult matchResidual(Value sum, DecoderProjection &last,
                              Value &stream);
  LogicalResult matchRope(Value value, DecoderLayer &layer, Value &input);
  LogicalResult matchHeadNorm(Value value, DecoderLayer &layer,
                              DecoderNorm &norm, Value &input);
  LogicalResult matchAttention(DecoderLayer &layer, Value stream);
  LogicalResult matchFeedForward(DecoderLayer &layer, Value stream);
  LogicalResult matchLayer(Value end, DecoderLayer &layer, Value &start);
  LogicalResult matchHead(GraphOp graph, DecoderModel &model, Value &stream);
  LogicalResult matchStart(Value value, GraphOp graph, DecoderModel &model);
  LogicalResult matchTokens(Value tokens, GraphOp graph);
  LogicalResult matchEqual(DecoderLayer &first, DecoderLayer &other);

  std::string &mismatch;
};

} // namespace

LogicalResult Matcher::matchNorm(Value value, DecoderNorm &norm, Value &input) {
  if (auto rms = value.getDefiningOp<RMSNormOp>()) {
    if (rms.getHeadSize())
      return fail(rms, "expected a norm of all channels, found one of heads");
    input = rms.getInput();
    norm.eps = rms.getEps().convertToFloat();
    return findParameter(rms.getWeight(), norm.weight);
  }
  auto layerNorm = value.getDefiningOp<LayerNormOp>();
  if (!layerNorm)
    return wrong(value, "a norm");
  input = layerNorm.getInput();
  norm.eps = layerNorm.getEps().convertToFloat();
  return success(succeeded(findParameter(layerNorm.getWeight(), norm.weight)) &&
                 succeeded(findParameter(layerNorm.getBias(), norm.bias)));
}

LogicalResult Matcher::matchLinear(Value value, DecoderProjection &projection) {
  if (auto split = value.getDefiningOp<SplitOp>()) {
    projection.part = cast<OpResult>(value).getResultNumber();
    projection.parts = split.getNumResults();
    value = split.getInput();
  }
  projection.linear = value.getDefiningOp<LinearOp>();
  if (!projection.linear)
    return wrong(value, "a 'model.linear'");
  if (Value bias = projection.linear.getBias();
      bias && failed(findParameter(bias, projection.bias)))
    return failure();
  return findParameter(projection.linear.getWeight(), projection.weight);
}

LogicalResult Matcher::matchResidual(Value sum, DecoderProjection &last,
                                     Value &stream) {
  auto add = sum.getDefiningOp<AddOp>();
  if (!add)
    return wrong(sum, "the 'model.add' of a residual stream");
  bool first = add.getLhs().getDefiningOp<LinearOp>() != nullptr;
  stream = first ? add.getRhs() : add.getLhs();
  return matchLinear(first ? add.getLhs() : add.getRhs(), last);
}

LogicalResult Matcher::matchRope(Value value, DecoderLayer &layer,
                                 Value &input) {
  auto rope = value.getDefiningOp<RopeOp>();
  if (!rope)
    return wrong(value, "a 'model.rope', as the query has");
  if (rope.getProperties() != layer.rope.getProperties() ||
      rope.getHeadSize() != layer.headSize)
    return fail(rope, "expected query and key to be turned alike, head by "
                      "head");
  input = rope.getInput();
  return success();
}

LogicalResult Matcher::matchHeadNorm(Value value, DecoderLayer &layer,
                                     DecoderNorm &norm, Value &input) {
  auto rms = value.getDefiningOp<RMSNormOp>();
  if (!rms)
    return wrong(value, "a 'model.rms_norm', as the query has");
  if (rms.getHeadSize() != layer.headSize)
    return fail(rms, "expected a norm of each of the attention's heads, of " +
                         Twine(layer.headSize) + " channels");
  input = rms.getInput();
  norm.eps = rms.getEps().convertToFloat();
  return findParameter(rms.getWeight(), norm.weight);
}

LogicalResult Matcher::matchAttention(DecoderLayer &layer, Value stream) {
  Value attended = layer.output.input();
  AttentionOp attention = attended.getDefiningOp<AttentionOp>();
  if (!attention)
    return wrong(attended, "a 'model.attention'");
  layer.attention = attention;
  auto type = cast<RankedTensorType>(attention.getQuery().getType());
  layer.headSize =
      static_cast<uint64_t>(type.getShape().back()) / attention.getHeads();

  Value query = attention.getQuery(), key = attention.getKey();
  if (auto rope = query.getDefiningOp<RopeOp>()) {
    layer.rope = rope;
    if (failed(matchRope(attention.getQuery(), layer, query)) ||
        failed(matchRope(attention.getKey(), layer, key)))
      return failure();
  }
  if (query.getDefiningOp<RMSNormOp>() &&
      (failed(matchHeadNorm(query, layer, layer.queryNorm, query)) ||
       failed(matchHeadNorm(key, layer, layer.keyNorm, key))))
    return failure();
  if (failed(matchLinear(query, layer.query)) ||
      failed(matchLinear(key, layer.key)) ||
      failed(matchLinear(attention.getValue(), layer.value)))
    return failure();
  for (DecoderProjection *projection : {&layer.key, &layer.value})
    if (projection->input() != layer.query.input())
      return fail(projection->linear,
                  "expected query, key and value of one input");
  Value input;
  if (failed(matchNorm(layer.query.input(), layer.attentionNorm, input)))
    return failure();
  return input == stream ? success()
                         : wrong(input, "a norm of the residual stream");
}

LogicalResult Matcher::matchFeedForward(DecoderLayer &layer, Value stream) {
  Value inner = layer.down.input();
  if (auto gelu = inner.getDefiningOp<GeluOp>()) {
    if (failed(matchLinear(gelu.getInput(), layer.up)))
      return failure();
  } else if (auto product = inner.getDefiningOp<MulOp>()) {
    auto silu = product.getLhs().getDefiningOp<SiluOp>();
    Value other = product.getRhs();
    if (!silu) {
      silu = product.getRhs().getDefiningOp<SiluOp>();
      other = product.getLhs();
    }
    if (!silu)
      return fail(product, "expected a 'model.silu' in this 'model.mul'");
    layer.gate.emplace();
    if (failed(matchLinear(silu.getInput(), *layer.gate)) ||
        failed(matchLinear(other, layer.up)))
      return failure();
    if (layer.gate->input() != layer.up.input())
      return fail(product, "expected both factors to be of one input");
  } else {
    return wrong(inner, "a 'model.gelu', or the 'model.mul' of SwiGLU");
  }
  Value input;
  if (failed(matchNorm(layer.up.input(), layer.mlpNorm, input)))
    return failure();
  return input == stream ? success()
                         : wrong(input, "a norm of the residual stream");
}

LogicalResult Matcher::matchLayer(Value end, DecoderLayer &layer,
                                  Value &start) {
  Value middle;
  if (failed(matchResidual(end, layer.down, middle)) ||
      failed(matchFeedForward(layer, middle)) ||
      failed(matchResidual(middle, layer.output, start)))
    return failure();
  return matchAttention(layer, start);
}

LogicalResult Matcher::matchTokens(Value tokens, GraphOp graph) {
  return tokens == graph.getBody().getArgument(0)
             ? success()
             : fail(graph, "expected the first argument to be embedded");
}

LogicalResult Matcher::matchStart(Value value, GraphOp graph,
                                  DecoderModel &model) {
  if (auto add = value.getDefiningOp<AddOp>()) {
    auto positions = add.getLhs().getDefiningOp<PositionEmbeddingOp>();
    value = add.getRhs();
    if (!positions) {
      positions = add.getRhs().getDefiningOp<PositionEmbeddingOp>();
      value = add.getLhs();
    }
    if (failed(findParameter(positions.getWeight(), model.positions)))
      return failure();
  }
  auto embedding = value.getDefiningOp<EmbeddingOp>();
  if (!embedding)
    return wrong(value, "a 'model.embedding'");
  model.sequence =
      cast<RankedTensorType>(embedding.getTokens().getType()).getDimSize(1);
  if (failed(matchTokens(embedding.getTokens(), graph)))
    return failure();
  return findParameter(embedding.getWeight(), model.embedding);
}

LogicalResult Matcher::matchHead(GraphOp graph, DecoderModel &model,
                                 Value &stream) {
  auto end = cast<ReturnOp>(graph.getBody().front().getTerminator());
  auto entropy = end.getValues().size() == 1
                     ? end.getValues().front().getDefiningOp<CrossEntropyOp>()
                     : CrossEntropyOp();
  if (!entropy)
    return fail(end, "expected the loss of a 'model.cross_entropy'");
  DecoderProjection head;
  if (failed(matchLinear(entropy.getLogits(), head)))
    return failure();
  if (head.bias || head.parts != 1 || head.linear.getTransposed())
    return fail(head.linear, "expected a head [vocabulary, channels] without "
                             "bias");
  model.head = head.weight;
  return matchNorm(head.input(), model.norm, stream);
}

static bool isStart(Value value) {
  if (auto add = value.getDefiningOp<AddOp>())
    return add.getLhs().getDefiningOp<PositionEmbeddingOp>() ||
           add.getRhs().getDefiningOp<PositionEmbeddingOp>();
  return value.getDefiningOp<EmbeddingOp>() != nullptr;
}

LogicalResult Matcher::matchEqual(DecoderLayer &first, DecoderLayer &other) {
  auto sameNorm = [](DecoderNorm &a, DecoderNorm &b) {
    return a.eps == b.eps && !a.weight == !b.weight && !a.bias == !b.bias;
  };
  // What an op is, without the name of the layer it is in.
  auto sameOp = [](Operation *a, Operation *b) {
    return a->getPropertiesAsAttribute() == b->getPropertiesAsAttribute();
  };
  auto sameProjection = [&](DecoderProjection &a, DecoderProjection &b) {
    return sameOp(a.linear, b.linear) &&
           a.weight.getType() == b.weight.getType() && !a.bias == !b.bias &&
           a.part == b.part && a.parts == b.parts;
  };
  bool same = sameNorm(first.attentionNorm, other.attentionNorm) &&
              sameNorm(first.mlpNorm, other.mlpNorm) &&
              sameNorm(first.queryNorm, other.queryNorm) &&
              sameNorm(first.keyNorm, other.keyNorm) &&
              sameProjection(first.query, other.query) &&
              sameProjection(first.key, other.key) &&
              sameProjection(first.value, other.value) &&
              sameProjection(first.output, other.output) &&
              sameProjection(first.up, other.up) &&
              sameProjection(first.down, other.down) &&
              first.gate.has_value() == other.gate.has_value() &&
              (!first.gate || sameProjection(*first.gate, *other.gate)) &&
              !first.rope == !other.rope &&
              (!first.rope || sameOp(first.rope, other.rope)) &&
              sameOp(first.attention, other.attention);
  return same ? success()
              : fail(other.attention, "expected a layer like the first one");
}

LogicalResult Matcher::match(GraphOp graph, DecoderModel &model) {
  Value stream;
  if (failed(matchHead(graph, model, stream)))
    return failure();
  while (!isStart(stream)) {
    DecoderLayer layer;
    if (failed(matchLayer(stream, layer, stream)))
      return failure();
    model.layers.push_back(std::move(layer));
  }
  if (failed(matchStart(stream, graph, model)))
    return failure();
  if (model.layers.empty())
    return fail(graph, "expected at least one layer");
  std::reverse(model.layers.begin(), model.layers.end());
  for (DecoderLayer &layer : model.layers)
    if (failed(matchEqual(model.layers.front(), layer)))
      return failure();
  for (DecoderLayer &layer : model.layers)
    for (DecoderNorm *norm : {&layer.attentionNorm, &layer.mlpNorm,
                              &layer.queryNorm, &layer.keyNorm})
      if (norm->weight &&
          (norm->eps != model.norm.eps || !norm->bias != !model.norm.bias))
        return fail(norm->weight, "expected the last norm's kind and eps");
  if (model.head.getType() != model.embedding.getType())
    return fail(model.head, "expected a head of the embedding's shape");
  return success();
}

FailureOr<DecoderModel> llmc::matchDecoder(GraphOp graph,
                                           std::string &mismatch) {
  DecoderModel model;
  if (failed(Matcher(mismatch).match(graph, model)))
    return failure();
  return model;
}
