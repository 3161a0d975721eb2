//===- Safetensors.h - weights in a file that existing tools load ---------===//
//
// The format: 8 bytes little-endian, the length of a JSON header; the header,
// {"name": {"dtype", "shape", "data_offsets": [begin, end]}, ...}; the data,
// offsets counted from the end of the header.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_SAFETENSORS_H
#define LLMC_RUNTIME_TRAIN_SAFETENSORS_H

#include "core/File.h"
#include "core/Status.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace llmc::runtime {

/// A tensor to be written as F32, read piecewise from wherever it lies.
struct TensorSource {
  std::string name;
  std::vector<int64_t> shape;
  int64_t elements = 0;
  /// Copies elements [first, first + count) to `out`.
  std::function<Status(int64_t first, int64_t count, float *out)> read;
};

/// Where a file has the tensors, in the order given.
struct SafetensorsLayout {
  std::string head;             ///< of the file: all before the first tensor
  std::vector<int64_t> offsets; ///< of each tensor, from the start of the file
  int64_t bytes = 0;            ///< of the file
};
SafetensorsLayout layOut(const std::vector<TensorSource> &tensors,
                         const std::map<std::string, std::string> &metadata);

/// Writes the tensors in the order given and flushes the file to the disk.
Result<FileSeal>
writeSafetensors(const std::string &path,
                 const std::vector<TensorSource> &tensors,
                 const std::map<std::string, std::string> &metadata);

/// Reads the tensors as writeSafetensors does, and nothing else: what a rank
/// does while another one writes them.
Status readAlong(const std::vector<TensorSource> &tensors);

/// An open file whose header has been checked against its length.
class SafetensorsFile {
public:
  struct Entry {
    std::string dtype;
    std::vector<int64_t> shape;
    int64_t elements = 0;
    int64_t offset = 0; // bytes from the start of the file
  };

  static Result<SafetensorsFile> open(const std::string &path);

  const std::string &path() const { return file.path(); }
  const std::map<std::string, Entry> &entries() const { return table; }
  /// Null when there is no such tensor.
  const Entry *find(const std::string &name) const;
  /// Reads elements as floats; F32, F16 and BF16 tensors can be read.
  Status readFloats(const Entry &entry, int64_t first, int64_t count,
                    float *out) const;

private:
  explicit SafetensorsFile(InputFile file) : file(std::move(file)) {}

  InputFile file;
  std::map<std::string, Entry> table;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_SAFETENSORS_H
