//===- MomentShards.cpp - moments in a file for each rank -----------------===//

#include "train/MomentShards.h"

#include "train/Program.h"
#include "train/TensorStorage.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace llmc::runtime {
namespace {

/// Elements that are read at a time.
constexpr int64_t blockElements = int64_t(1) << 16;

struct PieceName {
  std::string tensor;
  int64_t first = 0;
  int64_t end = 0;
};

std::string formatPiece(const std::string &tensor, int64_t first,
                        int64_t count) {
  return fmt::format("{}[{}:{}]", tensor, first, first + count);
}

/// False for a text of another form.
bool parsePiece(const std::string &text, PieceName &name) {
  const size_t bracket = text.rfind('[');
  int used = 0;
  if (bracket == std::string::npos ||
      std::sscanf(text.c_str() + bracket, "[%" SCNd64 ":%" SCNd64 "]%n",
                  &name.first, &name.end, &used) != 2 ||
      bracket + static_cast<size_t>(used) != text.size())
    return false;
  name.tensor = text.substr(0, bracket);
  // No other spelling of the numbers.
  return formatPiece(name.tensor, name.first, name.end - name.first) == text;
}

} // namespace

bool hasMomentShards(const LlmcProgram &program) {
  const LlmcArena *arena = findArena(program, LlmcArenaMoment1);
  return arena && arena->sharded;
}

std::string momentShardName(int rank, int ranks) {
  return fmt::format("optimizer-{:05}-of-{:05}.safetensors", rank + 1, ranks);
}

bool isMomentShardName(const std::string &name) {
  int rank = 0, ranks = 0;
  return std::sscanf(name.c_str(), "optimizer-%5d-of-%5d.safetensors", &rank,
                     &ranks) == 2 &&
         rank >= 1 && rank <= ranks && momentShardName(rank - 1, ranks) == name;
}

std::vector<TensorSource> ownMoments(const LlmcProgram &program,
                                     Device &device) {
  std::vector<TensorSource> sources;
  for (auto [kind, prefix] :
       {std::pair(LlmcArenaMoment1, "m."), std::pair(LlmcArenaMoment2, "v.")}) {
    const TensorStorage storage(program, device, kind);
    for (const LlmcTensor *tensor : parametersOf(program)) {
      const int64_t begin = tensor->offset / 4;
      for (const ShardPiece &piece :
           piecesOf(program, begin, tensor->elements)) {
        if (piece.owner != device.ranks().rank())
          continue;
        sources.push_back(
            {formatPiece(std::string(prefix) + tensor->name,
                         piece.first - begin, piece.count),
             {piece.count},
             piece.count,
             [storage, piece](int64_t first, int64_t count, float *out) {
               return storage.readOwn(piece, first, count, out);
             }});
      }
    }
  }
  return sources;
}

Result<MomentShards> MomentShards::open(const std::vector<std::string> &paths) {
  MomentShards shards;
  for (const std::string &path : paths) {
    Result<SafetensorsFile> file = SafetensorsFile::open(path);
    if (!file.isOk())
      return file.status();
    shards.files.push_back(std::move(*file));
  }
  for (size_t i = 0; i < shards.files.size(); ++i)
    for (const auto &[text, entry] : shards.files[i].entries()) {
      PieceName name;
      if (!parsePiece(text, name) || entry.elements != name.end - name.first)
        return Status::error("{}: tensor {} of {} elements is no part of a "
                             "moment",
                             shards.files[i].path(), text, entry.elements);
      shards.pieces[name.tensor].push_back(
          {i, name.first, entry.elements, &entry});
    }
  for (auto &[name, found] : shards.pieces)
    std::sort(found.begin(), found.end(),
              [](const Piece &a, const Piece &b) { return a.first < b.first; });
  return shards;
}

Status MomentShards::check(const LlmcProgram &program) const {
  for (const char *prefix : {"m.", "v."})
    for (const LlmcTensor *tensor : parametersOf(program)) {
      auto found = pieces.find(std::string(prefix) + tensor->name);
      int64_t end = 0;
      if (found != pieces.end())
        for (const Piece &piece : found->second)
          end = piece.first == end ? end + piece.count : -1;
      if (end != tensor->elements)
        return Status::error("{}: the shards of {}{} do not make up its {} "
                             "elements; these are the moments of another model",
                             files.empty() ? "optimizer" : files[0].path(),
                             prefix, tensor->name, tensor->elements);
    }
  return Status::ok();
}

Status MomentShards::load(const LlmcProgram &program, Device &device,
                          LlmcArenaKind kind, const std::string &prefix) const {
  const TensorStorage storage(program, device, kind);
  std::vector<float> block(static_cast<size_t>(blockElements));
  for (const LlmcTensor *tensor : parametersOf(program)) {
    const std::vector<Piece> &found = pieces.at(prefix + tensor->name);
    for (const Piece &piece : found)
      for (int64_t at = 0; at < piece.count; at += blockElements) {
        const int64_t first = piece.first + at;
        const int64_t count = std::min(blockElements, piece.count - at);
        if (!storage.keeps(*tensor, first, count))
          continue;
        LLMC_TRY(files[piece.file].readFloats(*piece.entry, at, count,
                                              block.data()));
        LLMC_TRY(storage.write(*tensor, first, count, block.data()));
      }
  }
  return Status::ok();
}

} // namespace llmc::runtime
