//===- Safetensors.cpp - weights in a file that existing tools load -------===//

#include "train/Safetensors.h"

#include "core/Json.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace llmc::runtime {
namespace {

constexpr int64_t lengthBytes = 8;
/// What the format allows; a damaged length must not fill the memory.
constexpr int64_t largestHeaderBytes = 100000000;
/// Elements that are converted or copied at a time.
constexpr int64_t chunkElements = 1 << 16;

int64_t bytesOfType(const std::string &dtype) {
  static const std::map<std::string, int64_t> sizes = {
      {"F64", 8}, {"I64", 8},  {"U64", 8}, {"F32", 4}, {"I32", 4},
      {"U32", 4}, {"BF16", 2}, {"F16", 2}, {"I16", 2}, {"U16", 2},
      {"I8", 1},  {"U8", 1},   {"BOOL", 1}};
  auto found = sizes.find(dtype);
  return found == sizes.end() ? 0 : found->second;
}

float halfToFloat(uint16_t half) {
  int exponent = half >> 10 & 31;
  double fraction = half & 1023;
  double value = exponent == 31  ? (fraction != 0 ? NAN : INFINITY)
                 : exponent == 0 ? std::ldexp(fraction, -24)
                                 : std::ldexp(1024 + fraction, exponent - 25);
  return static_cast<float>(half >> 15 ? -value : value);
}

float bfloatToFloat(uint16_t bits) {
  uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, 4);
  return value;
}

/// Reads one entry of the header; false when it is not of the right form.
bool parseEntry(const nlohmann::json &json, int64_t dataStart, int64_t fileSize,
                SafetensorsFile::Entry &entry) {
  if (!json.is_object() || !json.contains("dtype") || !json.contains("shape") ||
      !json.contains("data_offsets"))
    return false;
  const auto &dtype = json["dtype"], &shape = json["shape"],
             &offsets = json["data_offsets"];
  if (!dtype.is_string() || !shape.is_array() || !offsets.is_array() ||
      offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned())
    return false;
  entry.dtype = dtype.get<std::string>();
  entry.elements = 1;
  for (const auto &size : shape) {
    if (!size.is_number_unsigned() || size.get<uint64_t>() > INT64_MAX)
      return false;
    entry.shape.push_back(size.get<int64_t>());
    if (__builtin_mul_overflow(entry.elements, entry.shape.back(),
                               &entry.elements))
      return false;
  }
  const int64_t dataBytes = fileSize - dataStart;
  int64_t begin = offsets[0].get<int64_t>(), end = offsets[1].get<int64_t>();
  int64_t bytes;
  if (__builtin_mul_overflow(entry.elements, bytesOfType(entry.dtype), &bytes))
    return false;
  if (begin < 0 || begin > end || end > dataBytes || end - begin != bytes)
    return false;
  entry.offset = dataStart + begin;
  return true;
}

/// Calls take(values, count) for all elements, chunk by chunk.
template <typename Take>
Status readChunks(const std::vector<TensorSource> &tensors, const Take &take) {
  std::vector<float> chunk(static_cast<size_t>(chunkElements));
  for (const TensorSource &tensor : tensors)
    for (int64_t first = 0; first < tensor.elements; first += chunkElements) {
      int64_t count = std::min(chunkElements, tensor.elements - first);
      LLMC_TRY(tensor.read(first, count, chunk.data()));
      LLMC_TRY(take(chunk.data(), count));
    }
  return Status::ok();
}

} // namespace

SafetensorsLayout layOut(const std::vector<TensorSource> &tensors,
                         const std::map<std::string, std::string> &metadata) {
  nlohmann::ordered_json header;
  header["__metadata__"] = {{"format", "pt"}};
  for (const auto &[key, value] : metadata)
    header["__metadata__"][key] = value;
  int64_t offset = 0;
  for (const TensorSource &tensor : tensors) {
    int64_t end = offset + tensor.elements * 4;
    header[tensor.name] = {{"dtype", "F32"},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' '); // the data starts aligned
  uint64_t length = text.size();

  SafetensorsLayout layout;
  layout.head.assign(reinterpret_cast<const char *>(&length), lengthBytes);
  layout.head += text;
  layout.bytes = static_cast<int64_t>(layout.head.size());
  for (const TensorSource &tensor : tensors) {
    layout.offsets.push_back(layout.bytes);
    layout.bytes += tensor.elements * 4;
  }
  return layout;
}

Result<FileSeal>
writeSafetensors(const std::string &path,
                 const std::vector<TensorSource> &tensors,
                 const std::map<std::string, std::string> &metadata) {
  const SafetensorsLayout layout = layOut(tensors, metadata);
  OutputFile file;
  LLMC_TRY(file.open(path));
  LLMC_TRY(file.write(layout.head.data(), layout.head.size()));
  LLMC_TRY(readChunks(tensors, [&](const float *values, int64_t count) {
    return file.write(values, static_cast<size_t>(count) * 4);
  }));
  LLMC_TRY(file.close());
  return file.seal();
}

Status readAlong(const std::vector<TensorSource> &tensors) {
  return readChunks(tensors,
                    [](const float *, int64_t) { return Status::ok(); });
}

Result<SafetensorsFile> SafetensorsFile::open(const std::string &path) {
  Result<InputFile> input = InputFile::open(path);
  if (!input.isOk())
    return input.status();
  Status damaged = Status::error("{}: not a valid safetensors file, its header "
                                 "is damaged or the file was cut short; copy "
                                 "or write it again",
                                 path);
  int64_t length = 0;
  if (input->size() < lengthBytes)
    return damaged;
  LLMC_TRY(input->read(0, &length, lengthBytes));
  if (length < 2 || length > largestHeaderBytes ||
      length > input->size() - lengthBytes)
    return damaged;
  std::string text(static_cast<size_t>(length), '\0');
  LLMC_TRY(input->read(lengthBytes, text.data(), length));
  nlohmann::json header = parseJson(text);
  if (!header.is_object())
    return damaged;

  SafetensorsFile file(std::move(*input));
  for (const auto &[name, json] : header.items()) {
    if (name == "__metadata__")
      continue;
    Entry entry;
    if (!parseEntry(json, lengthBytes + length, file.file.size(), entry))
      return damaged;
    file.table.emplace(name, std::move(entry));
  }
  return file;
}

const SafetensorsFile::Entry *
SafetensorsFile::find(const std::string &name) const {
  auto found = table.find(name);
  return found == table.end() ? nullptr : &found->second;
}

Status SafetensorsFile::readFloats(const Entry &entry, int64_t first,
                                   int64_t count, float *out) const {
  if (entry.dtype == "F32")
    return file.read(entry.offset + first * 4, out, count * 4);
  if (entry.dtype != "F16" && entry.dtype != "BF16")
    return Status::error("{}: tensors of type {} cannot be loaded, expected "
                         "F32, F16 or BF16; convert the file",
                         path(), entry.dtype);
  std::vector<uint16_t> narrow(static_cast<size_t>(count));
  LLMC_TRY(file.read(entry.offset + first * 2, narrow.data(), count * 2));
  for (size_t i = 0; i < narrow.size(); ++i)
    out[i] = entry.dtype == "F16" ? halfToFloat(narrow[i])
                                  : bfloatToFloat(narrow[i]);
  return Status::ok();
}

} // namespace llmc::runtime
