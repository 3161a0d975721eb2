//===- ImportConfigTests.cpp - do a file's weights mean the same here? ----===//

#include "TestSupport.h"

#include "train/ImportWeights.h"

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

class ImportConfigTest : public DirectoryTest {
protected:
  /// `theirs` is read by a program that computes what `ours` says.
  Status check(const std::string &ours, const std::string &theirs) {
    LlmcProgram program = llmcProgram;
    program.config = ours.empty() ? nullptr : ours.c_str();
    return checkConfig(program, write("config.json", theirs));
  }
  void expectOk(const std::string &ours, const std::string &theirs) {
    EXPECT_OK(check(ours, theirs));
  }
  void expectDifferent(const std::string &ours, const std::string &theirs,
                       const std::string &message) {
    EXPECT_FAILS(check(ours, theirs),
                 path("config.json") + ": " + message +
                     "; change the model file and compile it again");
  }
};

TEST_F(ImportConfigTest, HeadsAndRatesMustBeEqual) {
  expectOk(R"({"n_head": 4})", R"({"n_head": 4, "n_layer": 3})");
  expectOk(R"({"rms_norm_eps": 1e-05})", R"({"rms_norm_eps": 0.00001})");
  expectOk("", R"({"n_head": 4})");
  expectOk(R"({"n_head": 4})", R"({})");
  expectDifferent(R"({"n_head": 4})", R"({"n_head": 8})",
                  "n_head is 8, and the program computes with 4");
  expectDifferent(R"({"num_key_value_heads": 2})",
                  R"({"num_key_value_heads": 4})",
                  "num_key_value_heads is 4, and the program computes with 2");
  expectDifferent(R"({"rms_norm_eps": 1e-5})", R"({"rms_norm_eps": 1e-6})",
                  "rms_norm_eps is 1e-06, and the program computes with 1e-05");
}

TEST_F(ImportConfigTest, RotaryPositionsStandInTwoPlaces) {
  const std::string ours = R"({"rope_theta": 10000.0})";
  expectOk(ours, R"({"rope_theta": 10000, "rope_scaling": null})");
  expectOk(ours, R"({"rope_parameters": {"rope_theta": 10000,)"
                 R"( "rope_type": "default"}})");
  expectDifferent(ours, R"({"rope_theta": 500000})",
                  "rope_theta is 500000, and the program computes with "
                  "10000.0");
  expectDifferent(ours, R"({"rope_parameters": {"rope_theta": 500000}})",
                  "rope_theta is 500000, and the program computes with "
                  "10000.0");
  expectDifferent(ours, R"({"rope_scaling": {"rope_type": "llama3"}})",
                  "the scaling of rotary positions is llama3, and the program "
                  "computes with none");
  expectDifferent(ours, R"({"rope_scaling": {"type": "linear"}})",
                  "the scaling of rotary positions is linear, and the program "
                  "computes with none");

  auto scaled = [](const char *place, int factor) {
    return fmt::format(R"({{"{}": {{"rope_type": "llama3", "factor": {}, )"
                       R"("low_freq_factor": 1, "high_freq_factor": 4, )"
                       R"("original_max_position_embeddings": 8192}}}})",
                       place, factor);
  };
  expectOk(scaled("rope_scaling", 8), scaled("rope_parameters", 8));
  auto described = [](int factor) {
    return fmt::format("llama3, factor {}, low_freq_factor 1, high_freq_factor "
                       "4, original_max_position_embeddings 8192",
                       factor);
  };
  const std::string what = "the scaling of rotary positions is ";
  expectDifferent(scaled("rope_scaling", 8), scaled("rope_scaling", 32),
                  what + described(32) + ", and the program computes with " +
                      described(8));
  expectDifferent(scaled("rope_scaling", 8), R"({"rope_scaling": null})",
                  what + "none, and the program computes with " + described(8));
}

/// The config.json of a model of a type, and what else it says.
std::string ofType(const std::string &type, const std::string &more = "") {
  return fmt::format(R"({{"model_type": "{}"{}{}}})", type,
                     more.empty() ? "" : ", ", more);
}

TEST_F(ImportConfigTest, ModelsOfOtherTypesAreRefused) {
  for (const char *type : {"llama", "mistral", "phi3", "qwen2", "qwen3"})
    expectOk(ofType("llama"), ofType(type, R"("sliding_window": null)"));
  expectOk(ofType("qwen3"), ofType("llama"));
  expectOk(ofType("gpt2"), ofType("gpt2"));
  expectOk("", ofType("gemma"));
  EXPECT_FAILS(
      check(ofType("llama"), ofType("gemma")),
      path("config.json") +
          ": these are the weights of a 'gemma', and the program "
          "computes what a 'llama' does; name the weights of one "
          "(llama, mistral, phi3, qwen2, qwen3), or remove the file if "
          "both compute the same");
  EXPECT_FAILS(check(ofType("gpt2"), ofType("llama")),
               path("config.json") +
                   ": these are the weights of a 'llama', and the program "
                   "computes what a 'gpt2' does; name the weights of one, or "
                   "remove the file if both compute the same");
}

