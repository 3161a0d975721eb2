//===- ImportConfig.cpp - do a file's weights mean the same here? ---------===//
//
// Shapes do not tell how many heads share a projection, or at which rate
// positions turn: config.json does.
//
//===----------------------------------------------------------------------===//

#include "core/File.h"
#include "core/Json.h"
#include "train/ImportWeights.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace llmc::runtime {
namespace {

using Json = nlohmann::json;

/// What changes the computation and not the shapes, by the names that
/// architectures have for it.
constexpr const char *keys[] = {
    "num_attention_heads", "n_head",       "num_key_value_heads", "head_dim",
    "rope_theta",          "rms_norm_eps", "layer_norm_epsilon",
};

/// The same, of which programs compute one form only, as JSON has it.
struct Fixed {
  const char *key, *value;
};
constexpr Fixed fixed[] = {{"partial_rotary_factor", "1.0"},
                           {"scale_attn_weights", "true"},
                           {"scale_attn_by_inverse_layer_idx", "false"}};

/// The value of a key, where old and new versions of transformers put it; null
/// when it is not there.
Json valueOf(const Json &config, const std::string &key) {
  if (config.contains(key))
    return config[key];
  if (config.contains("rope_parameters") &&
      config["rope_parameters"].is_object())
    return config["rope_parameters"].value(key, Json());
  return Json();
}

std::string typeOf(const Json &config) {
  Json type = valueOf(config, "model_type");
  return type.is_string() ? type.get<std::string>() : std::string();
}

bool isQwen(const std::string &type) {
  return type == "qwen2" || type == "qwen3";
}

/// Llama and those that do the same with tensors of the same names: what tells
/// them apart are tensors, or keys that are compared.
constexpr const char *llamas[] = {"llama", "mistral", "phi3", "qwen2", "qwen3"};

bool isLlama(const std::string &type) {
  return std::find(std::begin(llamas), std::end(llamas), type) !=
         std::end(llamas);
}

/// What transformers takes for a key that is not there; null if it is not
/// known.
Json defaultOf(const Json &config, const std::string &key) {
  const std::string type = typeOf(config);
  if (type == "gpt2" && key == "layer_norm_epsilon")
    return 1e-5;
  if (!isLlama(type))
    return Json();
  if (key == "rope_theta")
    return 10000.0;
  if (key == "rms_norm_eps")
    return type == "phi3" ? 1e-5 : 1e-6;
  Json heads = valueOf(config, "num_attention_heads");
  if (key == "num_key_value_heads" && (type == "llama" || type == "phi3"))
    return heads;
  if (key != "head_dim")
    return Json();
  if (type == "qwen3")
    return 128;
  Json width = valueOf(config, "hidden_size");
  if (!heads.is_number_integer() || !width.is_number_integer() ||
      heads.get<int64_t>() < 1)
    return Json();
  return width.get<int64_t>() / heads.get<int64_t>();
}

Json valueOrDefault(const Json &config, const std::string &key) {
  Json value = valueOf(config, key);
  return value.is_null() ? defaultOf(config, key) : value;
}

bool isSame(const Json &a, const Json &b) {
  if (!a.is_number() || !b.is_number())
    return a == b;
  double x = a.get<double>(), y = b.get<double>();
  return std::abs(x - y) <= 1e-6 * std::max(std::abs(x), std::abs(y));
}

/// One name for each function.
std::string activationOf(const Json &config) {
  for (const char *key : {"hidden_act", "activation_function"})
    if (config.contains(key) && config[key].is_string()) {
      std::string name = config[key].get<std::string>();
      return name == "gelu_pytorch_tanh" ? "gelu_new"
             : name == "swish"           ? "silu"
                                         : name;
    }
  return {};
}

/// How many layers see a window only, of so many; of a Qwen, those from
/// `max_window_layers` on. Kinds of attention that no program has are windows.
std::pair<int64_t, int64_t> countWindows(const Json &config) {
  Json types = valueOf(config, "layer_types");
  if (types.is_array()) {
    int64_t full = std::count(types.begin(), types.end(), "full_attention");
    int64_t all = static_cast<int64_t>(types.size());
    return {all - full, all};
  }
  if (!isQwen(typeOf(config)))
    return {1, 1};
  Json layers = valueOf(config, "num_hidden_layers");
  Json first = valueOf(config, "max_window_layers");
  if (!layers.is_number_integer() || !first.is_number_integer())
    return {1, 1};
  int64_t all = std::max<int64_t>(layers.get<int64_t>(), 0);
  return {all - std::clamp<int64_t>(first.get<int64_t>(), 0, all), all};
}

/// The window of the layers, "none" where every position before sees every one
/// after.
std::string windowOf(const Json &config, int64_t sequence) {
  const std::string type = typeOf(config);
  Json window =
      config.value("sliding_window", type == "mistral" ? Json(4096) : Json());
  Json used = config.value("use_sliding_window", Json(!isQwen(type)));
  if (!window.is_number_integer() || used == Json(false))
    return "none";
  int64_t size = window.get<int64_t>();
  auto [some, all] = countWindows(config);
  if (size >= sequence || some == 0)
    return "none";
  return some == all ? std::to_string(size)
                     : fmt::format("{} in {} of {} layers", size, some, all);
}

/// The rule by which rotary positions are stretched, and its numbers; "none".
std::string scalingOf(const Json &config) {
  for (const char *key : {"rope_scaling", "rope_parameters"}) {
    if (!config.contains(key) || !config[key].is_object())
      continue;
    const Json &scaling = config[key];
    for (const char *type : {"rope_type", "type"}) {
      Json name = scaling.value(type, Json());
      if (!name.is_string() || name == "default")
        continue;
      std::string text = name.get<std::string>();
      for (const char *number :
           {"factor", "low_freq_factor", "high_freq_factor",
            "original_max_position_embeddings"})
        if (Json value = scaling.value(number, Json()); value.is_number())
          text += fmt::format(", {} {}", number, value.get<double>());
      return text;
    }
  }
  return "none";
}

} // namespace

