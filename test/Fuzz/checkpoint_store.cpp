//===- checkpoint_store.cpp - fuzzes damage to a directory of checkpoints -===//
//
// Two checkpoints of a small program lie in a directory. The input is a list of
// faults, four bytes each: which file, what happens to it, and where. Whatever
// was done, either the state of a whole, undamaged checkpoint is loaded, the
// newest there is, or nothing and an error.
//
//===----------------------------------------------------------------------===//

#include "FuzzSupport.h"

#include "device/cpu/CpuDevice.h"
#include "train/Checkpoint.h"

#include <cstring>

using namespace llmc::runtime;

namespace {

constexpr int64_t numWeights = 20;
const LlmcArena arenas[] = {
    {"parameters", numWeights * 4, LlmcArenaParameter, 64, 0, 0},
    {"gradients", numWeights * 4, LlmcArenaGradient, 64, 0, 0},
    {"optimizer m", numWeights * 4, LlmcArenaMoment1, 64, 0, 0},
    {"optimizer v", numWeights * 4, LlmcArenaMoment2, 64, 0, 0},
};
const int64_t matrix[] = {4, 4}, vector[] = {4};
const LlmcTensor tensors[] = {
    {"weight", matrix, nullptr, 0, 16, 2, LlmcInitZeros, LlmcArenaParameter, 1},
    {"bias", vector, nullptr, 64, 4, 1, LlmcInitZeros, LlmcArenaParameter, 0},
};

LlmcProgram makeProgram() {
  LlmcProgram program = {};
  program.modelName = "small";
  program.parameters = numWeights;
  program.numArenas = 4;
  program.arenas = arenas;
  program.numTensors = 2;
  program.tensors = tensors;
  return program;
}

constexpr LlmcArenaKind kinds[] = {LlmcArenaParameter, LlmcArenaMoment1,
                                   LlmcArenaMoment2};

void fill(Device &device, float value) {
  std::vector<float> values(numWeights, value);
  for (LlmcArenaKind kind : kinds)
    FUZZ_CHECK(device.write(kind, 0, values.data(), numWeights * 4).isOk());
}

bool isFilledWith(Device &device, float value) {
  std::vector<float> values(numWeights);
  for (LlmcArenaKind kind : kinds) {
    FUZZ_CHECK(device.read(kind, 0, values.data(), numWeights * 4).isOk());
    for (float found : values)
      if (found != value)
        return false;
  }
  return true;
}

/// The directory, and what lies in it when nothing is damaged.
struct Fixture {
  LlmcProgram program = makeProgram();
  ThreadPool pool{1};
  CpuDevice device{program, pool};
  fuzz::Scratch scratch;
  CheckpointStore store{program, device, scratch.path(), /*keep=*/0};
  std::vector<std::pair<std::string, std::string>> files;

  Fixture() {
    FUZZ_CHECK(device.allocate().isOk());
    for (int64_t step : {1, 2}) {
      fill(device, static_cast<float>(step));
      RunState state;
      state.step = step;
      FUZZ_CHECK(store.save(state).isOk());
      for (const char *name :
           {"model.safetensors", "optimizer.safetensors", "state.json"})
        remember(joinPath(checkpointName(step), name));
    }
    remember("latest");
  }

  void remember(const std::string &name) {
    Result<std::string> contents =
        readWholeFile(joinPath(scratch.path(), name));
    FUZZ_CHECK(contents.isOk());
    files.emplace_back(name, *contents);
  }
};

/// Does a fault to `text`; false when the file goes.
bool damage(std::string &text, uint8_t fault, size_t place) {
  size_t at = text.empty() ? 0 : place % text.size();
  if (fault % 4 == 0)
    return false;
  if (text.empty())
    return true;
  if (fault % 4 == 1)
    text.resize(at);
  else if (fault % 4 == 2)
    text[at] = static_cast<char>(text[at] ^ (1 + (fault >> 2) % 255));
  else
    text.insert(at, 1 + (fault >> 2), text[at]);
  return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static Fixture fixture;
  auto files = fixture.files;
  std::vector<bool> present(files.size(), true);
  for (size_t i = 0; i + 4 <= size; i += 4) {
    size_t which = bytes[i] % files.size();
    if (present[which])
      present[which] = damage(files[which].second, bytes[i + 1],
                              size_t(bytes[i + 2]) << 8 | bytes[i + 3]);
  }
  auto isWhole = [&](int64_t step) {
    for (size_t i = 0; i < files.size(); ++i)
      if (files[i].first.rfind(checkpointName(step), 0) == 0 &&
          (!present[i] || files[i].second != fixture.files[i].second))
        return false;
    return true;
  };
  for (size_t i = 0; i < files.size(); ++i) {
    std::string path = joinPath(fixture.scratch.path(), files[i].first);
    if (present[i])
      fixture.scratch.write(files[i].first, files[i].second);
    else
      FUZZ_CHECK(removeTree(path).isOk());
  }

  fill(fixture.device, -1);
  auto loaded = fixture.store.loadNewest(/*withOptimizer=*/true);
  int64_t expected = isWhole(2) ? 2 : isWhole(1) ? 1 : 0;
  if (!loaded.isOk()) {
    FUZZ_CHECK(expected == 0 && isFilledWith(fixture.device, -1));
    return 0;
  }
  // White space in state.json is no damage, so more may load than is whole.
  FUZZ_CHECK(loaded->has_value());
  int64_t step = (*loaded)->state.step;
  FUZZ_CHECK(step >= expected && (step == 1 || step == 2));
  FUZZ_CHECK(isFilledWith(fixture.device, static_cast<float>(step)));
  return 0;
}
