//===- import_config.cpp - fuzzes config.json beside weights --------------===//

#include "FuzzSupport.h"

#include "train/ImportWeights.h"

using namespace llmc::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static fuzz::Scratch scratch;
  std::string path = scratch.write("config.json", fuzz::textOf(bytes, size));
  LlmcProgram program = {};
  program.sequence = 16;
  program.config = R"({"model_type": "mistral", "sliding_window": 8,
    "hidden_act": "silu", "num_attention_heads": 4, "head_dim": 8,
    "rms_norm_eps": 1e-5, "rope_parameters": {"rope_theta": 10000.0}})";
  Status status = checkConfig(program, path);
  FUZZ_CHECK(status.isOk() || status.message().rfind(path, 0) == 0);
  return 0;
}
