//===- CheckpointFiles.cpp - whether a checkpoint's files are undamaged ---===//

#include "train/CheckpointFiles.h"

#include "train/MomentShards.h"

#include <algorithm>
#include <filesystem>

namespace llmc::runtime {

Result<CheckpointState> readState(const std::string &path) {
  std::string statePath = joinPath(path, stateFile);
  Result<std::string> text = readWholeFile(statePath, largestStateBytes);
  if (!text.isOk())
    return text.status();
  return parseCheckpointState(statePath, *text);
}

std::vector<std::string> momentShardsOf(const FileSeals &files) {
  std::vector<std::string> names;
  for (const auto &[name, seal] : files)
    if (isMomentShardName(name))
      names.push_back(name);
  return names;
}

std::vector<std::string> shareOfFiles(const FileSeals &files, int reader,
                                      int readers) {
  std::vector<std::string> names = momentShardsOf(files);
  if (names.empty())
    names.push_back(optimizerFile);
  names.push_back(modelFile);
  auto bytesOf = [&](const std::string &name) {
    auto found = files.find(name);
    return found == files.end() ? int64_t(0) : found->second.bytes;
  };
  // The largest first, each to whoever has least.
  std::sort(names.begin(), names.end(),
            [&](const std::string &a, const std::string &b) {
              return std::pair(bytesOf(b), a) < std::pair(bytesOf(a), b);
            });
  std::vector<int64_t> loads(static_cast<size_t>(readers), 0);
  std::vector<std::string> share;
  for (const std::string &name : names) {
    auto least = std::min_element(loads.begin(), loads.end());
    *least += bytesOf(name);
    if (least - loads.begin() == reader)
      share.push_back(name);
  }
  return share;
}

Status verifyFile(const std::string &path, const FileSeals &files,
                  const std::string &name) {
  auto expected = files.find(name);
  if (expected == files.end())
    return Status::error("{} is not listed in {}", name, stateFile);
  std::string file = joinPath(path, name);
  Result<FileSeal> found = sealOfFile(file);
  if (!found.isOk())
    return found.status();
  if (found->bytes != expected->second.bytes)
    return Status::error("{} is damaged: expected {} bytes, found {}", file,
                         expected->second.bytes, found->bytes);
  if (found->checksum != expected->second.checksum)
    return Status::error("{} is damaged: expected checksum {}, found {}", file,
                         formatChecksum(expected->second.checksum),
                         formatChecksum(found->checksum));
  return Status::ok();
}

Status verifyCheckpointModel(const std::string &path) {
  std::filesystem::path name(path);
  if (!name.has_filename()) // "a/"
    name = name.parent_path();
  // Weights without the rest of a checkpoint are weights like any others.
  if (!stepOfCheckpointName(name.filename().string()) ||
      !pathExists(joinPath(path, stateFile)))
    return Status::ok();
  Result<CheckpointState> state = readState(path);
  return state.isOk() ? verifyFile(path, state->files, modelFile)
                      : state.status();
}

} // namespace llmc::runtime
