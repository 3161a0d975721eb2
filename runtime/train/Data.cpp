//===- Data.cpp - training and held-out windows of tokens -----------------===//

#include "train/Data.h"

#include "core/Json.h"
#include "core/Rng.h"

#include <algorithm>

namespace llmc::runtime {

Result<Data> Data::open(const std::string &directory, int64_t sequence,
                        int64_t vocabulary) {
  Data data;
  data.sequence = sequence;
  data.vocabulary = vocabulary;

  Result<std::vector<std::string>> names = listDirectory(directory);
  if (!names.isOk())
    return Status::error("--data: {}; name a directory of token shards (*.bin) "
                         "made by 'llmc data TEXT... -o DIR'",
                         names.message());
  LLMC_TRY(data.readTokenizer(directory));
  for (const std::string &name : *names) {
    if (name.size() <= 4 || name.substr(name.size() - 4) != ".bin")
      continue;
    bool heldOut = name.find("val") != std::string::npos;
    LLMC_TRY(data.addShard(heldOut ? data.heldOutShards : data.trainShards,
                           joinPath(directory, name),
                           heldOut ? data.numHeldOut : data.numTrain));
  }
  if (data.trainShards.empty())
    return Status::error("--data: {} holds no token shards to train on (*.bin "
                         "without \"val\" in the name); make them with 'llmc "
                         "data TEXT... -o DIR'",
                         directory);
  if (data.heldOutShards.empty()) {
    data.numHeldOut = std::max<int64_t>(1, (data.numTrain + 10) / 20);
    data.numTrain -= data.numHeldOut;
  }
  if (data.numTrain < 1)
    return Status::error("--data: {} holds too few tokens, {} in all; a window "
                         "takes {} tokens and at least one for training and "
                         "one held out are needed; add text or compile with a "
                         "smaller --seq",
                         directory, data.numTokens, sequence + 1);
  if (data.numHeldOut < 1)
    return Status::error("--data: the held-out shards in {} hold too few "
                         "tokens, a window takes {}; add text or remove the "
                         "\"val\" files so that a part of the training text is "
                         "held out",
                         directory, sequence + 1);
  return data;
}

uint64_t Data::checksum() const {
  Checksum checksum;
  for (const std::vector<Entry> *entries : {&trainShards, &heldOutShards})
    for (const Entry &entry : *entries)
      entry.shard.addTo(checksum);
  return checksum.value();
}

Status Data::readTokenizer(const std::string &directory) {
  std::string path = joinPath(directory, "tokenizer.json");
  if (!pathExists(path))
    return Status::ok();
  constexpr int64_t largestBytes = int64_t(1) << 30;
  Result<std::string> text = readWholeFile(path, largestBytes);
  if (!text.isOk())
    return text.status();
  nlohmann::json json = parseJson(*text);
  if (json.is_discarded())
    return Status::error("{}: not valid JSON; make the shards again with 'llmc "
                         "data'",
                         path);
  // Any other tokenizer.json describes a tokenizer that is not known here; the
  // tokens are good for training all the same.
  if (json.is_object() && json.value("kind", nlohmann::json()) == "bytes")
    tokenizerKind = "bytes";
  return Status::ok();
}

Status Data::addShard(std::vector<Entry> &entries, const std::string &path,
                      int64_t &windows) {
  Result<TokenShard> shard = TokenShard::open(path);
  if (!shard.isOk())
    return shard.status();
  int64_t place = shard->findAtLeast(vocabulary);
  if (place < shard->size())
    return Status::error("{}: token {} at position {} is not below the "
                         "program's vocabulary of {}; make the shards with "
                         "the model's tokenizer, or compile a model with a "
                         "larger vocabulary",
                         path, (*shard)[place], place, vocabulary);
  numTokens += shard->size();
  int64_t count = std::max<int64_t>(0, (shard->size() - 1) / sequence);
  entries.push_back({std::move(*shard), windows});
  windows += count;
  return Status::ok();
}

Status Data::readWindow(const std::vector<Entry> &entries, int64_t window,
                        int32_t *tokens, int32_t *targets) const {
  // The last shard whose first window is not after this one; shards without a
  // window share their first window with the next.
  auto entry = std::upper_bound(
      entries.begin(), entries.end(), window,
      [](int64_t w, const Entry &e) { return w < e.firstWindow; });
  const Entry &found = *std::prev(entry);
  const int64_t start = (window - found.firstWindow) * sequence;
  for (int64_t i = 0; i <= sequence; ++i) {
    uint32_t token = found.shard[start + i];
    // All were right at the start; the mapped file may have been written since.
    if (token >= static_cast<uint64_t>(vocabulary))
      return Status::error("{}: token {} at position {} is not below the "
                           "program's vocabulary of {}, but was when the "
                           "program started; do not write to the shards of a "
                           "running program",
                           found.shard.path(), token, start + i, vocabulary);
    if (i < sequence)
      tokens[i] = static_cast<int32_t>(token);
    if (i > 0)
      targets[i - 1] = static_cast<int32_t>(token);
  }
  return Status::ok();
}

Status Data::trainBatch(uint64_t seed, int64_t position, int64_t batch,
                        int32_t *tokens, int32_t *targets) const {
  for (int64_t row = 0; row < batch; ++row) {
    int64_t epoch = (position + row) / numTrain;
    Permutation shuffle(
        static_cast<uint64_t>(numTrain),
        randomBits(streamKey(seed, "data"), static_cast<uint64_t>(epoch)));
    auto index = static_cast<uint64_t>((position + row) % numTrain);
    LLMC_TRY(readWindow(trainShards, static_cast<int64_t>(shuffle(index)),
                        tokens + row * sequence, targets + row * sequence));
  }
  return Status::ok();
}

Status Data::heldOutBatch(int64_t first, int64_t batch, int32_t *tokens,
                          int32_t *targets) const {
  for (int64_t row = 0; row < batch; ++row) {
    int64_t window = (first + row) % numHeldOut;
    // Without files of its own, the split is the end of the training files.
    LLMC_TRY(hasOwnHeldOutFiles()
                 ? readWindow(heldOutShards, window, tokens + row * sequence,
                              targets + row * sequence)
                 : readWindow(trainShards, numTrain + window,
                              tokens + row * sequence,
                              targets + row * sequence));
  }
  return Status::ok();
}

} // namespace llmc::runtime
