//===- ImportTests.cpp - first weights from other tools' files ------------===//

#include "TestSupport.h"

#include "device/cpu/CpuDevice.h"
#include "train/ImportWeights.h"
#include "train/Program.h"
#include "train/Safetensors.h"

#include <algorithm>
#include <numeric>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

struct Named {
  std::string name;
  std::vector<int64_t> shape;
};

/// A program with parameters of these names and shapes, one after the other.
class Target {
public:
  explicit Target(std::vector<Named> named, const char *config = nullptr)
      : named(std::move(named)) {
    int64_t offset = 0;
    for (Named &parameter : this->named) {
      LlmcTensor tensor = llmcProgram.tensors[0];
      tensor.name = parameter.name.c_str();
      tensor.shape = parameter.shape.data();
      tensor.rank = static_cast<int32_t>(parameter.shape.size());
      tensor.elements =
          std::accumulate(parameter.shape.begin(), parameter.shape.end(),
                          int64_t(1), std::multiplies<>());
      tensor.offset = offset;
      offset += tensor.elements * 4;
      tensors.push_back(tensor);
    }
    program.tensors = tensors.data();
    program.numTensors = static_cast<int64_t>(tensors.size());
    program.config = config;
    EXPECT_LE(offset, findArena(program, LlmcArenaParameter)->bytes);
    EXPECT_OK(device.allocate());
    std::vector<float> untouched(static_cast<size_t>(offset) / 4, -1.0f);
    EXPECT_OK(device.write(LlmcArenaParameter, 0, untouched.data(), offset));
  }

  Status load(const std::string &path) {
    Console console(/*quiet=*/true, /*progress=*/false);
    return importWeights(program, device, path, console);
  }

  std::vector<float> values(const std::string &name) {
    for (const LlmcTensor &tensor : tensors)
      if (tensor.name == name) {
        std::vector<float> found(static_cast<size_t>(tensor.elements));
        EXPECT_OK(device.read(LlmcArenaParameter, tensor.offset, found.data(),
                              tensor.elements * 4));
        return found;
      }
    ADD_FAILURE() << name;
    return {};
  }

  bool isUntouched() {
    for (const Named &parameter : named)
      for (float value : values(parameter.name))
        if (value != -1.0f)
          return false;
    return true;
  }

private:
  std::vector<Named> named;
  std::vector<LlmcTensor> tensors;
  LlmcProgram program = llmcProgram;
  ThreadPool pool{1};
  CpuDevice device{program, pool};
};

/// A tensor of a file: element i is `first` + i.
TensorSource counting(const std::string &name, std::vector<int64_t> shape,
                      float first = 0) {
  int64_t elements = std::accumulate(shape.begin(), shape.end(), int64_t(1),
                                     std::multiplies<>());
  return {name, std::move(shape), elements,
          [first](int64_t start, int64_t count, float *out) {
            for (int64_t i = 0; i < count; ++i)
              out[i] = first + static_cast<float>(start + i);
            return Status::ok();
          }};
}

using Floats = std::vector<float>;

class ImportTest : public DirectoryTest {
protected:
  std::string save(const std::vector<TensorSource> &tensors,
                   const std::string &name = "model.safetensors") {
    EXPECT_OK(writeSafetensors(path(name), tensors, {}));
    return path(name);
  }
};

TEST_F(ImportTest, NamesMayHaveThePrefixOfTransformersOrNot) {
  save({counting("transformer.wte.weight", {2, 3}),
        counting("model.norm.weight", {3}, 10)});
  Target without({{"wte.weight", {2, 3}}, {"norm.weight", {3}}});
  EXPECT_OK(without.load(directory));
  EXPECT_EQ(without.values("norm.weight"), (Floats{10, 11, 12}));
  save({counting("wte.weight", {2, 3}), counting("norm.weight", {3})});
  Target with({{"transformer.wte.weight", {2, 3}}});
  EXPECT_OK(with.load(directory));
  EXPECT_EQ(with.values("transformer.wte.weight")[5], 5);
}

