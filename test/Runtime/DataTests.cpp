//===- DataTests.cpp - token shards and windows ---------------------------===//

#include "TestSupport.h"

#include "train/Data.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>

using namespace llmc::runtime;
using namespace llmc::runtime::test;

namespace {

constexpr int64_t T = 4;

std::vector<uint32_t> counting(uint32_t count) {
  std::vector<uint32_t> tokens(count);
  std::iota(tokens.begin(), tokens.end(), 0u);
  return tokens;
}

class DataTest : public DirectoryTest {
protected:
  /// Writes a shard and changes one int32 of its header.
  std::string shardWithHeader(size_t index, int32_t value) {
    std::string file = path("train.bin");
    EXPECT_OK(writeTokenShard(file, counting(100)));
    std::string contents = contentsOf(file);
    std::memcpy(contents.data() + 4 * index, &value, 4);
    return write("train.bin", contents);
  }
};

TEST_F(DataTest, ReadsBothTokenWidths) {
  std::vector<uint32_t> tokens = {1, 65535, 7};
  EXPECT_OK(writeTokenShard(path("a.bin"), tokens));
  Result<TokenShard> narrow = TokenShard::open(path("a.bin"));
  ASSERT_TRUE(narrow.isOk()) << narrow.message();
  EXPECT_EQ(narrow->size(), 3);
  EXPECT_EQ((*narrow)[1], 65535u);

  tokens[1] = 128000;
  EXPECT_OK(writeTokenShard(path("b.bin"), tokens, /*wide=*/true));
  Result<TokenShard> wide = TokenShard::open(path("b.bin"));
  ASSERT_TRUE(wide.isOk()) << wide.message();
  EXPECT_EQ((*wide)[1], 128000u);
  EXPECT_EQ((*wide)[2], 7u);
}

TEST_F(DataTest, HeaderIsThatOfLlmC) {
  EXPECT_OK(writeTokenShard(path("a.bin"), counting(5)));
  std::string contents = contentsOf(path("a.bin"));
  ASSERT_EQ(contents.size(), 1024u + 10u);
  int32_t header[3];
  std::memcpy(header, contents.data(), sizeof(header));
  EXPECT_EQ(header[0], 20240520);
  EXPECT_EQ(header[1], 1);
  EXPECT_EQ(header[2], 5);
  EXPECT_EQ(contents.substr(1024, 4), std::string("\0\0\1\0", 4));
}

TEST_F(DataTest, EachDamageHasItsError) {
  EXPECT_FAILS(TokenShard::open(shardWithHeader(0, 12)),
               "magic number 12 is not that of a token shard");
  EXPECT_FAILS(TokenShard::open(shardWithHeader(1, 3)),
               "version 3 of token shards");
  EXPECT_FAILS(TokenShard::open(shardWithHeader(2, 101)),
               "promises 101 tokens, so 1226 bytes, but the file has 1224");
  EXPECT_FAILS(TokenShard::open(shardWithHeader(2, -1)), "promises -1 tokens");
  EXPECT_FAILS(TokenShard::open(write("short.bin", "abc")),
               "3 bytes are too short for a token shard");
}

TEST_F(DataTest, DirectoriesThatCannotBeUsed) {
  EXPECT_FAILS(Data::open(path("none"), T, 256), "--data: cannot read");
  EXPECT_FAILS(Data::open(directory, T, 256), "holds no token shards");
  EXPECT_OK(writeTokenShard(path("a.bin"), counting(8)));
  EXPECT_FAILS(Data::open(directory, T, 256), "too few tokens, 8 in all");
  EXPECT_OK(writeTokenShard(path("a.bin"), counting(9)));
  EXPECT_OK(Data::open(directory, T, 256));
  EXPECT_OK(writeTokenShard(path("val.bin"), counting(4)));
  EXPECT_FAILS(Data::open(directory, T, 256), "the held-out shards in");
  write("tokenizer.json", "{");
  EXPECT_FAILS(Data::open(directory, T, 256), "not valid JSON");
}

TEST_F(DataTest, TokenBeyondTheVocabularyIsNamedWithItsPlace) {
  EXPECT_OK(writeTokenShard(path("a.bin"), counting(41)));
  EXPECT_FAILS(Data::open(directory, T, 39),
               path("a.bin") + ": token 39 at position 39 is not below "
                               "the program's vocabulary of 39");
  // In the last, incomplete piece of a long shard, too.
  std::vector<uint32_t> tokens(70000, 1);
  tokens[69999] = 2;
  EXPECT_OK(writeTokenShard(path("a.bin"), tokens, /*wide=*/true));
  EXPECT_FAILS(Data::open(directory, T, 2), "token 2 at position 69999 is");
  EXPECT_OK(Data::open(directory, T, 3));
}

TEST_F(DataTest, AnEpochVisitsEveryWindowOnceAcrossShards) {
  // Windows start at multiples of 4 within a shard: tokens 0, 4, ... and
  // 100, 104, ...; the leftover tokens of each shard are in no window.
  EXPECT_OK(writeTokenShard(path("a.bin"), counting(43)));
  std::vector<uint32_t> second = counting(22);
  for (uint32_t &token : second)
    token += 100;
  EXPECT_OK(writeTokenShard(path("b.bin"), second));
  EXPECT_OK(writeTokenShard(path("my_val_set.bin"), counting(9)));
  Result<Data> data = Data::open(directory, T, 256);
  ASSERT_TRUE(data.isOk()) << data.message();
  EXPECT_TRUE(data->hasOwnHeldOutFiles());
  EXPECT_EQ(data->trainWindows(), 10 + 5);
  EXPECT_EQ(data->heldOutWindows(), 2);

  for (int64_t epoch : {0, 1}) {
    std::set<int32_t> starts;
    for (int64_t i = 0; i < 15; ++i) {
      int32_t tokens[T], targets[T];
      EXPECT_OK(data->trainBatch(3, epoch * 15 + i, 1, tokens, targets));
      starts.insert(tokens[0]);
      for (int64_t t = 0; t < T; ++t) {
        EXPECT_EQ(tokens[t], tokens[0] + t);
        EXPECT_EQ(targets[t], tokens[t] + 1);
      }
    }
    EXPECT_EQ(starts.size(), 15u);
    EXPECT_TRUE(starts.count(100) && starts.count(0) && starts.count(116));
  }
}

TEST_F(DataTest, OrderIsAFunctionOfSeedAndPosition) {
  EXPECT_OK(writeTokenShard(path("a.bin"), counting(4001)));
  Result<Data> data = Data::open(directory, T, 5000);
  ASSERT_TRUE(data.isOk()) << data.message();
  std::vector<int32_t> whole(20 * T), parts(20 * T), other(20 * T),
      targets(20 * T);
  EXPECT_OK(data->trainBatch(1, 940, 20, whole.data(), targets.data()));
  for (int64_t i = 19; i >= 0; --i)
    EXPECT_OK(
        data->trainBatch(1, 940 + i, 1, parts.data() + i * T, targets.data()));
  EXPECT_EQ(whole, parts); // across the end of an epoch of 950 windows
  EXPECT_OK(data->trainBatch(2, 940, 20, other.data(), targets.data()));
  EXPECT_NE(whole, other);
}

TEST_F(DataTest, WithoutHeldOutFilesTheLastTwentiethIsHeldOut) {
  EXPECT_OK(writeTokenShard(path("a.bin"), counting(401)));
  Result<Data> data = Data::open(directory, T, 5000);
  ASSERT_TRUE(data.isOk()) << data.message();
  EXPECT_EQ(data->trainWindows(), 95);
  EXPECT_EQ(data->heldOutWindows(), 5);
  int32_t tokens[T], targets[T];
  for (int64_t position = 0; position < 95; ++position) {
    EXPECT_OK(data->trainBatch(1, position, 1, tokens, targets));
    EXPECT_LT(tokens[0], 95 * T);
  }
  EXPECT_OK(data->heldOutBatch(0, 1, tokens, targets));
  EXPECT_EQ(tokens[0], 95 * T);
  EXPECT_OK(data->heldOutBatch(5, 1, tokens, targets)); // wraps around
  EXPECT_EQ(tokens[0], 95 * T);
}

TEST_F(DataTest, ByteShardsHoldTheTextAndHoldOutItsEnd) {
  std::string first = write("1.txt", "hello"), empty = write("2.txt", ""),
              last = write("3.txt", std::string(95, '\xff'));
  Result<ByteShardSummary> summary =
      writeByteShards({first, empty, last}, path("shards"));
  ASSERT_TRUE(summary.isOk()) << summary.message();
  EXPECT_EQ(summary->trainTokens, 95);
  EXPECT_EQ(summary->heldOutTokens, 5);
  Result<TokenShard> train = TokenShard::open(path("shards/train.bin"));
  ASSERT_TRUE(train.isOk()) << train.message();
  EXPECT_EQ(train->size(), 95);
  EXPECT_EQ((*train)[4], uint32_t('o'));
  EXPECT_EQ((*train)[5], 255u);
  EXPECT_EQ(TokenShard::open(path("shards/val.bin"))->size(), 5);
  EXPECT_EQ(contentsOf(path("shards/tokenizer.json")),
            "{\"kind\":\"bytes\",\"vocabulary\":256}\n");
  Result<Data> data = Data::open(path("shards"), T, 256);
  ASSERT_TRUE(data.isOk()) << data.message();
  EXPECT_EQ(data->tokenizer(), "bytes");
}

TEST_F(DataTest, LongTextsBecomeSeveralShards) {
  std::string text = write("text", someText(1000));
  ByteShardOptions options;
  options.heldOut = 0;
  options.maxTokensPerShard = 400;
  Result<ByteShardSummary> summary =
      writeByteShards({text}, path("shards"), options);
  ASSERT_TRUE(summary.isOk()) << summary.message();
  ASSERT_EQ(summary->files.size(), 3u);
  std::string joined;
  for (const std::string &file : summary->files) {
    Result<TokenShard> shard = TokenShard::open(file);
    ASSERT_TRUE(shard.isOk()) << shard.message();
    for (int64_t i = 0; i < shard->size(); ++i)
      joined += static_cast<char>((*shard)[i]);
  }
  EXPECT_EQ(joined, someText(1000));
  EXPECT_FALSE(pathExists(path("shards/val.bin")));
}

TEST_F(DataTest, ByteShardsRefuseWhatCannotBeMeant) {
  std::string text = write("text", "some text");
  EXPECT_FAILS(writeByteShards({path("none")}, path("shards")), "cannot read");
  EXPECT_FAILS(writeByteShards({write("empty", "")}, path("shards")),
               "the text has 0 bytes");
  ByteShardOptions options;
  options.heldOut = 1;
  EXPECT_FAILS(writeByteShards({text}, path("shards"), options),
               "the held-out part must be");
  EXPECT_OK(writeByteShards({text}, path("shards")));
  EXPECT_FAILS(writeByteShards({text}, path("shards")),
               "already holds the shard train.bin");
}

TEST_F(DataTest, ByteShardsThatCannotBeFinishedAreRemoved) {
  std::string text = write("text", someText(1000));
  EXPECT_OK(makeDirectories(path("shards/tokenizer.json/in the way")));
  EXPECT_FAILS(writeByteShards({text}, path("shards")), "cannot rename");
  EXPECT_FALSE(pathExists(path("shards/train.bin")));
  EXPECT_FALSE(pathExists(path("shards/val.bin")));
  EXPECT_FALSE(pathExists(path("shards/tokenizer.json.tmp")));
}

} // namespace
