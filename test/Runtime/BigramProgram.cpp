//===- BigramProgram.cpp - a training program written by hand -------------===//
//
// A bigram model over bytes, logits[t] = weight[token[t]] + bias, in the form
// that the compiler gives its programs: constant tables, kernels over a grid
// (BigramKernels.h), and entry points that are straight lines of launches.
//
// With LLMC_TEST_CUDA it is a program for a GPU, whose code is what the fake
// CUDA driver runs. Its products read a copy of the parameters, here in f32
// too, so that results are those of the CPU. The parameters themselves and both
// moments lie in the host's memory and pass through the GPU in two buckets.
//
//===----------------------------------------------------------------------===//

#include "BigramKernels.h"
#include "FakeCuda.h"

#include "abi/ProgramAbi.h"

using namespace bigram;

namespace {

/// What products read.
#ifdef LLMC_TEST_CUDA
constexpr LlmcArenaKind weightArena = LlmcArenaCompute;
#else
constexpr LlmcArenaKind weightArena = LlmcArenaParameter;
#endif

/// A tensor's address; places are in floats.
void *at(LlmcContext *context, LlmcArenaKind kind, int64_t place = 0) {
  return static_cast<float *>(context->arenas[kind]) + place;
}

void evaluate(LlmcContext *c) {
  void *row[] = {at(c, weightArena), at(c, LlmcArenaIo, tokensAt),
                 at(c, LlmcArenaIo, targetsAt), at(c, LlmcArenaActivation)};
  llmcLaunch(c, RowLoss, row);
  void *mean[] = {at(c, LlmcArenaActivation), at(c, LlmcArenaIo, lossAt)};
  llmcLaunch(c, MeanLoss, mean);
}

void computeGradients(LlmcContext *c, Kernel kernel) {
  evaluate(c);
  void *args[] = {at(c, LlmcArenaGradient), at(c, LlmcArenaIo, tokensAt),
                  at(c, LlmcArenaActivation)};
  llmcLaunch(c, kernel, args);
}

void microStep(LlmcContext *c) { computeGradients(c, AddGradients); }
void firstMicroStep(LlmcContext *c) { computeGradients(c, StoreGradients); }

/// Both buckets of `state`, three arenas in the order of their kinds.
void launchAdamW(LlmcContext *c, int64_t bucket, void *const (&state)[3]) {
  const int64_t first = bucket * half * V;
  void *adam[] = {state[0],
                  at(c, LlmcArenaGradient, first),
                  state[1],
                  state[2],
                  at(c, LlmcArenaIo, hyperAt),
                  at(c, LlmcArenaIo, normAt),
                  at(c, weightArena, first)};
  llmcLaunch(c, bucket ? AdamWSecond : AdamW, adam);
}

void launchNorm(LlmcContext *c) {
  void *part[] = {at(c, LlmcArenaGradient), at(c, LlmcArenaIo, hyperAt),
                  at(c, LlmcArenaActivation)};
  llmcLaunch(c, NormPart, part);
  void *root[] = {at(c, LlmcArenaIo, normAt), at(c, LlmcArenaActivation)};
  llmcLaunch(c, NormRoot, root);
}

#ifndef LLMC_TEST_CUDA
void update(LlmcContext *c) {
  launchNorm(c);
  for (int64_t bucket : {0, 1}) {
    const int64_t first = bucket * half * V;
    launchAdamW(c, bucket,
                {at(c, LlmcArenaParameter, first),
                 at(c, LlmcArenaMoment1, first),
                 at(c, LlmcArenaMoment2, first)});
  }
}
#else
constexpr LlmcArenaKind offloaded[] = {LlmcArenaParameter, LlmcArenaMoment1,
                                       LlmcArenaMoment2};
/// Where the table of arenas leaves the order of the kinds.
constexpr auto stagingArena = LlmcArenaKind(LlmcArenaCompute + 1);

// Of state s of bucket b: copies[2 s + b] to the device, copies[6 + 2 s + b] to
// the host; the last one is of all parameters.
constexpr int64_t firstBytes = half * V * 4, restBytes = rest * V * 4;
#define BOTH(direction)                                                        \
  {"p0", firstBytes, direction}, {"p1", restBytes, direction},                 \
      {"m0", firstBytes, direction}, {"m1", restBytes, direction},             \
      {"v0", firstBytes, direction}, {                                         \
    "v1", restBytes, direction                                                 \
  }
const LlmcCopy copies[] = {BOTH(LlmcCopyToDevice),
                           BOTH(LlmcCopyToHost),
                           {"p", numParameters * 4, LlmcCopyToDevice}};

void *onHost(LlmcContext *c, int64_t state, int64_t bucket) {
  return at(c, offloaded[state], bucket * half * V);
}
void *inStaging(LlmcContext *c, int64_t state, int64_t bucket) {
  return at(c, stagingArena, (bucket * 3 + state) * rest * V);
}
void bring(LlmcContext *c, int64_t bucket) {
  for (int64_t s : {0, 1, 2})
    llmcStartCopy(c, 2 * s + bucket, onHost(c, s, bucket),
                  inStaging(c, s, bucket));
}

void update(LlmcContext *c) {
  bring(c, 0);
  launchNorm(c);
  for (int64_t bucket : {0, 1}) {
    if (bucket == 0)
      bring(c, 1);
    for (int64_t s : {0, 1, 2})
      llmcWaitCopy(c, 2 * s + bucket);
    launchAdamW(c, bucket,
                {inStaging(c, 0, bucket), inStaging(c, 1, bucket),
                 inStaging(c, 2, bucket)});
    for (int64_t s : {0, 1, 2})
      llmcStartCopy(c, 6 + 2 * s + bucket, inStaging(c, s, bucket),
                    onHost(c, s, bucket));
  }
  for (int64_t copy = 6; copy < 12; ++copy)
    llmcWaitCopy(c, copy);
}
#endif

void generate(LlmcContext *c) {
  void *args[] = {at(c, weightArena), at(c, LlmcArenaIo, promptAt),
                  at(c, LlmcArenaIo, positionAt), at(c, LlmcArenaIo, logitsAt)};
  llmcLaunch(c, PromptLogits, args);
}

#ifdef LLMC_TEST_CUDA
void prepare(LlmcContext *c) {
  llmcStartCopy(c, 12, onHost(c, 0, 0), inStaging(c, 0, 0));
  llmcWaitCopy(c, 12);
  void *args[] = {inStaging(c, 0, 0), at(c, weightArena)};
  llmcLaunch(c, CopyPart, args);
}
constexpr int32_t isOnHost = 1;
constexpr int64_t stagingBytes = 6 * rest * V * 4;
#else
constexpr int32_t isOnHost = 0;
#endif

// In the order of the arena kinds, so that a kind is its own index, up to the
// copies.
const LlmcArena arenas[] = {
    {"parameters", numParameters * 4, LlmcArenaParameter, 64, 0, isOnHost},
    {"gradients", numParameters * 4, LlmcArenaGradient, 64, 0, 0},
    {"optimizer m", numParameters * 4, LlmcArenaMoment1, 64, 0, isOnHost},
    {"optimizer v", numParameters * 4, LlmcArenaMoment2, 64, 0, isOnHost},
    {"constants", T * 4 * 4 * 2, LlmcArenaConstant, 64, 0, 0},
    {"activations", activationSize * 4, LlmcArenaActivation, 64, 0, 0},
    {"inputs and outputs", ioSize * 4, LlmcArenaIo, 64, 0, 0},
    {"workspace", V * 4, LlmcArenaWorkspace, 64, 0, 0},
    {"compute copies", weightArena == LlmcArenaCompute ? numParameters * 4 : 0,
     LlmcArenaCompute, 64, 0, 0},
#ifdef LLMC_TEST_CUDA
    {"staging buffers", stagingBytes, LlmcArenaStaging, 64, 0, 0},
#endif
};

const int64_t weightShape[] = {V, V}, biasShape[] = {V}, ropeShape[] = {T, 4};
const double deviation[] = {0.02}, ropeFrequencies[] = {1, 0.01};
const LlmcTensor tensors[] = {
    {"bigram.weight", weightShape, deviation, 0, numWeights, 2, LlmcInitNormal,
     LlmcArenaParameter, 1},
    {"bigram.bias", biasShape, nullptr, numWeights * 4, V, 1, LlmcInitZeros,
     LlmcArenaParameter, 0},
    {"rope.cos", ropeShape, ropeFrequencies, 0, T * 4, 2, LlmcInitRopeCos,
     LlmcArenaConstant, 0},
    {"rope.sin", ropeShape, ropeFrequencies, T * 4 * 4, T * 4, 2,
     LlmcInitRopeSin, LlmcArenaConstant, 0},
};

#ifdef LLMC_TEST_CUDA
constexpr LlmcDeviceKind deviceKind = LlmcDeviceCuda;
constexpr const char *target = "cuda: by hand";
constexpr int32_t computeCapability = 89, threads = 32;
constexpr int64_t image = 0, numImages = 1;
const FakeKernel code[] = {
    {"row_loss", rowLoss, 4},
    {"mean_loss", meanLoss, 2},
    {"add_gradients", addGradients<false>, 3},
    {"norm_part", normPart, 3},
    {"norm_root", normRoot, 2},
    {"adamw", adamw, 7},
    {"prompt_logits", promptLogits, 4},
    {"copy", copyPart, 2},
    {"adamw_1", adamwSecond, 7},
    {"store_gradients", addGradients<true>, 3},
};
const FakeModule cubin = {code, 10};
const LlmcImage images[] = {{&cubin, nullptr, sizeof(cubin), 0}};
constexpr LlmcEntryPoint prepareEntry = prepare;
constexpr int64_t numCopies = 13;
#define CODE(function) nullptr
#else
constexpr LlmcDeviceKind deviceKind = LlmcDeviceCpu;
constexpr const char *target = "cpu: by hand";
constexpr int32_t computeCapability = 0, threads = 0;
constexpr int64_t image = -1, numImages = 0;
constexpr LlmcImage *images = nullptr;
constexpr LlmcEntryPoint prepareEntry = nullptr;
constexpr int64_t numCopies = 0;
constexpr LlmcCopy *copies = nullptr;
#define CODE(function) function
#endif

const LlmcKernel kernels[] = {
    {"row_loss", "bigram.mlir:3", CODE(rowLoss), R, 1, 1, R * V * 4, R * V * 8,
     "row_loss", image, threads, 0, 4, 1},
    {"mean_loss", "bigram.mlir:4", CODE(meanLoss), 1, 1, 1, R, R * 4,
     "mean_loss", image, threads, 0, 2, 1},
    {"add_gradients", "bigram.mlir:3", CODE(addGradients<false>), 16, 17, 1,
     R * V * 2, R * V * 12, "add_gradients", image, threads, 0, 3, 1},
    {"norm_part", "bigram.mlir:1", CODE(normPart), V + 1, 1, 1,
     numParameters * 2, numParameters * 4, "norm_part", image, threads, 0, 3,
     1},
    {"norm_root", "bigram.mlir:1", CODE(normRoot), 1, 1, 1, V, V * 4,
     "norm_root", image, threads, 0, 2, 1},
    {"adamw", "bigram.mlir:1", CODE(adamw), half, 1, 1, half * V * 12,
     half * V * 32, "adamw", image, threads, 0, 7, 1},
    {"prompt_logits", "bigram.mlir:3", CODE(promptLogits), 1, 1, 1, V, V * 8,
     "prompt_logits", image, threads, 0, 4, 1},
    {"copy", "bigram.mlir:1", CODE(copyPart), V + 1, 1, 1, 0, numParameters * 8,
     "copy", image, threads, 0, 2, 1},
    {"adamw_1", "bigram.mlir:1", CODE(adamwSecond), rest, 1, 1, rest * V * 12,
     rest * V * 32, "adamw_1", image, threads, 0, 7, 1},
    {"store_gradients", "bigram.mlir:3", CODE(addGradients<true>), 16, 17, 1,
     R * V * 2, R * V * 8, "store_gradients", image, threads, 0, 3, 1},
};

} // namespace

