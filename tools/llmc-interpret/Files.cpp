//===- Files.cpp - safetensors and token shards ---------------------------===//

#include "Files.h"

#include "llvm/Support/EndianStream.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llmc::interpret;
using llvm::createStringError;

namespace {

constexpr int64_t headerInts = 256;

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
readFile(llvm::StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError("%s: %s", path.str().c_str(),
                             buffer.getError().message().c_str());
  return std::move(*buffer);
}

/// Reads one entry of the header. `data` is what follows the header.
llvm::Expected<Tensor> readTensor(const llvm::json::Object &entry,
                                  llvm::StringRef data) {
  auto type = entry.getString("dtype");
  const llvm::json::Array *shape = entry.getArray("shape");
  const llvm::json::Array *offsets = entry.getArray("data_offsets");
  if (!type || !shape || !offsets || offsets->size() != 2)
    return createStringError("expected dtype, shape and two data_offsets");
  if (*type != "F32" && *type != "F64")
    return createStringError("expected F32 or F64, found %s",
                             type->str().c_str());
  llvm::SmallVector<int64_t> extents;
  for (const llvm::json::Value &extent : *shape) {
    std::optional<int64_t> value = extent.getAsInteger();
    if (!value || *value < 0)
      return createStringError("expected whole extents of at least 0");
    extents.push_back(*value);
  }
  Tensor tensor(extents);
  const int64_t width = *type == "F32" ? 4 : 8;
  std::optional<int64_t> begin = (*offsets)[0].getAsInteger();
  std::optional<int64_t> end = (*offsets)[1].getAsInteger();
  if (!begin || !end || *begin < 0 || *end - *begin != tensor.size() * width ||
      *end > static_cast<int64_t>(data.size()))
    return createStringError("data_offsets do not match the shape and the "
                             "file's size");
  const char *source = data.data() + *begin;
  for (int64_t i = 0; i < tensor.size(); ++i, source += width)
    tensor.data[i] =
        width == 4
            ? llvm::bit_cast<float>(llvm::support::endian::read32le(source))
            : llvm::bit_cast<double>(llvm::support::endian::read64le(source));
  return tensor;
}

} // namespace

llvm::Expected<llvm::StringMap<Tensor>>
llmc::interpret::readSafetensors(llvm::StringRef path) {
  auto buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  llvm::StringRef text = (*buffer)->getBuffer();
  const std::string name = path.str();
  if (text.size() < 8 ||
      llvm::support::endian::read64le(text.data()) > text.size() - 8)
    return createStringError("%s: expected a safetensors file, found %zu bytes "
                             "without its header",
                             name.c_str(), text.size());
  const uint64_t length = llvm::support::endian::read64le(text.data());
  auto header = llvm::json::parse(text.substr(8, length));
  if (!header)
    return createStringError("%s: the safetensors header is not JSON: %s",
                             name.c_str(),
                             llvm::toString(header.takeError()).c_str());
  const llvm::json::Object *entries = header->getAsObject();
  if (!entries)
    return createStringError("%s: expected a JSON object as header",
                             name.c_str());
  llvm::StringMap<Tensor> tensors;
  for (const auto &[key, value] : *entries) {
    if (key == "__metadata__")
      continue;
    const llvm::json::Object *entry = value.getAsObject();
    if (!entry)
      return createStringError("%s: expected an object for tensor '%s'",
                               name.c_str(), key.str().c_str());
    auto tensor = readTensor(*entry, text.substr(8 + length));
    if (!tensor)
      return createStringError("%s: tensor '%s': %s", name.c_str(),
                               key.str().c_str(),
                               llvm::toString(tensor.takeError()).c_str());
    tensors[key.str()] = std::move(*tensor);
  }
  return tensors;
}

llvm::Error
llmc::interpret::writeSafetensors(llvm::StringRef path,
                                  llvm::ArrayRef<NamedTensor> tensors,
                                  Element element) {
  const int64_t width = element == Element::F32 ? 4 : 8;
  llvm::json::Object header;
  int64_t offset = 0;
  for (const NamedTensor &tensor : tensors) {
    int64_t end = offset + tensor.value.size() * width;
    header[tensor.name] =
        llvm::json::Object{{"dtype", element == Element::F32 ? "F32" : "F64"},
                           {"shape", llvm::json::Array(tensor.value.shape)},
                           {"data_offsets", llvm::json::Array{offset, end}}};
    offset = end;
  }
  std::string text = llvm::formatv("{0}", llvm::json::Value(std::move(header)));
  text.resize(llvm::alignTo(text.size(), 8), ' ');

  std::error_code code;
  llvm::raw_fd_ostream file(path, code);
  if (code)
    return createStringError("%s: %s", path.str().c_str(),
                             code.message().c_str());
  llvm::support::endian::Writer writer(file, llvm::endianness::little);
  writer.write<uint64_t>(text.size());
  file << text;
  for (const NamedTensor &tensor : tensors)
    for (double value : tensor.value.data) {
      if (element == Element::F32)
        writer.write<float>(static_cast<float>(value));
      else
        writer.write<double>(value);
    }
  file.close();
  if (file.has_error())
    return createStringError("%s: %s", path.str().c_str(),
                             file.error().message().c_str());
  return llvm::Error::success();
}

llvm::Expected<std::vector<double>>
llmc::interpret::readTokens(llvm::StringRef path, int64_t count) {
  auto buffer = readFile(path);
  if (!buffer)
    return buffer.takeError();
  llvm::StringRef bytes = (*buffer)->getBuffer();
  auto word = [&](int64_t index) {
    return llvm::support::endian::read32le(bytes.data() + 4 * index);
  };
  const std::string name = path.str();
  if (bytes.size() < headerInts * 4)
    return createStringError("%s: expected a token shard with a header of 1024 "
                             "bytes, found %zu bytes",
                             name.c_str(), bytes.size());
  int64_t width = 0;
  if (word(0) == 20240520 && word(1) == 1)
    width = 2;
  else if (word(0) == 20240801 && word(1) == 7)
    width = 4;
  else
    return createStringError("%s: expected a token shard (20240520, 1 or "
                             "20240801, 7), found %u, %u",
                             name.c_str(), word(0), word(1));
  int64_t held = (static_cast<int64_t>(bytes.size()) - headerInts * 4) / width;
  if (std::min<int64_t>(held, word(2)) < count)
    return createStringError("%s: expected at least %lld tokens, found %lld",
                             name.c_str(), static_cast<long long>(count),
                             static_cast<long long>(held));
  std::vector<double> tokens(count);
  const char *source = bytes.data() + headerInts * 4;
  for (double &token : tokens) {
    token = width == 2 ? llvm::support::endian::read16le(source)
                       : llvm::support::endian::read32le(source);
    source += width;
  }
  return tokens;
}
