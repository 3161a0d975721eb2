//===- Architecture.cpp - a model as Hugging Face's transformers knows it -===//

#include "compiler/Specialize/Architecture.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

#include <charconv>

using namespace mlir;
using namespace llmc;
using namespace llmc::model;

namespace {

class Describer {
public:
  Describer(DecoderModel &model, std::string &mismatch)
      : model(model), layer(model.layers.front()), mismatch(mismatch),
        os(text) {}

  LogicalResult describeGpt2();
  LogicalResult describeLlama();
  std::string take() { return std::move(text) + "\n"; }

private:
  LogicalResult fail(Operation *op, const Twine &message) {
    mismatch = (lineOf(op->getLoc()) + className + " needs " + message).str();
    return failure();
  }
  LogicalResult checkName(ParameterOp parameter, const Twine &expected) {
    if (!parameter || parameter.getName() == expected.str())
      return success();
    return fail(parameter, "the name '" + expected + "', found '" +
                               parameter.getName() + "'");
  }
  LogicalResult checkNorm(DecoderNorm &norm, const Twine &name);
  LogicalResult checkProjection(DecoderProjection &projection,
                                const Twine &name, bool transposed,
                                std::optional<bool> bias);
  /// A head that is not the embedding has this name.
  LogicalResult checkHead();
  LogicalResult checkHeads();
  LogicalResult checkFused(DecoderProjection &projection, unsigned part,
                           unsigned parts);
  LogicalResult chooseLlama();
  LogicalResult checkLlamaLayer(DecoderLayer &layer, const std::string &prefix);
  bool isTied() const { return model.head == model.embedding; }

  void writeFloat(StringRef key, float value);
  void writeScaling(Llama3ScalingAttr scaling);
  void writeStart(StringRef type);
  void writeEnd();

  DecoderModel &model;
  DecoderLayer &layer;
  std::string &mismatch;
  std::string className;
  std::string text;
  llvm::raw_string_ostream os;
  /// There once it is known what to say: it must not end before it began.
  std::optional<llvm::json::OStream> json;
};

} // namespace

//===----------------------------------------------------------------------===//
// Names and layouts
//===----------------------------------------------------------------------===//

LogicalResult Describer::checkNorm(DecoderNorm &norm, const Twine &name) {
  return success(succeeded(checkName(norm.weight, name + ".weight")) &&
                 succeeded(checkName(norm.bias, name + ".bias")));
}

LogicalResult Describer::checkProjection(DecoderProjection &projection,
                                         const Twine &name, bool transposed,
                                         std::optional<bool> bias) {
  if (failed(checkName(projection.weight, name + ".weight")) ||
      failed(checkName(projection.bias, name + ".bias")))
    return failure();
  if (projection.linear.getTransposed() != transposed)
    return fail(projection.linear,
                "'" + name + ".weight' to be " +
                    (transposed ? "[inputs, outputs]: 'transposed'"
                                : "[outputs, inputs]: not 'transposed'"));
  if (bias && *bias != static_cast<bool>(projection.bias))
    return fail(projection.linear,
                "'" + name + "' to have " + (*bias ? "a" : "no") + " bias");
  return success();
}

LogicalResult Describer::checkFused(DecoderProjection &projection,
                                    unsigned part, unsigned parts) {
  if (projection.part == part && projection.parts == parts)
    return success();
  return fail(projection.linear,
              llvm::formatv("part {0} of {1} of this layer's output, found "
                            "part {2} of {3}",
                            part + 1, parts, projection.part + 1,
                            projection.parts)
                  .str());
}

LogicalResult Describer::checkHead() {
  return isTied() ? success() : checkName(model.head, "lm_head.weight");
}

LogicalResult Describer::checkHeads() {
  uint64_t heads = layer.attention.getHeads();
  if (heads * layer.headSize == static_cast<uint64_t>(model.channels()))
    return success();
  return fail(layer.attention,
              llvm::formatv("heads that make up the {0} channels, found {1} of "
                            "{2}",
                            model.channels(), heads, layer.headSize)
                  .str());
}

//===----------------------------------------------------------------------===//
// GPT-2
//===----------------------------------------------------------------------===//