TEST_F(ImportTest, AHeadMayBeTheEmbedding) {
  const Named embedding = {"model.embed_tokens.weight", {2, 2}};
  const Named head = {"lm_head.weight", {2, 2}};
  Target own({embedding, head}), tied({embedding});
  save({counting(embedding.name, {2, 2}, 1)});
  EXPECT_OK(own.load(directory));
  EXPECT_EQ(own.values(head.name), (Floats{1, 2, 3, 4}));
  save({counting(head.name, {2, 2}, 5)});
  EXPECT_OK(tied.load(directory));
  EXPECT_EQ(tied.values(embedding.name), (Floats{5, 6, 7, 8}));

  Target fresh({embedding});
  save({counting(embedding.name, {2, 2}), counting(head.name, {2, 2})});
  EXPECT_OK(fresh.load(directory));
  Target refused({embedding});
  save({counting(embedding.name, {2, 2}), counting(head.name, {2, 2}, 1)});
  EXPECT_FAILS(refused.load(directory),
               "tensor lm_head.weight of shape [2, 2] is not the same as "
               "model.embed_tokens.weight of shape [2, 2], and the model uses "
               "one tensor for both; give the model a parameter "
               "\"lm_head.weight\"");
  EXPECT_TRUE(refused.isUntouched());
}

TEST_F(ImportTest, PartsAreCutByRows) {
  save({counting("a.qkv_proj.weight", {4, 2}), counting("a.c_attn.bias", {4}),
        counting("m.gate_up_proj.weight", {4, 1})});
  Target target({{"a.q_proj.weight", {2, 2}},
                 {"a.k_proj.weight", {1, 2}},
                 {"a.v_proj.weight", {1, 2}},
                 {"a.q_proj.bias", {2}},
                 {"a.k_proj.bias", {1}},
                 {"a.v_proj.bias", {1}},
                 {"m.gate_proj.weight", {2, 1}},
                 {"m.up_proj.weight", {2, 1}}});
  EXPECT_OK(target.load(directory));
  EXPECT_EQ(target.values("a.q_proj.weight"), (Floats{0, 1, 2, 3}));
  EXPECT_EQ(target.values("a.k_proj.weight"), (Floats{4, 5}));
  EXPECT_EQ(target.values("a.v_proj.weight"), (Floats{6, 7}));
  EXPECT_EQ(target.values("a.v_proj.bias"), (Floats{3}));
  EXPECT_EQ(target.values("m.up_proj.weight"), (Floats{2, 3}));
}

TEST_F(ImportTest, PartsAreCutByColumns) {
  save({counting("h.0.attn.c_attn.weight", {2, 6})});
  Target target({{"h.0.attn.q_proj.weight", {2, 2}},
                 {"h.0.attn.k_proj.weight", {2, 2}},
                 {"h.0.attn.v_proj.weight", {2, 2}}});
  EXPECT_OK(target.load(directory));
  EXPECT_EQ(target.values("h.0.attn.k_proj.weight"), (Floats{2, 3, 8, 9}));
}

TEST_F(ImportTest, PartsAreJoined) {
  save({counting("q_proj.weight", {2, 2}), counting("k_proj.weight", {1, 2}, 4),
        counting("v_proj.weight", {1, 2}, 6)});
  Target rows({{"qkv_proj.weight", {4, 2}}});
  EXPECT_OK(rows.load(directory));
  EXPECT_EQ(rows.values("qkv_proj.weight"), (Floats{0, 1, 2, 3, 4, 5, 6, 7}));
  save({counting("x.gate_proj.weight", {2, 2}),
        counting("x.up_proj.weight", {2, 2}, 10)});
  Target columns({{"x.gate_up_proj.weight", {2, 4}}});
  EXPECT_OK(columns.load(directory));
  EXPECT_EQ(columns.values("x.gate_up_proj.weight"),
            (Floats{0, 1, 10, 11, 2, 3, 12, 13}));
}

