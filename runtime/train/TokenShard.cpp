//===- TokenShard.cpp - token shards: llm.c's .bin format -----------------===//

#include "train/TokenShard.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace llmc::runtime {
namespace {

constexpr int64_t headerBytes = 1024;
using Header = std::array<int32_t, headerBytes / 4>;

struct Format {
  int32_t magic;
  int32_t version;
  int64_t tokenBytes;
};
constexpr Format formats[] = {{20240520, 1, 2}, {20240801, 7, 4}};

Header makeHeader(const Format &format, int64_t count) {
  Header header{};
  header[0] = format.magic;
  header[1] = format.version;
  header[2] = static_cast<int32_t>(count);
  return header;
}

/// Reads the bytes of several files as one stream.
class ByteStream {
public:
  static Result<ByteStream> open(const std::vector<std::string> &paths) {
    ByteStream stream;
    for (const std::string &path : paths) {
      Result<InputFile> file = InputFile::open(path);
      if (!file.isOk())
        return file.status();
      stream.total += file->size();
      stream.files.push_back(std::move(*file));
    }
    return stream;
  }

  int64_t size() const { return total; }

  /// Fills `data` with the next bytes, as many as it holds.
  Status read(std::vector<uint8_t> &data) {
    for (size_t done = 0; done < data.size();) {
      const InputFile &file = files[current];
      auto count = std::min(static_cast<int64_t>(data.size() - done),
                            file.size() - offset);
      LLMC_TRY(file.read(offset, data.data() + done, count));
      offset += count;
      done += static_cast<size_t>(count);
      if (offset == file.size()) {
        ++current;
        offset = 0;
      }
    }
    return Status::ok();
  }

private:
  std::vector<InputFile> files;
  size_t current = 0;
  int64_t offset = 0;
  int64_t total = 0;
};

Status writeByteShard(ByteStream &text, const std::string &path,
                      int64_t count) {
  OutputFile file;
  LLMC_TRY(file.open(path));
  Header header = makeHeader(formats[0], count);
  LLMC_TRY(file.write(header.data(), headerBytes));
  std::vector<uint8_t> bytes;
  std::vector<uint16_t> tokens;
  for (int64_t done = 0; done < count;) {
    bytes.resize(static_cast<size_t>(std::min<int64_t>(count - done, 1 << 18)));
    LLMC_TRY(text.read(bytes));
    tokens.assign(bytes.begin(), bytes.end());
    LLMC_TRY(file.write(tokens.data(), tokens.size() * 2));
    done += static_cast<int64_t>(bytes.size());
  }
  return file.close();
}

/// Writes the next `count` bytes of the text as shards `split`*.bin.
Status writeSplit(ByteStream &text, const std::string &outDir,
                  const std::string &split, int64_t count, int64_t maxTokens,
                  ByteShardSummary &summary) {
  if (count == 0)
    return Status::ok();
  int64_t numShards = (count + maxTokens - 1) / maxTokens;
  for (int64_t shard = 0; shard < numShards; ++shard) {
    std::string name = numShards == 1
                           ? split + ".bin"
                           : fmt::format("{}_{:06}.bin", split, shard);
    std::string path = joinPath(outDir, name);
    summary.files.push_back(path);
    LLMC_TRY(writeByteShard(text, path,
                            std::min(maxTokens, count - shard * maxTokens)));
  }
  return Status::ok();
}

} // namespace

Result<TokenShard> TokenShard::open(const std::string &path) {
  Result<MappedFile> mapped = MappedFile::open(path);
  if (!mapped.isOk())
    return mapped.status();
  if (mapped->size() < headerBytes)
    return Status::error("{}: {} bytes are too short for a token shard, whose "
                         "header alone has {}; write it again with 'llmc data'",
                         path, mapped->size(), headerBytes);
  Header header;
  std::memcpy(header.data(), mapped->data(), headerBytes);
  const Format *format =
      std::find_if(std::begin(formats), std::end(formats),
                   [&](const Format &f) { return f.magic == header[0]; });
  if (format == std::end(formats))
    return Status::error("{}: magic number {} is not that of a token shard, "
                         "20240520 (uint16) or 20240801 (uint32); write it "
                         "with 'llmc data' or an llm.c script",
                         path, header[0]);
  if (header[1] != format->version)
    return Status::error("{}: version {} of token shards with magic number {} "
                         "is not known, expected {}; write it again with "
                         "'llmc data'",
                         path, header[1], header[0], format->version);
  int64_t expected = headerBytes + header[2] * format->tokenBytes;
  if (header[2] < 0 || mapped->size() != expected)
    return Status::error("{}: the header promises {} tokens, so {} bytes, but "
                         "the file has {}; it was cut short or damaged, copy "
                         "or write it again",
                         path, header[2], expected, mapped->size());
  TokenShard shard(path, std::move(*mapped));
  shard.numTokens = header[2];
  shard.wide = format->tokenBytes == 4;
  return shard;
}