LogicalResult Describer::describeGpt2() {
  className = "GPT2LMHeadModel";
  if (!model.norm.bias)
    return fail(model.norm.weight, "'model.layer_norm'");
  if (layer.rope)
    return fail(layer.attention, "no 'model.rope' beside learned positions");
  if (layer.gate)
    return fail(layer.up.linear, "'model.gelu' after it");
  AttentionOp attention = layer.attention;
  if (attention.getKvHeads() != attention.getHeads() || attention.getWindow())
    return fail(attention, "as many key as query heads and no window");
  if (failed(checkHeads()))
    return failure();

  // With the prefix or without: transformers loads both. An own head is not
  // told from the rest without it.
  StringRef prefix = model.embedding.getName();
  if (!prefix.consume_back("wte.weight") ||
      !(prefix == "transformer." || (prefix.empty() && isTied())))
    return checkName(model.embedding, "transformer.wte.weight");
  if (failed(checkName(model.positions, prefix + "wpe.weight")) ||
      failed(checkNorm(model.norm, prefix + "ln_f")) || failed(checkHead()))
    return failure();
  for (auto [number, layer] : llvm::enumerate(model.layers)) {
    std::string start = (prefix + "h." + Twine(number) + ".").str();
    DecoderProjection *attended[] = {&layer.query, &layer.key, &layer.value};
    for (auto [part, projection] : llvm::enumerate(attended))
      if (failed(checkProjection(*projection, start + "attn.c_attn",
                                 /*transposed=*/true, /*bias=*/true)) ||
          failed(checkFused(*projection, part, 3)))
        return failure();
    std::pair<DecoderProjection *, StringRef> others[] = {
        {&layer.output, "attn.c_proj"},
        {&layer.up, "mlp.c_fc"},
        {&layer.down, "mlp.c_proj"}};
    for (auto &[projection, name] : others)
      if (failed(checkProjection(*projection, start + name,
                                 /*transposed=*/true, /*bias=*/true)) ||
          failed(checkFused(*projection, 0, 1)))
        return failure();
    if (failed(checkNorm(layer.attentionNorm, start + "ln_1")) ||
        failed(checkNorm(layer.mlpNorm, start + "ln_2")))
      return failure();
  }

  writeStart("gpt2");
  json->attribute("activation_function", "gelu_new");
  json->attribute("attn_pdrop", 0);
  json->attribute("embd_pdrop", 0);
  writeFloat("layer_norm_epsilon", model.norm.eps);
  json->attribute("n_embd", model.channels());
  json->attribute("n_head", static_cast<int64_t>(attention.getHeads()));
  json->attribute("n_inner", layer.up.outputs());
  json->attribute("n_layer", static_cast<int64_t>(model.layers.size()));
  json->attribute("n_positions", DecoderModel::extent(model.positions, 0));
  json->attribute("resid_pdrop", 0);
  writeEnd();
  return success();
}

//===----------------------------------------------------------------------===//
// Llama and its relatives
//===----------------------------------------------------------------------===//

/// Sets the class by what tells the relatives apart.
LogicalResult Describer::chooseLlama() {
  bool window = layer.attention.getWindow().has_value();
  bool fused = layer.query.parts != 1 || layer.up.parts != 1;
  bool inputBias = static_cast<bool>(layer.query.bias);
  bool outputBias = static_cast<bool>(layer.output.bias);
  className = fused                      ? "Phi3ForCausalLM"
              : layer.queryNorm.weight   ? "Qwen3ForCausalLM"
              : window                   ? "MistralForCausalLM"
              : inputBias && !outputBias ? "Qwen2ForCausalLM"
                                         : "LlamaForCausalLM";
  if (model.norm.bias)
    return fail(model.norm.weight, "'model.rms_norm'");
  if (!layer.rope)
    return fail(layer.attention, "'model.rope' before it");
  if (!layer.gate)
    return fail(layer.up.linear, "the 'model.silu' and 'model.mul' of SwiGLU");
  // A config.json of the others says how large heads are.
  bool fixed =
      className == "Phi3ForCausalLM" || className == "Qwen2ForCausalLM";
  if (fixed && failed(checkHeads()))
    return failure();
  int64_t heads = layer.attention.getHeads();
  if (className == "LlamaForCausalLM" && model.channels() % heads)
    return fail(layer.attention,
                llvm::formatv("heads that divide the {0} channels, found {1}",
                              model.channels(), heads)
                    .str());
  if (fused && layer.queryNorm.weight)
    return fail(layer.queryNorm.weight, "no norm of queries and keys");
  return success();
}

LogicalResult Describer::checkLlamaLayer(DecoderLayer &layer,
                                         const std::string &prefix) {
  bool fused = className == "Phi3ForCausalLM";
  bool isLlama = className == "LlamaForCausalLM";
  // Biases come together, or not at all.
  std::optional<bool> inputBias = className == "Qwen2ForCausalLM";
  std::optional<bool> outputBias = false, innerBias = false;
  if (isLlama || className == "Qwen3ForCausalLM")
    inputBias = outputBias = static_cast<bool>(layer.query.bias);
  if (isLlama)
    innerBias = static_cast<bool>(layer.up.bias);
  struct Role {
    DecoderProjection *projection;
    StringRef name, fusedName;
    unsigned part, parts;
    std::optional<bool> bias;
  };
  StringRef qkv = "self_attn.qkv_proj", gateUp = "mlp.gate_up_proj";
  const Role roles[] = {
      {&layer.query, "self_attn.q_proj", qkv, 0, 3, inputBias},
      {&layer.key, "self_attn.k_proj", qkv, 1, 3, inputBias},
      {&layer.value, "self_attn.v_proj", qkv, 2, 3, inputBias},
      {&layer.output, "self_attn.o_proj", "", 0, 1, outputBias},
      {&*layer.gate, "mlp.gate_proj", gateUp, 0, 2, innerBias},
      {&layer.up, "mlp.up_proj", gateUp, 1, 2, innerBias},
      {&layer.down, "mlp.down_proj", "", 0, 1, innerBias},
  };
  for (const Role &role : roles) {
    bool whole = !fused || role.fusedName.empty();
    if (failed(checkProjection(*role.projection,
                               prefix + (whole ? role.name : role.fusedName),
                               /*transposed=*/false, role.bias)) ||
        failed(checkFused(*role.projection, whole ? 0 : role.part,
                          whole ? 1 : role.parts)))
      return failure();
  }
  return success(
      succeeded(checkNorm(layer.attentionNorm, prefix + "input_layernorm")) &&
      succeeded(checkNorm(layer.queryNorm, prefix + "self_attn.q_norm")) &&
      succeeded(checkNorm(layer.keyNorm, prefix + "self_attn.k_norm")) &&
      succeeded(checkNorm(layer.mlpNorm, prefix + "post_attention_layernorm")));
}