TEST_F(ImportTest, LongTensorsAreCopiedInBlocks) {
  // A block has 65,536 elements, the bigram's arena 65,792.
  save({counting("gate_proj.weight", {512, 64}),
        counting("up_proj.weight", {513, 64}, 32768)});
  Target target({{"gate_up_proj.weight", {1025, 64}}});
  EXPECT_OK(target.load(directory));
  Floats found = target.values("gate_up_proj.weight"), expected(found.size());
  std::iota(expected.begin(), expected.end(), 0.0f);
  EXPECT_EQ(found, expected);
  save({counting("x.weight", {257, 256})});
  Target whole({{"x.weight", {257, 256}}});
  EXPECT_OK(whole.load(directory));
  EXPECT_EQ(whole.values("x.weight").back(), 65791.0f);
}

TEST_F(ImportTest, ErrorsNameTheTensorBothShapesAndTheRemedy) {
  const std::string file = save({counting("w.weight", {2, 3})});
  Target missing({{"other.weight", {2, 3}}});
  EXPECT_FAILS(missing.load(directory),
               "--init-from: " + directory +
                   " has no tensor other.weight of shape [2, 3], which the "
                   "model needs; name the weights of this model");
  Target larger({{"w.weight", {4, 3}}});
  EXPECT_FAILS(larger.load(file),
               "tensor w.weight has shape [2, 3], the model needs [4, 3] for "
               "w.weight; these are the weights of another model");
  Target turned({{"w.weight", {3, 2}}});
  EXPECT_FAILS(turned.load(directory),
               "the file has it the other way round: write the model's linear "
               "layer with 'transposed', or without");
  save({counting("qkv_proj.weight", {5, 2})});
  Target cut({{"q_proj.weight", {2, 2}},
              {"k_proj.weight", {1, 2}},
              {"v_proj.weight", {1, 2}}});
  EXPECT_FAILS(cut.load(directory),
               "tensor qkv_proj.weight has shape [5, 2], and the model's "
               "q_proj, k_proj, v_proj, which would be cut from it, have "
               "[2, 2], [1, 2] and [1, 2]");
  EXPECT_TRUE(cut.isUntouched());
  Target alone({{"q_proj.weight", {5, 2}}});
  EXPECT_FAILS(alone.load(directory),
               "tensor qkv_proj.weight holds the parameters q_proj, k_proj, "
               "v_proj in one, and the model has no k_proj.weight");
  save({counting("gate_proj.weight", {2, 2}),
        counting("up_proj.weight", {3, 2})});
  Target joined({{"gate_up_proj.weight", {4, 2}}});
  EXPECT_FAILS(joined.load(directory),
               "tensors gate_proj.weight, up_proj.weight have shapes [2, 2] "
               "and [3, 2], the model needs [4, 2] for gate_up_proj.weight");
}

TEST_F(ImportTest, TensorsLeftAsideAreWarnedOf) {
  save({counting("w.weight", {1}), counting("layers.1.w.weight", {1}),
        counting("h.0.attn.bias", {1, 1, 8, 8})});
  Target target({{"w.weight", {1}}});
  ::testing::internal::CaptureStderr();
  EXPECT_OK(target.load(directory));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "warning: --init-from: the model has no such tensors as these of " +
                directory + ", which were left aside: layers.1.w.weight\n");
  std::vector<TensorSource> many = {counting("w.weight", {1})};
  for (const char *name : {"a", "b", "c", "d", "e", "f", "g"})
    many.push_back(counting(name, {1}));
  save(many);
  ::testing::internal::CaptureStderr();
  EXPECT_OK(target.load(directory));
  EXPECT_NE(::testing::internal::GetCapturedStderr().find(
                "left aside: a, b, c, d, e and 2 more\n"),
            std::string::npos);
}

