//===- BigramKernels.h - what the bigram model computes ---------*- C++ -*-===//
//
// Places in its arenas, and its kernels over a grid, as the compiler's are.
// They sum in a fixed order, so that results do not depend on the number of
// threads.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_TEST_RUNTIME_BIGRAMKERNELS_H
#define LLMC_TEST_RUNTIME_BIGRAMKERNELS_H

#include "abi/ProgramAbi.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace bigram {

constexpr int64_t B = 2, T = 8, V = 256, R = B * T;
constexpr int64_t numWeights = V * V, numParameters = numWeights + V;

// Io, in floats.
constexpr int64_t tokensAt = 0, targetsAt = R, lossAt = 2 * R,
                  hyperAt = lossAt + 1, normAt = hyperAt + LlmcHyperCount,
                  promptAt = normAt + 1, positionAt = promptAt + T,
                  logitsAt = positionAt + 1, ioSize = logitsAt + V;
// Activations, in floats.
constexpr int64_t deltasAt = 0, rowLossAt = R * V, partsAt = rowLossAt + R,
                  activationSize = partsAt + V + 1;

// The rows of parameters, V + 1 of them, are updated in two buckets.
constexpr int64_t half = 128, rest = V + 1 - half;

inline float *f32(void *pointer) { return static_cast<float *>(pointer); }
inline int32_t *i32(void *pointer) { return static_cast<int32_t *>(pointer); }

/// One row: softmax in the workspace, loss, and the gradient of the logits.
inline void rowLoss(void **args, int64_t row, int64_t, int64_t,
                    void *workspace) {
  const float *weight = f32(args[0]), *bias = weight + numWeights;
  float *activations = f32(args[3]), *scratch = f32(workspace);
  const float *logits = weight + i32(args[1])[row] * V;
  float highest = logits[0] + bias[0], sum = 0;
  for (int64_t v = 0; v < V; ++v) {
    scratch[v] = logits[v] + bias[v];
    highest = std::max(highest, scratch[v]);
  }
  for (int64_t v = 0; v < V; ++v) {
    scratch[v] = std::exp(scratch[v] - highest);
    sum += scratch[v];
  }
  const int32_t target = i32(args[2])[row];
  activations[rowLossAt + row] = std::log(sum) - std::log(scratch[target]);
  for (int64_t v = 0; v < V; ++v)
    activations[deltasAt + row * V + v] =
        (scratch[v] / sum - (v == target ? 1.0f : 0.0f)) / R;
}

inline void meanLoss(void **args, int64_t, int64_t, int64_t, void *) {
  float sum = 0;
  for (int64_t row = 0; row < R; ++row)
    sum += f32(args[0])[rowLossAt + row];
  *f32(args[1]) = sum / R;
}

/// Adds to the gradients of one row of the weight, or stores them; block V is
/// the bias. The grid is (16, 17): the indices are put together as the compiler
/// would.
template <bool stores>
inline void addGradients(void **args, int64_t x, int64_t y, int64_t, void *) {
  const int64_t token = y * 16 + x;
  if (token > V)
    return;
  float *gradient = f32(args[0]) + token * V;
  if (stores)
    std::fill_n(gradient, V, 0.0f);
  for (int64_t row = 0; row < R; ++row)
    if (token == V || i32(args[1])[row] == token)
      for (int64_t v = 0; v < V; ++v)
        gradient[v] += f32(args[2])[deltasAt + row * V + v];
}

inline void normPart(void **args, int64_t part, int64_t, int64_t, void *) {
  const float *gradient = f32(args[0]) + part * V;
  const float scale = f32(args[1])[LlmcHyperGradientScale];
  float sum = 0;
  for (int64_t v = 0; v < V; ++v)
    sum += gradient[v] * scale * (gradient[v] * scale);
  f32(args[2])[partsAt + part] = sum;
}

inline void normRoot(void **args, int64_t, int64_t, int64_t, void *) {
  float sum = 0;
  for (int64_t part = 0; part <= V; ++part)
    sum += f32(args[1])[partsAt + part];
  *f32(args[0]) = std::sqrt(sum);
}

inline void adamw(void **args, int64_t part, int64_t, int64_t, void *) {
  const float *hyper = f32(args[4]);
  const float norm = *f32(args[5]), clip = hyper[LlmcHyperClip];
  float scale = hyper[LlmcHyperGradientScale];
  if (clip > 0 && norm > clip)
    scale *= clip / norm;
  const float decay = part < V ? hyper[LlmcHyperWeightDecay] : 0.0f;
  for (int64_t i = part * V; i < (part + 1) * V; ++i) {
    float &p = f32(args[0])[i], &m = f32(args[2])[i], &v = f32(args[3])[i];
    float gradient = f32(args[1])[i] * scale;
    m = hyper[LlmcHyperBeta1] * m + (1 - hyper[LlmcHyperBeta1]) * gradient;
    v = hyper[LlmcHyperBeta2] * v +
        (1 - hyper[LlmcHyperBeta2]) * gradient * gradient;
    float step =
        m / hyper[LlmcHyperCorrection1] /
        (std::sqrt(v / hyper[LlmcHyperCorrection2]) + hyper[LlmcHyperEpsilon]);
    p -= hyper[LlmcHyperLearningRate] * (step + decay * p);
    f32(args[6])[i] = p;
  }
}

/// Of the second bucket, whose first row is `half`.
inline void adamwSecond(void **args, int64_t part, int64_t, int64_t, void *) {
  void *whole[7];
  for (int i = 0; i < 7; ++i)
    whole[i] = i == 4 || i == 5 ? args[i] : f32(args[i]) - half * V;
  adamw(whole, half + part, 0, 0, nullptr);
}

inline void promptLogits(void **args, int64_t, int64_t, int64_t, void *) {
  const float *weight = f32(args[0]), *bias = weight + numWeights;
  const int32_t token = i32(args[1])[*i32(args[2])];
  for (int64_t v = 0; v < V; ++v)
    f32(args[3])[v] = weight[token * V + v] + bias[v];
}

inline void copyPart(void **args, int64_t part, int64_t, int64_t, void *) {
  std::memcpy(f32(args[1]) + part * V, f32(args[0]) + part * V, V * 4);
}

enum Kernel {
  RowLoss,
  MeanLoss,
  AddGradients,
  NormPart,
  NormRoot,
  AdamW,
  PromptLogits,
  CopyPart,
  AdamWSecond,
  StoreGradients
};

} // namespace bigram

#endif // LLMC_TEST_RUNTIME_BIGRAMKERNELS_H
