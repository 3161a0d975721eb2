//===- safetensors.cpp - fuzzes the reader of safetensors files -----------===//

#include "FuzzSupport.h"

#include "train/Safetensors.h"

#include <algorithm>
#include <vector>

using namespace llmc::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static fuzz::Scratch scratch;
  std::string path = scratch.write("a", fuzz::textOf(bytes, size));
  Result<SafetensorsFile> file = SafetensorsFile::open(path);
  if (!file.isOk())
    return 0;
  for (const auto &[name, entry] : file->entries()) {
    FUZZ_CHECK(entry.elements >= 0 && entry.offset >= 0 &&
               entry.offset <= static_cast<int64_t>(size));
    // Whatever passed as a float can be read to its last element.
    int64_t count = std::min<int64_t>(entry.elements, 4096);
    std::vector<float> values(static_cast<size_t>(count));
    bool isFloat =
        entry.dtype == "F32" || entry.dtype == "F16" || entry.dtype == "BF16";
    Status status =
        file->readFloats(entry, entry.elements - count, count, values.data());
    FUZZ_CHECK(status.isOk() == isFloat);
  }
  return 0;
}