TEST_F(ImportTest, TensorsLeftAsideOfAKnownClassAreRefused) {
  save({counting("w.weight", {1}), counting("layers.1.w.weight", {1}),
        counting("h.0.attn.bias", {1, 1, 8, 8})});
  Target target({{"w.weight", {1}}}, R"({"model_type": "gpt2"})");
  ::testing::internal::CaptureStderr();
  EXPECT_OK(target.load(directory));
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("left aside"),
            std::string::npos);
  Target other({{"w.weight", {1}}}, R"({"model_type": "gpt2"})");
  std::string config = write("config.json", R"({"model_type": "gpt2"})");
  EXPECT_FAILS(
      other.load(directory),
      "--init-from: the model has no such tensors as these of " + directory +
          ": layers.1.w.weight; add them to the model file and compile "
          "it again, or remove " +
          config + " to leave them aside");
  EXPECT_TRUE(other.isUntouched());
  save({counting("w.weight", {1}), counting("h.0.attn.bias", {1, 1, 8, 8})});
  EXPECT_OK(other.load(directory));
}

TEST_F(ImportTest, PlacesAndDirectories) {
  Target target({{"a.weight", {1}}, {"b.weight", {1}}});
  EXPECT_FAILS(target.load(path("none")),
               "--init-from: " + path("none") + " does not exist; name a");
  EXPECT_FAILS(target.load(directory),
               "holds no .safetensors file and no checkpoint");
  write("pytorch_model.bin", "");
  EXPECT_FAILS(target.load(directory),
               "holds pytorch_model.bin and no .safetensors file; save the "
               "model again as safetensors");
  // Parts of any name, without an index.
  save({counting("a.weight", {1}, 1)}, "x-1.safetensors");
  save({counting("b.weight", {1}, 2)}, "x-2.safetensors");
  EXPECT_OK(target.load(directory));
  EXPECT_EQ(target.values("b.weight"), Floats{2});
  save({counting("b.weight", {1}, 3)}, "x-3.safetensors");
  EXPECT_FAILS(target.load(directory), "tensor b.weight is in");
  // A whole file goes before parts.
  save({counting("a.weight", {1}, 4), counting("b.weight", {1}, 5)});
  EXPECT_OK(target.load(directory));
  EXPECT_EQ(target.values("b.weight"), Floats{5});
}

TEST_F(ImportTest, ARunsDirectoryStandsForItsLatestCheckpoint) {
  Target target({{"a.weight", {1}}});
  write("latest", "step_000007\n");
  EXPECT_FAILS(target.load(directory),
               "latest names " + path("step_000007") + ", which is not there");
  EXPECT_OK(makeDirectories(path("step_000007")));
  save({counting("a.weight", {1}, 7)}, "step_000007/model.safetensors");
  EXPECT_OK(target.load(directory));
  EXPECT_EQ(target.values("a.weight"), Floats{7});
}

TEST_F(ImportTest, AnIndexNamesTheFiles) {
  const std::string index = "model.safetensors.index.json";
  Target target({{"a.weight", {1}}, {"b.weight", {1}}});
  save({counting("a.weight", {1}, 1)}, "part-1.safetensors");
  save({counting("a.weight", {1}, 9)}, "unlisted.safetensors");
  write(index, R"({"weight_map": {"a.weight": "part-1.safetensors",)"
               R"( "b.weight": "part-2.safetensors"}})");
  EXPECT_FAILS(target.load(directory),
               "says that " + path("part-2.safetensors") +
                   " holds b.weight and others, and there is no such file");
  save({counting("c.weight", {1})}, "part-2.safetensors");
  EXPECT_FAILS(target.load(directory),
               "part-2.safetensors holds b.weight, which it does not");
  save({counting("b.weight", {1}, 2)}, "part-2.safetensors");
  EXPECT_OK(target.load(directory));
  EXPECT_EQ(target.values("a.weight"), Floats{1});
  for (const char *text : {"{", "[]", "{\"weight_map\": 1}",
                           "{\"weight_map\": {\"a.weight\": 1}}"}) {
    write(index, text);
    EXPECT_FAILS(target.load(directory), "expected an object \"weight_map\"");
  }
}

} // namespace
