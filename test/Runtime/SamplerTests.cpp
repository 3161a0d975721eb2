//===- SamplerTests.cpp - the choice of tokens ----------------------------===//

#include "TestSupport.h"

#include "core/Rng.h"
#include "train/Sampler.h"

#include <cmath>
#include <limits>

using namespace llmc::runtime;

namespace {

/// How often each token is chosen, over uniform numbers that lie evenly: within
/// 1 / draws of its probability.
std::vector<double> chances(const std::vector<float> &logits,
                            const SamplerOptions &options) {
  constexpr int draws = 10000;
  std::vector<double> parts(logits.size());
  for (int i = 0; i < draws; ++i)
    parts[static_cast<size_t>(
        chooseToken(logits, options, (i + 0.5) / draws))] += 1.0 / draws;
  return parts;
}

void expectChances(const std::vector<float> &logits,
                   const SamplerOptions &options,
                   const std::vector<double> &expected) {
  std::vector<double> found = chances(logits, options);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i)
    EXPECT_NEAR(found[i], expected[i], 1.5e-4) << "token " << i;
}

SamplerOptions with(double temperature, int64_t topK = 0, double topP = 1) {
  SamplerOptions options;
  options.temperature = temperature;
  options.topK = topK;
  options.topP = topP;
  return options;
}

/// Logits of these probabilities, shifted: softmax does not see the shift.
std::vector<float> logitsOf(const std::vector<double> &probabilities) {
  std::vector<float> logits;
  for (double probability : probabilities)
    logits.push_back(static_cast<float>(std::log(probability) + 3));
  return logits;
}

// Not in order of probability.
const std::vector<double> skewed = {0.125, 0.5, 0.0625, 0.25, 0.0625};

TEST(Sampler, TemperatureDividesTheLogits) {
  for (double temperature : {0.25, 0.5, 1.0, 3.0}) {
    std::vector<double> expected;
    double sum = 0;
    for (double probability : skewed)
      sum += std::pow(probability, 1 / temperature);
    for (double probability : skewed)
      expected.push_back(std::pow(probability, 1 / temperature) / sum);
    expectChances(logitsOf(skewed), with(temperature), expected);
  }
  expectChances(logitsOf(skewed), with(1e9), {0.2, 0.2, 0.2, 0.2, 0.2});
  expectChances(logitsOf(skewed), with(1e-300), {0, 1, 0, 0, 0});
}

TEST(Sampler, TemperatureZeroTakesTheFirstOfTheLikeliest) {
  expectChances({0, 2, 1, 2}, with(0), {0, 1, 0, 0});
  expectChances({0, 2, 1, 2}, with(0, 3, 0.9), {0, 1, 0, 0});
}

TEST(Sampler, DrawsFollowTheSoftmax) {
  // The generator's own numbers: within five deviations of a binomial.
  constexpr int draws = 40000;
  std::vector<double> counts(skewed.size());
  for (int i = 0; i < draws; ++i)
    counts[static_cast<size_t>(
        chooseToken(logitsOf(skewed), with(1),
                    randomUniform(7, static_cast<uint64_t>(i))))] += 1;
  for (size_t i = 0; i < skewed.size(); ++i)
    EXPECT_NEAR(counts[i], draws * skewed[i],
                5 * std::sqrt(draws * skewed[i] * (1 - skewed[i])));
}

TEST(Sampler, TopKKeepsTheLikeliest) {
  expectChances(logitsOf(skewed), with(1, 1), {0, 1, 0, 0, 0});
  expectChances(logitsOf(skewed), with(1, 2), {0, 2 / 3.0, 0, 1 / 3.0, 0});
  // Of the two with 1/16 the lower one.
  expectChances(logitsOf(skewed), with(1, 4),
                {2 / 15.0, 8 / 15.0, 1 / 15.0, 4 / 15.0, 0});
  for (int64_t k : {0, 5, 6, 1000000})
    expectChances(logitsOf(skewed), with(1, k), skewed);
}

TEST(Sampler, TopPKeepsTheFewestThatReachIt) {
  expectChances(logitsOf(skewed), with(1, 0, 1e-9), {0, 1, 0, 0, 0});
  expectChances(logitsOf(skewed), with(1, 0, 0.49), {0, 1, 0, 0, 0});
  expectChances(logitsOf(skewed), with(1, 0, 0.51),
                {0, 2 / 3.0, 0, 1 / 3.0, 0});
  expectChances(logitsOf(skewed), with(1, 0, 0.74),
                {0, 2 / 3.0, 0, 1 / 3.0, 0});
  expectChances(logitsOf(skewed), with(1, 0, 0.76),
                {1 / 7.0, 4 / 7.0, 0, 2 / 7.0, 0});
  expectChances(logitsOf(skewed), with(1, 0, 1), skewed);
}

TEST(Sampler, TopPCountsWhatTemperatureAndTopKLeave) {
  // Of the three likeliest, 4/7 and 2/7: the first alone reaches a half.
  expectChances(logitsOf(skewed), with(1, 3, 0.57), {0, 1, 0, 0, 0});
  expectChances(logitsOf(skewed), with(1, 3, 0.6), {0, 2 / 3.0, 0, 1 / 3.0, 0});
  // At temperature 1/2 the likeliest has 0.73 of the probability.
  expectChances(logitsOf(skewed), with(0.5, 0, 0.7), {0, 1, 0, 0, 0});
}

TEST(Sampler, ATokenWithoutProbabilityIsNeverChosen) {
  const float never = -std::numeric_limits<float>::infinity();
  for (double uniform : {0.0, 0.5, 1 - 0x1p-53})
    for (double high : {0.1, 0.3, 7.7}) {
      int32_t token = chooseToken({never, static_cast<float>(high), 0.2f,
                                   static_cast<float>(high / 3), never},
                                  with(0.7), uniform);
      EXPECT_GE(token, 1);
      EXPECT_LE(token, 3);
    }
}

TEST(Sampler, PromptsAreBytesOrNumbers) {
  Result<std::vector<int32_t>> bytes = encodePrompt("A\xff", true, 256);
  ASSERT_TRUE(bytes.isOk());
  EXPECT_EQ(*bytes, (std::vector<int32_t>{65, 255}));
  EXPECT_EQ(*encodePrompt("", true, 256), std::vector<int32_t>{10});
  EXPECT_EQ(*encodePrompt(" 464  3290", false, 50257),
            (std::vector<int32_t>{464, 3290}));
  EXPECT_FAILS(encodePrompt("In the", false, 50257), "must list token numbers");
  EXPECT_FAILS(encodePrompt("", false, 50257), "must list token numbers");
  EXPECT_FAILS(encodePrompt("50257", false, 50257),
               "token 50257 of the prompt is not in the model's vocabulary");
  EXPECT_FAILS(encodePrompt("\x80", true, 128), "token 128");
}

} // namespace
