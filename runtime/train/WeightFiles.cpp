//===- WeightFiles.cpp - the safetensors files of a model -----------------===//

#include "train/WeightFiles.h"

#include "core/Json.h"
#include "train/CheckpointFiles.h"

#include <filesystem>

namespace llmc::runtime {
namespace {

constexpr char indexFile[] = "model.safetensors.index.json";
constexpr const char *prefixes[] = {"model.", "transformer."};

bool isDirectory(const std::string &path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

/// The checkpoint that OUT/latest names, if `path` is a run's output directory.
Result<std::string> resolveRun(const std::string &path) {
  std::string latest = joinPath(path, "latest");
  if (pathExists(joinPath(path, modelFile)) || !pathExists(latest))
    return path;
  Result<std::string> name = readWholeFile(latest);
  if (!name.isOk())
    return name.status();
  name->erase(name->find_last_not_of(" \n") + 1);
  std::string checkpoint = joinPath(path, *name);
  if (!isDirectory(checkpoint))
    return Status::error("{} names {}, which is not there; name a checkpoint "
                         "in {} itself",
                         latest, checkpoint, path);
  return checkpoint;
}

} // namespace

Status WeightFiles::add(const std::string &path) {
  Result<SafetensorsFile> file = SafetensorsFile::open(path);
  if (!file.isOk())
    return file.status();
  for (const auto &[name, entry] : file->entries()) {
    auto [holder, isNew] = holders.try_emplace(name, files.size());
    if (!isNew)
      return Status::error("tensor {} is in {} and in {}; name the one file to "
                           "take, or keep one of them",
                           name, files[holder->second].path(), path);
  }
  files.push_back(std::move(*file));
  return Status::ok();
}

/// The files that hold the tensors of a model which was saved in parts:
/// {"weight_map": {"tensor": "file", ..}}.
Status WeightFiles::addIndexed(const std::string &index) {
  constexpr int64_t largestBytes = int64_t(1) << 30;
  Result<std::string> text = readWholeFile(index, largestBytes);
  if (!text.isOk())
    return text.status();
  const nlohmann::json json = parseJson(*text);
  Status damaged =
      Status::error("{}: expected an object \"weight_map\" of file "
                    "names by tensor; copy or write it again",
                    index);
  if (!json.is_object() || !json.contains("weight_map") ||
      !json["weight_map"].is_object())
    return damaged;
  std::map<std::string, std::string> parts; // a tensor of each file
  for (const auto &[tensor, file] : json["weight_map"].items()) {
    if (!file.is_string())
      return damaged;
    // Beside the index, wherever its writer had them.
    auto name =
        std::filesystem::path(file.get<std::string>()).filename().string();
    parts.try_emplace(name, tensor);
  }
  for (const auto &[name, tensor] : parts) {
    std::string path = joinPath(place, name);
    if (!pathExists(path))
      return Status::error("{} says that {} holds {} and others, and there is "
                           "no such file; copy all parts of the model",
                           index, path, tensor);
    LLMC_TRY(add(path));
  }
  for (const auto &[tensor, file] : json["weight_map"].items())
    if (!holders.count(tensor))
      return Status::error("{} says that {} holds {}, which it does not; copy "
                           "all parts of the model again",
                           index, joinPath(place, file.get<std::string>()),
                           tensor);
  return Status::ok();
}

Status WeightFiles::addAll(const std::string &path) {
  Result<std::vector<std::string>> names = listDirectory(path);
  if (!names.isOk())
    return names.status();
  std::string other;
  for (const std::string &name : *names) {
    if (std::filesystem::path(name).extension() == ".safetensors")
      LLMC_TRY(add(joinPath(path, name)));
    if (name.rfind("pytorch_model", 0) == 0)
      other = name;
  }
  if (!files.empty())
    return Status::ok();
  if (!other.empty())
    return Status::error("{} holds {} and no .safetensors file; save the model "
                         "again as safetensors, as save_pretrained does",
                         path, other);
  return Status::error("{} holds no .safetensors file and no checkpoint; name "
                       "the directory that does",
                       path);
}

Result<WeightFiles> WeightFiles::open(const std::string &path) {
  WeightFiles weights;
  if (!pathExists(path))
    return Status::error("{} does not exist; name a .safetensors file, a "
                         "directory of them or a checkpoint",
                         path);
  if (!isDirectory(path)) {
    weights.place = std::filesystem::path(path).parent_path().string();
    if (weights.place.empty())
      weights.place = ".";
    LLMC_TRY(weights.add(path));
    return weights;
  }
  Result<std::string> place = resolveRun(path);
  if (!place.isOk())
    return place.status();
  weights.place = *place;
  std::string whole = joinPath(*place, modelFile);
  std::string index = joinPath(*place, indexFile);
  LLMC_TRY(verifyCheckpointModel(*place));
  if (pathExists(whole))
    LLMC_TRY(weights.add(whole));
  else if (pathExists(index))
    LLMC_TRY(weights.addIndexed(index));
  else
    LLMC_TRY(weights.addAll(*place));
  return weights;
}

std::optional<WeightFiles::Tensor>
WeightFiles::find(const std::string &name) const {
  std::vector<std::string> candidates = {name};
  for (const std::string prefix : prefixes) {
    if (name.rfind(prefix, 0) == 0)
      candidates.push_back(name.substr(prefix.size()));
    candidates.push_back(prefix + name);
  }
  for (const std::string &candidate : candidates)
    if (auto holder = holders.find(candidate); holder != holders.end()) {
      const SafetensorsFile &file = files[holder->second];
      return Tensor{&file, file.find(candidate), candidate};
    }
  return std::nullopt;
}

std::vector<std::string> WeightFiles::names() const {
  std::vector<std::string> all;
  for (const auto &[name, file] : holders)
    all.push_back(name);
  return all;
}

} // namespace llmc::runtime