Status checkConfig(const LlmcProgram &program, const std::string &path) {
  if (!program.config || !pathExists(path))
    return Status::ok();
  constexpr int64_t largestBytes = int64_t(1) << 26;
  Result<std::string> text = readWholeFile(path, largestBytes);
  if (!text.isOk())
    return text.status();
  const Json theirs = parseJson(*text), ours = parseJson(program.config);
  if (!theirs.is_object())
    return Status::error("{}: not valid JSON; copy it again, or remove it",
                         path);
  auto differs = [&](const std::string &what, const std::string &found,
                     const std::string &expected) {
    return Status::error("{}: {} is {}, and the program computes with {}; "
                         "change the model file and compile it again",
                         path, what, found, expected);
  };
  const std::string type = typeOf(theirs), ownType = typeOf(ours);
  if (!type.empty() && !ownType.empty() && type != ownType &&
      !(isLlama(type) && isLlama(ownType)))
    return Status::error(
        "{}: these are the weights of a '{}', and the program computes what a "
        "'{}' does; name the weights of one{}, or remove the file if both "
        "compute the same",
        path, type, ownType,
        isLlama(ownType) ? fmt::format(" ({})", fmt::join(llamas, ", "))
                         : std::string());
  for (const char *key : keys) {
    Json found = valueOrDefault(theirs, key), expected = valueOf(ours, key);
    if (!found.is_null() && !expected.is_null() && !isSame(found, expected))
      return differs(key, found.dump(), expected.dump());
  }
  for (const Fixed &only : fixed) {
    Json found = valueOf(theirs, only.key);
    if (!found.is_null() && !isSame(found, parseJson(only.value)))
      return differs(only.key, found.dump(), only.value);
  }
  std::string found = activationOf(theirs), expected = activationOf(ours);
  if (!found.empty() && !expected.empty() && found != expected)
    return differs("the activation", found, expected);
  found = windowOf(theirs, program.sequence);
  expected = windowOf(ours, program.sequence);
  if (found != expected)
    return differs("the window", found, expected);
  found = scalingOf(theirs), expected = scalingOf(ours);
  if (found != expected)
    return differs("the scaling of rotary positions", found, expected);
  return Status::ok();
}

} // namespace llmc::runtime
