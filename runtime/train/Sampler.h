//===- Sampler.h - text from a trained model ------------------------------===//
//
// For each token the whole window is computed again by the program's
// `generate`: there is no key/value cache. A text longer than the model's
// sequence keeps its last tokens.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_SAMPLER_H
#define LLMC_RUNTIME_TRAIN_SAMPLER_H

#include "core/Console.h"
#include "core/Status.h"
#include "device/Device.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::runtime {

struct SamplerOptions {
  int64_t tokens = 200;
  double temperature = 0.8;
  int64_t topK = 0;
  double topP = 1.0;
  uint64_t seed = 1;
};

/// Chooses a token from logits, given a uniform number in [0, 1): divides the
/// logits by the temperature, keeps the topK likeliest, then the fewest
/// likeliest whose part of the rest is topP or more, and draws from these by
/// their softmax. Temperature 0 takes the likeliest; of equal ones the lowest
/// counts as likelier.
int32_t chooseToken(const std::vector<float> &logits,
                    const SamplerOptions &options, double uniform);

/// Turns a prompt into tokens: its bytes, or, when the model's tokenizer is not
/// that of bytes, the token numbers that it lists.
Result<std::vector<int32_t>> encodePrompt(const std::string &prompt, bool bytes,
                                          int64_t vocabulary);

/// Writes the logits at every position of the prompt as safetensors:
/// `logits` [tokens of the prompt, vocabulary], as the model gives them.
Status dumpLogits(const LlmcProgram &program, Device &device,
                  const std::string &prompt, bool bytes,
                  const std::string &file);

/// Prints the prompt and its continuation, token by token.
Status printSample(const LlmcProgram &program, Device &device,
                   const std::string &prompt, bool bytes,
                   const SamplerOptions &options, Console &console);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_SAMPLER_H
