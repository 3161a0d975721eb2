//===- WeightTests.cpp - initial values and safetensors -------------------===//

#include "TestSupport.h"

#include "device/cpu/CpuDevice.h"
#include "train/Parameters.h"
#include "train/Program.h"

#include <cmath>
#include <cstring>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

class WeightTest : public DirectoryTest {
protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    EXPECT_OK(device.allocate());
  }

  std::vector<float> readAll(LlmcArenaKind kind) {
    std::vector<float> values(static_cast<size_t>(llmcProgram.parameters));
    EXPECT_OK(device.read(kind, 0, values.data(), llmcProgram.parameters * 4));
    return values;
  }

  /// A safetensors file with the header given and `bytes` of data.
  std::string withHeader(const std::string &header, const std::string &bytes) {
    uint64_t length = header.size();
    std::string contents(reinterpret_cast<const char *>(&length), 8);
    return write("x.safetensors", contents + header + bytes);
  }

  ThreadPool pool{2};
  CpuDevice device{llmcProgram, pool};
};

TEST_F(WeightTest, InitialValuesDoNotDependOnThreads) {
  EXPECT_OK(
      initializeTensors(llmcProgram, device, pool, LlmcArenaParameter, 5));
  std::vector<float> values = readAll(LlmcArenaParameter);
  const LlmcTensor &weight = llmcProgram.tensors[0];
  double squares = 0;
  for (int64_t i = 0; i < weight.elements; ++i) {
    ASSERT_EQ(values[static_cast<size_t>(i)], initialValue(weight, 5, i));
    squares += std::pow(values[static_cast<size_t>(i)], 2);
  }
  EXPECT_NEAR(std::sqrt(squares / double(weight.elements)), 0.02, 0.0005);
  EXPECT_EQ(values.back(), 0.0f); // the bias
  EXPECT_NE(initialValue(weight, 5, 0), initialValue(weight, 6, 0));
  LlmcTensor renamed = weight;
  renamed.name = "other";
  EXPECT_NE(initialValue(weight, 5, 0), initialValue(renamed, 5, 0));
}

TEST_F(WeightTest, RopeTablesFollowTheirFormula) {
  EXPECT_OK(initializeTensors(llmcProgram, device, pool, LlmcArenaConstant, 1));
  float cosines[8][4], sines[8][4];
  EXPECT_OK(device.read(LlmcArenaConstant, 0, cosines, sizeof(cosines)));
  EXPECT_OK(
      device.read(LlmcArenaConstant, sizeof(cosines), sines, sizeof(sines)));
  for (int t = 0; t < 8; ++t)
    for (int c = 0; c < 4; ++c) {
      double frequency = c % 2 == 0 ? 1 : 0.01; // 10000^(-2 * 1 / 4)
      double sine = std::sin(t * frequency);
      EXPECT_FLOAT_EQ(cosines[t][c], float(std::cos(t * frequency)));
      EXPECT_FLOAT_EQ(sines[t][c], float(c < 2 ? -sine : sine));
    }
}

TEST_F(WeightTest, SafetensorsComeBackBitForBit) {
  EXPECT_OK(
      initializeTensors(llmcProgram, device, pool, LlmcArenaParameter, 5));
  std::string file = path("model.safetensors");
  EXPECT_OK(writeSafetensors(
      file, parameterSources(llmcProgram, device, LlmcArenaParameter), {}));
  std::string contents = contentsOf(file);
  uint64_t header;
  std::memcpy(&header, contents.data(), 8);
  EXPECT_EQ(header % 8, 0u);
  EXPECT_EQ(contents.size(), 8 + header + 4 * llmcProgram.parameters);
  EXPECT_EQ(contents.substr(8, 17), "{\"__metadata__\":{");

  Result<SafetensorsFile> opened = SafetensorsFile::open(file);
  ASSERT_TRUE(opened.isOk()) << opened.message();
  EXPECT_OK(checkParameterFile(llmcProgram, *opened));
  EXPECT_OK(loadParameterFile(llmcProgram, device, *opened, LlmcArenaGradient));
  EXPECT_EQ(readAll(LlmcArenaParameter), readAll(LlmcArenaGradient));
}

TEST_F(WeightTest, HalfAndBfloatAreConverted) {
  const uint16_t bits[] = {0x3c00, 0xc000, 0x0001, 0x7c00, 0x3f80, 0xc040};
  std::string file = withHeader(
      R"({"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},)"
      R"("b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},)"
      R"("i":{"dtype":"I16","shape":[2],"data_offsets":[8,12]}})",
      std::string(reinterpret_cast<const char *>(bits), sizeof(bits)));
  Result<SafetensorsFile> opened = SafetensorsFile::open(file);
  ASSERT_TRUE(opened.isOk()) << opened.message();
  float half[4], bfloat[2];
  EXPECT_OK(opened->readFloats(*opened->find("h"), 0, 4, half));
  EXPECT_EQ(half[0], 1.0f);
  EXPECT_EQ(half[1], -2.0f);
  EXPECT_EQ(half[2], 0x1p-24f);
  EXPECT_TRUE(std::isinf(half[3]));
  EXPECT_OK(opened->readFloats(*opened->find("b"), 0, 2, bfloat));
  EXPECT_EQ(bfloat[0], 1.0f);
  EXPECT_EQ(bfloat[1], -3.0f);
  EXPECT_FAILS(opened->readFloats(*opened->find("i"), 0, 2, bfloat),
               "tensors of type I16 cannot be loaded");
}

TEST_F(WeightTest, DamagedFilesAreRefused) {
  const char *const headers[] = {
      "nonsense",
      "[]",
      R"({"a":1})",
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})",
      R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})",
      R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})",
      (R"({"a":{"dtype":"F32","shape":[9223372036854775807,9],)"
       R"("data_offsets":[0,8]}})"),
  };
  for (const char *header : headers)
    EXPECT_FAILS(SafetensorsFile::open(withHeader(header, "12345678")),
                 "not a valid safetensors file");
  EXPECT_FAILS(SafetensorsFile::open(write("x", "abc")),
               "not a valid safetensors file");
  EXPECT_FAILS(SafetensorsFile::open(write("x", std::string(8, '\x7f') + "{}")),
               "not a valid safetensors file");
}

} // namespace
