//===- ImportConfig.cpp - do a file's weights mean the same here? ---------===//
//
// Shapes do not tell how many heads share a projection, or at which rate
// positions turn: config.json does.
//
//===----------------------------------------------------------------------===//

#include "core/File.h"
#include "core/Json.h"
#include "train/ImportWeights.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace llmc::runtime {
namespace {

using Json = nlohmann::json;

/// What changes the computation and not the shapes, by the names that
/// architectures have for it.
constexpr const char *keys[] = {
    "num_attention_heads", "n_head",       "num_key_value_heads", "head_dim",
    "rope_theta",          "rms_norm_eps", "layer_norm_epsilon",
};

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

/// 0: every position before sees every one after.
int64_t windowOf(const Json &config, int64_t sequence) {
  Json window = valueOf(config, "sliding_window");
  if (!window.is_number_integer() ||
      config.value("use_sliding_window", Json(true)) == Json(false))
    return 0;
  int64_t size = window.get<int64_t>();
  return size >= sequence ? 0 : size;
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
  for (const char *key : keys) {
    Json found = valueOf(theirs, key), expected = valueOf(ours, key);
    if (!found.is_null() && !expected.is_null() && !isSame(found, expected))
      return differs(key, found.dump(), expected.dump());
  }
  std::string found = activationOf(theirs), expected = activationOf(ours);
  if (!found.empty() && !expected.empty() && found != expected)
    return differs("the activation", found, expected);
  int64_t window = windowOf(theirs, program.sequence);
  int64_t own = windowOf(ours, program.sequence);
  auto describe = [](int64_t size) {
    return size == 0 ? std::string("none") : std::to_string(size);
  };
  if (window != own)
    return differs("the window", describe(window), describe(own));
  found = scalingOf(theirs), expected = scalingOf(ours);
  if (found != expected)
    return differs("the scaling of rotary positions", found, expected);
  return Status::ok();
}

} // namespace llmc::runtime
