//===- WeightFiles.h - the safetensors files of a model -------------------===//

#ifndef LLMC_RUNTIME_TRAIN_WEIGHTFILES_H
#define LLMC_RUNTIME_TRAIN_WEIGHTFILES_H

#include "core/Status.h"
#include "train/Safetensors.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace llmc::runtime {

/// Open files, in which each tensor is in one place.
class WeightFiles {
public:
  struct Tensor {
    const SafetensorsFile *file = nullptr;
    const SafetensorsFile::Entry *entry = nullptr;
    std::string name; // as the file has it
  };

  /// `path` is a safetensors file, a directory, a checkpoint or a run's output
  /// directory. A directory stands for its model.safetensors, else for the
  /// files that model.safetensors.index.json lists, else for all of its
  /// safetensors files.
  static Result<WeightFiles> open(const std::string &path);

  /// Where the files lie.
  const std::string &directory() const { return place; }

  /// The tensor of that name, with or without the prefix that transformers
  /// gives the parts of a model below its head ("model.", "transformer.").
  std::optional<Tensor> find(const std::string &name) const;

  /// Every tensor's name.
  std::vector<std::string> names() const;

private:
  Status add(const std::string &path);
  Status addIndexed(const std::string &index);
  Status addAll(const std::string &path);

  std::vector<SafetensorsFile> files;
  std::map<std::string, size_t> holders; // by name, an index into files
  std::string place;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_WEIGHTFILES_H
