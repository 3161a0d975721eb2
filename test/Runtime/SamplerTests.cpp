//===- SamplerTests.cpp - the choice of tokens ----------------------------===//

#include "TestSupport.h"

#include "core/Rng.h"
#include "train/Sampler.h"

#include <cmath>

using namespace llmc::runtime;

namespace {

const std::vector<float> logits = {0.0f, 2.0f, 1.0f, 2.0f};

std::vector<double> frequencies(const SamplerOptions &options) {
  std::vector<double> counts(logits.size());
  const int draws = 20000;
  for (int i = 0; i < draws; ++i)
    counts[static_cast<size_t>(chooseToken(
        logits, options, randomUniform(1, static_cast<uint64_t>(i))))] +=
        1.0 / draws;
  return counts;
}

TEST(Sampler, TemperatureZeroTakesTheFirstOfTheLikeliest) {
  SamplerOptions options;
  options.temperature = 0;
  EXPECT_EQ(chooseToken(logits, options, 0.99), 1);
}

TEST(Sampler, FollowsTheSoftmax) {
  SamplerOptions options;
  options.temperature = 0.5;
  double sum = 0;
  for (float logit : logits)
    sum += std::exp(logit / 0.5);
  std::vector<double> found = frequencies(options);
  for (size_t i = 0; i < logits.size(); ++i)
    EXPECT_NEAR(found[i], std::exp(logits[i] / 0.5) / sum, 0.02);
}

TEST(Sampler, TopKAndTopPLeaveTheUnlikelyOut) {
  SamplerOptions options;
  options.temperature = 1;
  options.topK = 3;
  EXPECT_EQ(frequencies(options)[0], 0);
  EXPECT_GT(frequencies(options)[2], 0.1);
  options.topK = 0;
  options.topP = 0.79; // the two likeliest have 0.799 of the probability
  EXPECT_EQ(frequencies(options)[0], 0);
  EXPECT_NEAR(frequencies(options)[1], 0.5, 0.02);
  options.topP = 1e-6;
  EXPECT_NEAR(frequencies(options)[1], 1, 1e-9);
}

TEST(Sampler, EveryUniformGivesAToken) {
  SamplerOptions options;
  for (double uniform : {0.0, 0.5, 1 - 0x1p-53}) {
    int32_t token = chooseToken(logits, options, uniform);
    EXPECT_GE(token, 0);
    EXPECT_LT(token, 4);
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