TEST_F(ImportConfigTest, WhatNoProgramComputesIsRefused) {
  const std::string ours = ofType("phi3");
  expectOk(ours, ofType("phi3", R"("partial_rotary_factor": 1)"));
  expectDifferent(ours, ofType("phi3", R"("partial_rotary_factor": 0.75)"),
                  "partial_rotary_factor is 0.75, and the program computes "
                  "with 1.0");
  expectDifferent(
      ours,
      ofType("phi3", R"("rope_parameters": {"partial_rotary_factor": 0.5})"),
      "partial_rotary_factor is 0.5, and the program computes with 1.0");
  expectDifferent(ofType("gpt2"),
                  ofType("gpt2", R"("scale_attn_weights": false)"),
                  "scale_attn_weights is false, and the program computes with "
                  "true");
  expectDifferent(ofType("gpt2"),
                  ofType("gpt2", R"("scale_attn_by_inverse_layer_idx": true)"),
                  "scale_attn_by_inverse_layer_idx is true, and the program "
                  "computes with false");
}

TEST_F(ImportConfigTest, WhatIsNotThereHasTheValueOfTransformers) {
  const std::string heads = R"("hidden_size": 32, "num_attention_heads": 4)";
  auto with = [&](const char *text) { return heads + ", " + text; };
  expectOk(ofType("llama", R"("rope_theta": 1e4)"), ofType("llama"));
  expectDifferent(ofType("llama", R"("rope_theta": 5e5)"), ofType("llama"),
                  "rope_theta is 10000.0, and the program computes with "
                  "500000.0");
  expectDifferent(ofType("llama", R"("rms_norm_eps": 1e-5)"), ofType("qwen2"),
                  "rms_norm_eps is 1e-06, and the program computes with 1e-05");
  expectOk(ofType("llama", R"("rms_norm_eps": 1e-5)"), ofType("phi3"));
  expectDifferent(ofType("gpt2", R"("layer_norm_epsilon": 1e-6)"),
                  ofType("gpt2"),
                  "layer_norm_epsilon is 1e-05, and the program computes with "
                  "1e-06");
  expectDifferent(ofType("llama", with(R"("num_key_value_heads": 2)")),
                  ofType("llama", with(R"("num_key_value_heads": null)")),
                  "num_key_value_heads is 4, and the program computes with 2");
  expectOk(ofType("llama", with(R"("head_dim": 8)")), ofType("llama", heads));
  expectDifferent(ofType("llama", with(R"("head_dim": 16)")),
                  ofType("llama", heads),
                  "head_dim is 8, and the program computes with 16");
  expectDifferent(ofType("qwen3", with(R"("head_dim": 8)")),
                  ofType("qwen3", heads),
                  "head_dim is 128, and the program computes with 8");
  expectOk(ofType("llama", R"("head_dim": 8)"),
           ofType("llama", R"("hidden_size": 32, "num_attention_heads": 0)"));
}

TEST_F(ImportConfigTest, ActivationsHaveSeveralNames) {
  const std::string ours = R"({"activation_function": "gelu_new"})";
  expectOk(ours, R"({"activation_function": "gelu_pytorch_tanh"})");
  expectOk(R"({"hidden_act": "silu"})", R"({"hidden_act": "swish"})");
  expectDifferent(ours, R"({"hidden_act": "gelu"})",
                  "the activation is gelu, and the program computes with "
                  "gelu_new");
}

TEST_F(ImportConfigTest, AWindowAsLongAsTheSequenceIsNone) {
  // The bigram program's sequence has 8 tokens.
  expectOk("{}", R"({"sliding_window": 8})");
  expectOk("{}", R"({"sliding_window": null})");
  expectOk("{}", R"({"sliding_window": 4, "use_sliding_window": false})");
  expectOk(R"({"sliding_window": 4})", R"({"sliding_window": 4})");
  expectDifferent("{}", R"({"sliding_window": 4})",
                  "the window is 4, and the program computes with none");
  expectDifferent(R"({"sliding_window": 4})", "{}",
                  "the window is none, and the program computes with 4");
}

TEST_F(ImportConfigTest, AWindowMayBeThatOfSomeLayers) {
  const std::string all = R"("num_hidden_layers": 3, "sliding_window": 4)";
  auto qwen = [&](const std::string &more) {
    return ofType("qwen2", all + ", " + more);
  };
  const std::string used = R"("use_sliding_window": true, )";
  expectOk(ofType("llama"), ofType("qwen2", all));
  expectOk(ofType("llama"), qwen(used + R"("max_window_layers": 28)"));
  expectOk(ofType("mistral", R"("sliding_window": 4)"),
           qwen(used + R"("max_window_layers": 0)"));
  expectDifferent(ofType("mistral", R"("sliding_window": 4)"),
                  qwen(used + R"("max_window_layers": 2)"),
                  "the window is 4 in 1 of 3 layers, and the program computes "
                  "with 4");
  expectDifferent(
      ofType("llama"),
      qwen(used + R"("layer_types": ["full_attention", "sliding_attention",)"
                  R"( "full_attention"])"),
      "the window is 4 in 1 of 3 layers, and the program computes with none");
  // The bigram program's sequence is shorter than what Mistral takes.
  expectOk(ofType("llama"), ofType("mistral"));
}

TEST_F(ImportConfigTest, OtherTextIsRefused) {
  EXPECT_FAILS(check("{}", "{"), "config.json: not valid JSON; copy it again");
  EXPECT_FAILS(check("{}", "[]"), "config.json: not valid JSON; copy it again");
  LlmcProgram program = llmcProgram;
  EXPECT_OK(checkConfig(program, path("none.json")));
}

} // namespace
