//===- checkpoint_state.cpp - fuzzes state.json of a checkpoint -----------===//
//
// Each input is read as it is, and once more with the checksum that would be
// right for it, so that what comes after the checksum is reached too.
//
//===----------------------------------------------------------------------===//

#include "FuzzSupport.h"

#include "core/Json.h"
#include "train/CheckpointState.h"

using namespace llmc::runtime;
using Json = nlohmann::ordered_json;

static std::string withChecksum(Json json) {
  json.erase("checksum");
  std::string text = json.dump();
  Checksum checksum;
  checksum.add(text.data(), text.size());
  json["checksum"] = formatChecksum(checksum.value());
  return json.dump();
}

/// What could be read is written, and read again, as the same.
static void check(const std::string &text) {
  Result<CheckpointState> state = parseCheckpointState("state.json", text);
  if (!state.isOk())
    return;
  FUZZ_CHECK(state->run.step >= 0 && state->run.position >= 0);
  std::string again = formatCheckpointState(*state);
  Result<CheckpointState> reread = parseCheckpointState("state.json", again);
  FUZZ_CHECK(reread.isOk() && formatCheckpointState(*reread) == again);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  std::string text(fuzz::textOf(bytes, size));
  check(text);
  if (Json json = parseJson<Json>(text); json.is_object())
    check(withChecksum(std::move(json)));
  if (std::optional<int64_t> step = stepOfCheckpointName(text))
    FUZZ_CHECK(checkpointName(*step) == text);
  return 0;
}
