//===- CheckpointFiles.h - whether a checkpoint's files are undamaged -----===//

#ifndef LLMC_RUNTIME_TRAIN_CHECKPOINTFILES_H
#define LLMC_RUNTIME_TRAIN_CHECKPOINTFILES_H

#include "train/CheckpointState.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace llmc::runtime {

inline constexpr char modelFile[] = "model.safetensors";
inline constexpr char optimizerFile[] = "optimizer.safetensors";
inline constexpr char stateFile[] = "state.json";
/// Larger ones are not ours and must not fill the memory.
constexpr int64_t largestStateBytes = int64_t(1) << 20;

/// By name.
using FileSeals = std::map<std::string, FileSeal>;

/// The state.json of the checkpoint `path`.
Result<CheckpointState> readState(const std::string &path);

/// The names of the files of a checkpoint with a file for each rank; none if it
/// has one for all.
std::vector<std::string> momentShardsOf(const FileSeals &files);

/// What `reader` of `readers` compares with its checksum, of all files that a
/// run goes on from: each is in one reader's share, and the shares are as equal
/// in bytes as whole files allow.
std::vector<std::string> shareOfFiles(const FileSeals &files, int reader,
                                      int readers);

/// Compares the size and the checksum of the file `name` of the checkpoint
/// `path`.
Status verifyFile(const std::string &path, const FileSeals &files,
                  const std::string &name);

/// Checks the weights of the checkpoint `path` against its state.json. No error
/// for a directory that is none or has lost that file.
Status verifyCheckpointModel(const std::string &path);

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_CHECKPOINTFILES_H
