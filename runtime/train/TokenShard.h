//===- TokenShard.h - token shards: llm.c's .bin format -------------------===//
//
// A shard is a header of 256 int32 (1024 bytes: magic, version, number of
// tokens, zeros) followed by the tokens, little-endian:
//   magic 20240520, version 1   uint16 tokens
//   magic 20240801, version 7   uint32 tokens
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_TOKENSHARD_H
#define LLMC_RUNTIME_TRAIN_TOKENSHARD_H

#include "core/File.h"
#include "core/Status.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llmc::runtime {

/// A mapped shard whose header and length have been checked.
class TokenShard {
public:
  static Result<TokenShard> open(const std::string &path);

  const std::string &path() const { return name; }
  int64_t size() const { return numTokens; }
  /// Token at `index`, 0 <= index < size().
  uint32_t operator[](int64_t index) const;
  /// Index of the first token that is not below `bound`, size() when all are.
  /// Reads the whole file, whose pages do not stay with the program.
  int64_t findAtLeast(int64_t bound) const;
  /// Adds the whole file, whose pages do not stay with the program.
  void addTo(Checksum &checksum) const;

private:
  TokenShard(std::string path, MappedFile file)
      : name(std::move(path)), file(std::move(file)) {}

  std::string name;
  MappedFile file;
  int64_t numTokens = 0;
  bool wide = false;
};

struct ByteShardOptions {
  /// Part of the text, at its end, that becomes val.bin; 0 writes none.
  double heldOut = 0.05;
  /// Longer splits become several files, train_000000.bin and so on.
  int64_t maxTokensPerShard = int64_t(1) << 30;
};

struct ByteShardSummary {
  int64_t trainTokens = 0;
  int64_t heldOutTokens = 0;
  std::vector<std::string> files;
};

/// Joins the files `texts` in order, takes every byte as a token (vocabulary
/// 256) and writes train.bin, val.bin and tokenizer.json into `outDir`, which
/// is made when missing. A directory that already holds shards is refused, lest
/// two texts mix.
Result<ByteShardSummary> writeByteShards(const std::vector<std::string> &texts,
                                         const std::string &outDir,
                                         const ByteShardOptions &options = {});

/// Writes one shard from tokens in memory: uint16, or uint32 when `wide`.
Status writeTokenShard(const std::string &path,
                       const std::vector<uint32_t> &tokens, bool wide = false);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_TOKENSHARD_H
