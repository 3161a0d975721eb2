//===- StorageTests.cpp - parameters that are kept in bf16 ----------------===//

#include "TestSupport.h"

#include "device/cpu/CpuDevice.h"
#include "train/ImportWeights.h"
#include "train/Parameters.h"
#include "train/Program.h"
#include "train/TensorStorage.h"

#include <cmath>
#include <limits>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

/// The bigram program's tables as those of a program that has its parameters
/// in the arena Compute only.
class NarrowTest : public DirectoryTest {
protected:
  NarrowTest() {
    program.arenas = arenas.data();
    arenas[LlmcArenaParameter].bytes = 0;
    arenas[LlmcArenaCompute].bytes = program.parameters * 2;
  }

  LlmcProgram program = llmcProgram;
  std::vector<LlmcArena> arenas{program.arenas,
                                program.arenas + program.numArenas};
  ThreadPool pool{2};
  CpuDevice device{program, pool};
};

TEST(Bf16, RoundsToNearestEven) {
  EXPECT_EQ(toBf16(1.0f), 0x3f80);
  EXPECT_EQ(toBf16(0x1.01p0f), 0x3f80);      // halfway, to even
  EXPECT_EQ(toBf16(0x1.03p0f), 0x3f82);      // halfway, to even
  EXPECT_EQ(toBf16(0x1.010002p0f), 0x3f81);  // above
  EXPECT_EQ(toBf16(-0x1.00fffep0f), 0xbf80); // below
  EXPECT_EQ(toBf16(-0.0f), 0x8000);
  EXPECT_EQ(toBf16(std::numeric_limits<float>::infinity()), 0x7f80);
  EXPECT_EQ(toBf16(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_TRUE(std::isnan(fromBf16(toBf16(std::nanf("1")))));
  EXPECT_EQ(fromBf16(0xc040), -3.0f);
}

TEST_F(NarrowTest, TablesAreChecked) {
  EXPECT_TRUE(keepsNarrowParameters(program));
  EXPECT_FALSE(keepsNarrowParameters(llmcProgram));
  EXPECT_OK(checkProgram(program));
  // The arena of parameters may also be missing.
  arenas.erase(arenas.begin());
  program.arenas = arenas.data();
  program.numArenas -= 1;
  EXPECT_OK(checkProgram(program));
  arenas.back().bytes -= 2;
  EXPECT_FAILS(checkProgram(program),
               "bigram.bias does not fit into the arena of bf16 parameters");
  arenas.back().bytes = 0;
  EXPECT_FAILS(checkProgram(program), "it has no arena of parameters");
}

TEST_F(NarrowTest, ThereIsNothingToPrepare) {
  program.prepare = program.update;
  EXPECT_FAILS(checkProgram(program),
               "a 'prepare' part and no arena of parameters");
}

TEST_F(NarrowTest, InitialValuesAreRounded) {
  EXPECT_OK(device.allocate());
  EXPECT_OK(initializeTensors(program, device, pool, LlmcArenaParameter, 5));
  const LlmcTensor &weight = program.tensors[0];
  std::vector<uint16_t> bits(static_cast<size_t>(program.parameters));
  EXPECT_OK(
      device.read(LlmcArenaCompute, 0, bits.data(), program.parameters * 2));
  for (int64_t i = 0; i < weight.elements; ++i)
    ASSERT_EQ(bits[static_cast<size_t>(i)], toBf16(initialValue(weight, 5, i)));
}

TEST_F(NarrowTest, FilesHoldTheBf16AsF32) {
  EXPECT_OK(device.allocate());
  EXPECT_OK(initializeTensors(program, device, pool, LlmcArenaParameter, 5));
  // The second tensor: its place counts.
  const LlmcTensor &bias = program.tensors[1];
  std::vector<float> values(static_cast<size_t>(bias.elements));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i) + 0.001f;
  TensorStorage parameters(program, device, LlmcArenaParameter);
  EXPECT_OK(parameters.write(bias, 0, bias.elements, values.data()));
  std::vector<uint16_t> before(static_cast<size_t>(program.parameters));
  EXPECT_OK(
      device.read(LlmcArenaCompute, 0, before.data(), program.parameters * 2));
  EXPECT_EQ(before[static_cast<size_t>(bias.offset) / 4 + 3], 0x4040);

  std::string file = path("model.safetensors");
  EXPECT_OK(writeSafetensors(
      file, parameterSources(program, device, LlmcArenaParameter), {}));
  std::vector<uint16_t> after(before.size());
  EXPECT_OK(
      device.write(LlmcArenaCompute, 0, after.data(), program.parameters * 2));
  Console console(/*quiet=*/true, /*progress=*/false);
  EXPECT_OK(importWeights(program, device, file, console));
  EXPECT_OK(
      device.read(LlmcArenaCompute, 0, after.data(), program.parameters * 2));
  EXPECT_EQ(before, after);

  // Gradients are f32 wherever parameters lie.
  TensorStorage gradients(program, device, LlmcArenaGradient);
  EXPECT_OK(gradients.write(bias, 2, 1, &values[1]));
  float found;
  EXPECT_OK(device.read(LlmcArenaGradient, bias.offset + 8, &found, 4));
  EXPECT_EQ(found, values[1]);
}

TEST_F(NarrowTest, MomentsMayBeNarrow) {
  EXPECT_FALSE(keepsNarrowMoments(program));
  arenas[LlmcArenaMoment1].bytes /= 2;
  EXPECT_FAILS(checkProgram(program),
               "the arenas of optimizer m and optimizer v have");
  arenas[LlmcArenaMoment2].bytes /= 2;
  EXPECT_TRUE(keepsNarrowMoments(program));
  EXPECT_OK(checkProgram(program));
  EXPECT_OK(device.allocate());

  const LlmcTensor &bias = program.tensors[1];
  const float value = 0.1f;
  TensorStorage moments(program, device, LlmcArenaMoment2);
  EXPECT_OK(moments.write(bias, 2, 1, &value));
  uint16_t bits;
  EXPECT_OK(device.read(LlmcArenaMoment2, bias.offset / 2 + 4, &bits, 2));
  EXPECT_EQ(bits, toBf16(value));
  float found;
  EXPECT_OK(moments.read(bias, 2, 1, &found));
  EXPECT_EQ(found, fromBf16(bits));
}

} // namespace
