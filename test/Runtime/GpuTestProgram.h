//===- GpuTestProgram.h - a small program for a GPU -----------------------===//

#ifndef LLMC_TEST_RUNTIME_GPUTESTPROGRAM_H
#define LLMC_TEST_RUNTIME_GPUTESTPROGRAM_H

#include "device/Device.h"

#include <cstdint>
#include <vector>

namespace llmc::runtime::test {

// A program of one product: loss = sum of tokens * targets, and an update that
// adds it to every parameter.
constexpr int64_t window = 4, numParameters = 3 << 20; // 12 MiB
constexpr int64_t tokensAt = 64, targetsAt = 128, lossAt = 0, normAt = 4,
                  hyperAt = 8;

inline void *at(LlmcContext *context, int arena, int64_t byte) {
  return static_cast<char *>(context->arenas[arena]) + byte;
}

inline void microStep(LlmcContext *c) {
  void *args[] = {at(c, 1, tokensAt), at(c, 1, targetsAt), at(c, 1, lossAt)};
  llmcLaunch(c, 0, args);
}

inline void update(LlmcContext *c) {
  void *args[] = {at(c, 0, 0), at(c, 1, lossAt)};
  llmcLaunch(c, 1, args);
}

inline void evaluate(LlmcContext *c) { microStep(c); }
inline void firstMicroStep(LlmcContext *c) { microStep(c); }

inline const int64_t shape[] = {3, 1 << 20};
inline const LlmcArena arenas[] = {
    {"parameters", numParameters * 4, LlmcArenaParameter, 4096, 0, 0},
    {"inputs and outputs", 256, LlmcArenaIo, 64, 0, 0},
    {"workspace", 0, LlmcArenaWorkspace, 64, 0, 0},
};
inline const LlmcTensor tensors[] = {{"wte.weight", shape, nullptr, 0,
                                      numParameters, 2, LlmcInitZeros,
                                      LlmcArenaParameter, 0}};
inline const LlmcKernel kernels[] = {
    {"sum", "m.mlir:7", nullptr, 1, 1, 1, 100, 200, "sum_1", 0, 32, 65536, 3,
     1},
    {"grow", "m.mlir:9", nullptr, 8, 1, 1, 0, 0, "grow", 0, 64, 0, 2, 1},
};

/// The program, without its images.
inline LlmcProgram smallGpuProgram() {
  LlmcProgram program{};
  program.batch = 1;
  program.ranks = 1;
  program.sequence = window;
  program.numArenas = 3;
  program.arenas = arenas;
  program.numTensors = 1;
  program.tensors = tensors;
  program.numKernels = 2;
  program.kernels = kernels;
  program.tokensOffset = tokensAt;
  program.targetsOffset = targetsAt;
  program.lossOffset = lossAt;
  program.hyperOffset = hyperAt;
  program.normOffset = normAt;
  program.microStep = microStep;
  program.firstMicroStep = firstMicroStep;
  program.update = update;
  program.evaluate = evaluate;
  program.deviceKind = LlmcDeviceCuda;
  program.computeCapability = 89;
  program.precision = "bf16";
  program.numImages = 1;
  return program;
}

/// Some steps as the loop makes them; `losses` are what they should be.
inline Status steps(Device &device, std::vector<float> &losses,
                    std::vector<float> &expected) {
  losses.assign(6, -1);
  expected.clear();
  LLMC_TRY(device.finish());
  for (int32_t i = 0; i < 6; ++i) {
    int32_t tokens[window] = {i, 1, 2, 3}, targets[window] = {10, i, 0, 1};
    LLMC_TRY(device.writeBatch(tokens, targets));
    LLMC_TRY(device.run(microStep));
    LLMC_TRY(device.readLater(LlmcArenaIo, lossAt,
                              &losses[static_cast<size_t>(i)], 4));
    expected.push_back(static_cast<float>(11 * i + 3));
    if (i % 3 == 2)
      LLMC_TRY(device.run(update));
  }
  return device.finish();
}

} // namespace llmc::runtime::test

#endif // LLMC_TEST_RUNTIME_GPUTESTPROGRAM_H
