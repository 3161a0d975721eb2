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

TEST_F(ImportConfigTest, OtherTextIsRefused) {
  EXPECT_FAILS(check("{}", "{"), "config.json: not valid JSON; copy it again");
  EXPECT_FAILS(check("{}", "[]"), "config.json: not valid JSON; copy it again");
  LlmcProgram program = llmcProgram;
  EXPECT_OK(checkConfig(program, path("none.json")));
}

} // namespace
