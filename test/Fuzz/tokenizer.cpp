//===- tokenizer.cpp - fuzzes tokenizer.json beside token shards ----------===//

#include "FuzzSupport.h"

#include "train/Data.h"

using namespace llmc::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static fuzz::Scratch scratch;
  static Status written = writeTokenShard(joinPath(scratch.path(), "train.bin"),
                                          std::vector<uint32_t>(100, 1));
  FUZZ_CHECK(written.isOk());
  scratch.write("tokenizer.json", fuzz::textOf(bytes, size));
  Result<Data> data = Data::open(scratch.path(), /*sequence=*/4,
                                 /*vocabulary=*/256);
  FUZZ_CHECK(!data.isOk() || data->tokenizer() == "bytes" ||
             data->tokenizer() == "unknown");
  return 0;
}