LogicalResult Describer::describeLlama() {
  if (failed(chooseLlama()) ||
      failed(checkName(model.embedding, "model.embed_tokens.weight")) ||
      failed(checkNorm(model.norm, "model.norm")) || failed(checkHead()))
    return failure();
  for (auto [number, layer] : llvm::enumerate(model.layers))
    if (failed(checkLlamaLayer(layer,
                               ("model.layers." + Twine(number) + ".").str())))
      return failure();

  AttentionOp attention = layer.attention;
  std::optional<int64_t> window;
  if (attention.getWindow())
    window = static_cast<int64_t>(*attention.getWindow());
  StringRef type = llvm::StringSwitch<StringRef>(className)
                       .Case("Phi3ForCausalLM", "phi3")
                       .Case("MistralForCausalLM", "mistral")
                       .Case("Qwen2ForCausalLM", "qwen2")
                       .Case("Qwen3ForCausalLM", "qwen3")
                       .Default("llama");
  writeStart(type);
  if (type == "llama" || type == "qwen3")
    json->attribute("attention_bias", static_cast<bool>(layer.query.bias));
  if (type == "llama")
    json->attribute("mlp_bias", static_cast<bool>(layer.up.bias));
  json->attribute("head_dim", static_cast<int64_t>(layer.headSize));
  json->attribute("hidden_act", "silu");
  json->attribute("hidden_size", model.channels());
  int64_t inner = layer.up.outputs() / layer.up.parts;
  json->attribute("intermediate_size", inner);
  json->attribute("max_position_embeddings", model.sequence);
  if (type == "phi3")
    json->attribute("original_max_position_embeddings", model.sequence);
  json->attribute("num_attention_heads",
                  static_cast<int64_t>(attention.getHeads()));
  json->attribute("num_hidden_layers",
                  static_cast<int64_t>(model.layers.size()));
  json->attribute("num_key_value_heads",
                  static_cast<int64_t>(attention.getKvHeads()));
  writeFloat("rms_norm_eps", model.norm.eps);
  if (Llama3ScalingAttr scaling = layer.rope.getScalingAttr())
    writeScaling(scaling);
  writeFloat("rope_theta", layer.rope.getTheta().convertToFloat());
  if (type != "llama")
    json->attribute("sliding_window", window);
  if (type == "qwen3" && window) {
    json->attribute("use_sliding_window", true);
    json->attribute("max_window_layers", 0);
  }
  writeEnd();
  return success();
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

/// The shortest text that is read back as the same float, and as no integer.
void Describer::writeFloat(StringRef key, float value) {
  char digits[32];
  auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  json->attributeBegin(key);
  std::string number(digits, end);
  if (StringRef(number).find_first_of(".e") == StringRef::npos)
    number += ".0";
  json->rawValue(number);
  json->attributeEnd();
}

void Describer::writeScaling(Llama3ScalingAttr scaling) {
  json->attributeObject("rope_scaling", [&] {
    json->attribute("rope_type", "llama3");
    writeFloat("factor",
               static_cast<float>(scaling.getFactor().convertToDouble()));
    writeFloat("low_freq_factor",
               static_cast<float>(scaling.getLow().convertToDouble()));
    writeFloat("high_freq_factor",
               static_cast<float>(scaling.getHigh().convertToDouble()));
    json->attribute("original_max_position_embeddings", scaling.getPositions());
  });
}

void Describer::writeStart(StringRef type) {
  json.emplace(os, /*IndentSize=*/2);
  json->objectBegin();
  json->attributeArray("architectures", [&] { json->value(className); });
  json->attribute("model_type", type);
  json->attribute("dtype", "float32");
  json->attribute("tie_word_embeddings", isTied());
  json->attribute("vocab_size", model.vocabulary());
  // The defaults are tokens of other vocabularies.
  for (StringRef token : {"bos_token_id", "eos_token_id", "pad_token_id"})
    json->attribute(token, nullptr);
}

void Describer::writeEnd() { json->objectEnd(); }

FailureOr<std::string> llmc::describeArchitecture(DecoderModel &model,
                                                  std::string &mismatch) {
  Describer describer(model, mismatch);
  if (failed(model.positions ? describer.describeGpt2()
                             : describer.describeLlama()))
    return failure();
  return describer.take();
}