uint32_t TokenShard::operator[](int64_t index) const {
  const uint8_t *tokens = file.data() + headerBytes;
  if (wide) {
    uint32_t token;
    std::memcpy(&token, tokens + 4 * index, 4);
    return token;
  }
  uint16_t token;
  std::memcpy(&token, tokens + 2 * index, 2);
  return token;
}

int64_t TokenShard::findAtLeast(int64_t bound) const {
  // A piece at a time: an inner loop without an exit runs in vector registers.
  constexpr int64_t piece = int64_t(1) << 16;
  int64_t place = numTokens;
  for (int64_t first = 0; first < numTokens && place == numTokens;
       first += piece) {
    int64_t end = std::min(first + piece, numTokens);
    uint32_t largest = 0;
    for (int64_t i = first; i < end; ++i)
      largest = std::max(largest, (*this)[i]);
    if (largest < bound)
      continue;
    for (place = first; (*this)[place] < bound;)
      ++place;
  }
  file.releasePages();
  return place;
}

void TokenShard::addTo(Checksum &checksum) const {
  checksum.add(file.data(), static_cast<size_t>(file.size()));
  file.releasePages();
}

static Status writeByteShardsInto(ByteStream &text, const std::string &outDir,
                                  int64_t maxTokens,
                                  ByteShardSummary &summary) {
  LLMC_TRY(writeSplit(text, outDir, "train", summary.trainTokens, maxTokens,
                      summary));
  LLMC_TRY(writeSplit(text, outDir, "val", summary.heldOutTokens, maxTokens,
                      summary));
  return writeFileAtomically(joinPath(outDir, "tokenizer.json"),
                             "{\"kind\":\"bytes\",\"vocabulary\":256}\n");
}

Result<ByteShardSummary> writeByteShards(const std::vector<std::string> &texts,
                                         const std::string &outDir,
                                         const ByteShardOptions &options) {
  if (!(options.heldOut >= 0 && options.heldOut < 1))
    return Status::error("the held-out part must be at least 0 and below 1, "
                         "found {}",
                         options.heldOut);
  for (const std::string &text : texts)
    if (text == "-")
      return Status::error("standard input cannot be read: the end of the text "
                           "is held out, so that its length must be known; "
                           "write the text to a file and name that");
  Result<ByteStream> text = ByteStream::open(texts);
  if (!text.isOk())
    return text.status();
  if (text->size() < 2)
    return Status::error("the text has {} bytes, at least 2 are needed; name a "
                         "text file that is not empty",
                         text->size());
  auto heldOut = static_cast<int64_t>(
      std::llround(static_cast<double>(text->size()) * options.heldOut));
  if (heldOut == text->size())
    return Status::error(
        "the held-out part {} of {} bytes leaves none to train "
        "on; hold less out",
        options.heldOut, text->size());
  LLMC_TRY(makeDirectories(outDir));
  Result<std::vector<std::string>> present = listDirectory(outDir);
  if (!present.isOk())
    return present.status();
  for (const std::string &name : *present)
    if (name.size() > 4 && name.substr(name.size() - 4) == ".bin")
      return Status::error("{} already holds the shard {}; remove it or name "
                           "another directory",
                           outDir, name);

  ByteShardSummary summary;
  summary.heldOutTokens = heldOut;
  summary.trainTokens = text->size() - heldOut;
  Status status =
      writeByteShardsInto(*text, outDir, options.maxTokensPerShard, summary);
  if (!status.isOk()) {
    // A part of the text must not be taken for the whole.
    for (const std::string &file : summary.files)
      LLMC_TRY(removeTree(file));
    LLMC_TRY(removeTree(joinPath(outDir, "tokenizer.json.tmp")));
    return status;
  }
  return summary;
}

Status writeTokenShard(const std::string &path,
                       const std::vector<uint32_t> &tokens, bool wide) {
  OutputFile file;
  LLMC_TRY(file.open(path));
  Header header =
      makeHeader(formats[wide], static_cast<int64_t>(tokens.size()));
  LLMC_TRY(file.write(header.data(), headerBytes));
  if (wide) {
    LLMC_TRY(file.write(tokens.data(), tokens.size() * 4));
  } else {
    std::vector<uint16_t> narrow(tokens.begin(), tokens.end());
    LLMC_TRY(file.write(narrow.data(), narrow.size() * 2));
  }
  return file.close();
}

} // namespace llmc::runtime
