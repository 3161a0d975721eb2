//===- Data.h - training and held-out windows of tokens -------------------===//
//
// A window is sequence + 1 tokens: inputs and, shifted by one, targets. Windows
// lie side by side, `sequence` apart, so that every token but the first of a
// shard is a target exactly once in an epoch; no window spans two shards.
//
// Files whose name contains "val" are the held-out split; when there are none,
// it is the last twentieth of the windows.
//
// The window at position p of a run is a pure function of (seed, p): epoch
// p / windows, and within it a permutation keyed by seed and epoch.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_DATA_H
#define LLMC_RUNTIME_TRAIN_DATA_H

#include "core/Status.h"
#include "train/TokenShard.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::runtime {

class Data {
public:
  /// Maps every shard and reads it once: a token beyond the vocabulary is an
  /// error here and not after hours of training.
  static Result<Data> open(const std::string &directory, int64_t sequence,
                           int64_t vocabulary);

  int64_t trainWindows() const { return numTrain; }
  int64_t heldOutWindows() const { return numHeldOut; }
  int64_t tokens() const { return numTokens; }
  bool hasOwnHeldOutFiles() const { return !heldOutShards.empty(); }
  /// Of all tokens, in their order.
  uint64_t checksum() const;
  /// "bytes", or "unknown" when the directory has no tokenizer.json.
  const std::string &tokenizer() const { return tokenizerKind; }

  /// Fills tokens and targets, each [batch, sequence], with the windows at
  /// positions [position, position + batch) of the run of `seed`.
  Status trainBatch(uint64_t seed, int64_t position, int64_t batch,
                    int32_t *tokens, int32_t *targets) const;
  /// The same with held-out windows in order, wrapping around at the end.
  Status heldOutBatch(int64_t first, int64_t batch, int32_t *tokens,
                      int32_t *targets) const;

private:
  struct Entry {
    TokenShard shard;
    int64_t firstWindow;
  };

  Status readTokenizer(const std::string &directory);
  Status addShard(std::vector<Entry> &entries, const std::string &path,
                  int64_t &windows);
  Status readWindow(const std::vector<Entry> &entries, int64_t window,
                    int32_t *tokens, int32_t *targets) const;

  std::vector<Entry> trainShards;
  std::vector<Entry> heldOutShards;
  std::string tokenizerKind = "unknown";
  int64_t sequence = 0;
  int64_t vocabulary = 0;
  int64_t numTrain = 0;
  int64_t numHeldOut = 0;
  int64_t numTokens = 0;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_DATA_H
