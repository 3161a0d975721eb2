//===- CheckpointState.h - state.json of a checkpoint ---------------------===//
//
//   {"version": 1, "step": 30, "position": 480, "seed": 1,
//    "tokenizer": "bytes", "model": "bible_llama", "parameters": 65792,
//    "settings": {"lr": "0.0003", ...},
//    "files": {"model.safetensors": {"bytes": 123, "checksum": "..."}, ...},
//    "checksum": "..."}
//
// The last is that of the JSON before it, printed without white space.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_CHECKPOINTSTATE_H
#define LLMC_RUNTIME_TRAIN_CHECKPOINTSTATE_H

#include "core/File.h"
#include "core/Status.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace llmc::runtime {

/// What a run needs besides the tensors to go on bit for bit.
struct RunState {
  int64_t step = 0;     // optimizer steps done
  int64_t position = 0; // training windows consumed
  uint64_t seed = 0;
  std::string tokenizer = "unknown";
  /// Options and facts whose change makes the resumed run another one, as text.
  std::map<std::string, std::string> settings;
};

/// What state.json says.
struct CheckpointState {
  RunState run;
  std::string model;
  int64_t parameters = 0;
  std::map<std::string, FileSeal> files;
};

std::string formatCheckpointState(const CheckpointState &state);

/// Reads `text`, the contents of `path`, which stands in errors. The checksum
/// must be right.
Result<CheckpointState> parseCheckpointState(const std::string &path,
                                             const std::string &text);

/// "step_000123".
std::string checkpointName(int64_t step);
/// The step of such a name, nothing for any other text.
std::optional<int64_t> stepOfCheckpointName(const std::string &name);

/// A checksum as files hold it, 16 hexadecimal digits.
std::string formatChecksum(uint64_t value);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_CHECKPOINTSTATE_H
