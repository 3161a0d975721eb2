//===- token_shard.cpp - fuzzes a token shard, and reading windows from it ===//

#include "FuzzSupport.h"

#include "train/Data.h"

#include <vector>

using namespace llmc::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  constexpr int64_t sequence = 3, vocabulary = 500, batch = 2;
  static fuzz::Scratch scratch;
  std::string path = scratch.write("train.bin", fuzz::textOf(bytes, size));

  Result<TokenShard> shard = TokenShard::open(path);
  if (!shard.isOk())
    return 0;
  int64_t place = shard->findAtLeast(vocabulary);
  FUZZ_CHECK(place >= 0 && place <= shard->size());
  for (int64_t i = 0; i < shard->size(); ++i)
    FUZZ_CHECK(i == place ? (*shard)[i] >= vocabulary
                          : i > place || (*shard)[i] < vocabulary);

  Result<Data> data = Data::open(scratch.path(), sequence, vocabulary);
  if (!data.isOk())
    return 0;
  std::vector<int32_t> tokens(batch * sequence), targets(batch * sequence);
  auto check = [&](const Status &status) {
    FUZZ_CHECK(status.isOk());
    for (size_t i = 0; i < tokens.size(); ++i) {
      FUZZ_CHECK(tokens[i] >= 0 && tokens[i] < vocabulary);
      FUZZ_CHECK(targets[i] >= 0 && targets[i] < vocabulary);
      FUZZ_CHECK(i % sequence == 0 || tokens[i] == targets[i - 1]);
    }
  };
  for (int64_t position = 0; position < 2 * data->trainWindows(); ++position)
    check(data->trainBatch(7, position, batch, tokens.data(), targets.data()));
  for (int64_t window = 0; window < data->heldOutWindows(); ++window)
    check(data->heldOutBatch(window, batch, tokens.data(), targets.data()));
  return 0;
}