extern "C" const LlmcProgram llmcProgram = {
    LLMC_ABI_VERSION,
    sizeof(LlmcProgram),
    "bigram",
    "bigram.mlir",
    target,
    B,
    T,
    V,
    numParameters,
    R * V * 6,
    sizeof(arenas) / sizeof(*arenas),
    arenas,
    4,
    tensors,
    10,
    kernels,
    tokensAt * 4,
    targetsAt * 4,
    lossAt * 4,
    hyperAt * 4,
    /*placesOffset=*/-1,
    normAt * 4,
    promptAt * 4,
    positionAt * 4,
    logitsAt * 4,
    microStep,
    update,
    evaluate,
    generate,
    deviceKind,
    computeCapability,
    "f32",
    numImages,
    images,
    prepareEntry,
    "{\"model_type\": \"bigram\", \"rope_theta\": 10000}\n",
    nullptr,
    /*lastMicroStep=*/nullptr,
    firstMicroStep,
    /*onlyMicroStep=*/nullptr,
    /*ranks=*/1,
    /*zeroStage=*/0,
    /*numBuckets=*/0,
    /*buckets=*/nullptr,
    /*numCollectives=*/0,
    /*collectives=*/nullptr,
    numCopies,
    copies,
    /*ncclChannels=*/0,
};
