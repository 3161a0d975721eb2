//===- Sampler.cpp - text from a trained model ----------------------------===//

#include "train/Sampler.h"

#include "core/Rng.h"
#include "train/Program.h"
#include "train/Safetensors.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

namespace llmc::runtime {
namespace {

constexpr int64_t numBytes = 256;

/// The token as text. Control characters are spelt out: a model's output must
/// not be able to steer the terminal.
std::string decode(int32_t token, bool bytes) {
  if (!bytes)
    return fmt::format("{} ", token);
  bool control = (token < 32 && token != '\n' && token != '\t') || token == 127;
  return control ? fmt::format("\\x{:02x}", token)
                 : std::string(1, static_cast<char>(token));
}

} // namespace

int32_t chooseToken(const std::vector<float> &logits,
                    const SamplerOptions &options, double uniform) {
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    float left = logits[static_cast<size_t>(a)];
    float right = logits[static_cast<size_t>(b)];
    return left != right ? left > right : a < b;
  });
  if (options.temperature == 0)
    return order.front();
  if (options.topK > 0 && options.topK < static_cast<int64_t>(order.size()))
    order.resize(static_cast<size_t>(options.topK));

  const double highest = logits[static_cast<size_t>(order.front())];
  std::vector<double> weights;
  double total = 0;
  for (int32_t token : order) {
    double logit = logits[static_cast<size_t>(token)];
    weights.push_back(std::exp((logit - highest) / options.temperature));
    total += weights.back();
  }
  // The likeliest tokens up to and including the one that reaches topP.
  double kept = 0;
  size_t candidates = 0;
  while (candidates < weights.size() && kept < options.topP * total)
    kept += weights[candidates++];
  // The sums are those that led to `kept`, so that the last one is `kept`. What
  // rounds up to it goes to the last token that has a probability.
  const double target = uniform * kept;
  double sum = 0;
  int32_t chosen = order.front();
  for (size_t i = 0; i < candidates && sum <= target; ++i) {
    sum += weights[i];
    if (weights[i] > 0)
      chosen = order[i];
  }
  return chosen;
}

Result<std::vector<int32_t>> encodePrompt(const std::string &prompt, bool bytes,
                                          int64_t vocabulary) {
  std::vector<int32_t> tokens;
  if (bytes) {
    for (char c : prompt.empty() ? std::string("\n") : prompt)
      tokens.push_back(static_cast<uint8_t>(c));
  } else {
    std::istringstream words(prompt);
    for (int32_t token; words >> token;)
      tokens.push_back(token);
    if (!words.eof() || tokens.empty())
      return Status::error(
          "--sample: the model was not trained on bytes and no "
          "tokenizer is known, so the prompt must list token "
          "numbers, like \"464 3290\", found \"{}\"",
          prompt);
  }
  for (int32_t token : tokens)
    if (token < 0 || token >= vocabulary)
      return Status::error("--sample: token {} of the prompt is not in the "
                           "model's vocabulary of {}; change the prompt",
                           token, vocabulary);
  return tokens;
}

/// Reads into `logits` those after the first `count` tokens, of which the
/// device sees the last that it can at once.
static Status computeLogits(const LlmcProgram &program, Device &device,
                            const std::vector<int32_t> &tokens, int64_t count,
                            std::vector<float> &logits) {
  if (!program.generate)
    return Status::error("--sample: the program was compiled without its "
                         "'generate' part; compile the model again");
  // Positions after the last token are padding: attention is causal, so they
  // do not reach the logits that are read.
  std::vector<int32_t> window(static_cast<size_t>(program.sequence));
  const int64_t used = std::min(count, program.sequence);
  std::copy_n(tokens.begin() + (count - used), used, window.begin());
  const auto position = static_cast<int32_t>(used - 1);
  LLMC_TRY(device.write(LlmcArenaIo, program.promptOffset, window.data(),
                        program.sequence * 4));
  LLMC_TRY(device.write(LlmcArenaIo, program.positionOffset, &position, 4));
  LLMC_TRY(device.run(program.generate));
  return device.read(LlmcArenaIo, program.logitsOffset, logits.data(),
                     static_cast<int64_t>(logits.size()) * 4);
}

Status dumpLogits(const LlmcProgram &program, Device &device,
                  const std::string &prompt, bool bytes,
                  const std::string &file) {
  Result<std::vector<int32_t>> tokens =
      encodePrompt(prompt, bytes, program.vocabulary);
  if (!tokens.isOk())
    return tokens.status();
  const auto count = static_cast<int64_t>(tokens->size());
  if (count > program.sequence)
    return Status::error("--dump-logits: the prompt has {} tokens, the program "
                         "sees {} at a time; give a shorter prompt, or compile "
                         "with a larger --seq",
                         count, program.sequence);
  // A position at a time, as the program gives them; together with the other
  // ranks where it is they who have the parameters.
  std::vector<float> all, logits(static_cast<size_t>(program.vocabulary));
  for (int64_t n = 1; n <= count; ++n) {
    LLMC_TRY(computeLogits(program, device, *tokens, n, logits));
    all.insert(all.end(), logits.begin(), logits.end());
  }
  TensorSource source{"logits",
                      {count, program.vocabulary},
                      count * program.vocabulary,
                      [&](int64_t first, int64_t some, float *out) {
                        std::copy_n(all.begin() + first, some, out);
                        return Status::ok();
                      }};
  if (device.ranks().rank() != 0)
    return Status::ok();
  Result<FileSeal> seal =
      writeSafetensors(file, {source}, {{"model", program.modelName}});
  return seal.isOk() ? Status::ok()
                     : Status::error("--dump-logits: {}", seal.message());
}

Status printSample(const LlmcProgram &program, Device &device,
                   const std::string &prompt, bool bytes,
                   const SamplerOptions &options, Console &console) {
  Result<std::vector<int32_t>> encoded =
      encodePrompt(prompt, bytes, program.vocabulary);
  if (!encoded.isOk())
    return encoded.status();
  std::vector<int32_t> tokens = std::move(*encoded);
  for (int32_t token : tokens)
    console.result(decode(token, bytes));

  // A byte tokenizer gives no meaning to tokens beyond the bytes.
  const int64_t choices =
      bytes ? std::min(numBytes, program.vocabulary) : program.vocabulary;
  std::vector<float> logits(static_cast<size_t>(choices));
  const uint64_t key = streamKey(options.seed, "sample");
  for (int64_t n = 0; n < options.tokens; ++n) {
    LLMC_TRY(computeLogits(program, device, tokens,
                           static_cast<int64_t>(tokens.size()), logits));
    for (float logit : logits)
      if (std::isnan(logit)) {
        Status status =
            Status::error("the model's output is not a number; the weights are "
                          "damaged or training diverged");
        return runsTogether(program) ? device.ranks().common(status) : status;
      }
    tokens.push_back(chooseToken(logits, options,
                                 randomUniform(key, static_cast<uint64_t>(n))));
    console.result(decode(tokens.back(), bytes));
  }
  console.result("\n");
  return Status::ok();
}

} // namespace llmc::runtime
