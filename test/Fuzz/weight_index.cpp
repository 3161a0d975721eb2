//===- weight_index.cpp - fuzzes the index of weights in parts ------------===//

#include "FuzzSupport.h"

#include "train/WeightFiles.h"

using namespace llmc::runtime;

namespace {

/// A directory with one part, which holds the tensor "a".
struct Fixture {
  fuzz::Scratch scratch;
  Fixture() {
    TensorSource source{"a", {1}, 1, [](int64_t, int64_t, float *out) {
                          *out = 1;
                          return Status::ok();
                        }};
    FUZZ_CHECK(writeSafetensors(joinPath(scratch.path(), "part"), {source}, {})
                   .isOk());
  }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static Fixture fixture;
  fixture.scratch.write("model.safetensors.index.json",
                        fuzz::textOf(bytes, size));
  Result<WeightFiles> files = WeightFiles::open(fixture.scratch.path());
  if (files.isOk())
    for (const std::string &name : files->names())
      FUZZ_CHECK(name == "a" && files->find(name));
  return 0;
}
