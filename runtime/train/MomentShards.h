//===- MomentShards.h - moments in a file for each rank ---------*- C++ -*-===//
//
//   optimizer-00001-of-00004.safetensors    m.<name>[0:4096], v.<name>[0:4096]
//
// A rank writes what it owns: of each parameter the elements that lie in its
// shards, as tensors of one dimension named after where they belong. Any
// number of ranks can read them again, since the pieces say all there is to
// know.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_MOMENTSHARDS_H
#define LLMC_RUNTIME_TRAIN_MOMENTSHARDS_H

#include "device/Device.h"
#include "train/Safetensors.h"

#include <map>
#include <string>
#include <vector>

namespace llmc::runtime {

/// Whether each rank has shards of the moments only.
bool hasMomentShards(const LlmcProgram &program);

/// "optimizer-00001-of-00004.safetensors" of rank 0 of 4.
std::string momentShardName(int rank, int ranks);
bool isMomentShardName(const std::string &name);

/// This rank's pieces of both moments.
std::vector<TensorSource> ownMoments(const LlmcProgram &program,
                                     Device &device);

/// The open files of all ranks that wrote a checkpoint.
class MomentShards {
public:
  /// `paths`: of all files, in any order.
  static Result<MomentShards> open(const std::vector<std::string> &paths);

  /// Checks that every element of the parameters' moments is there once.
  Status check(const LlmcProgram &program) const;
  /// Reads what this rank keeps of the arena `kind`, of moments, from pieces
  /// named `prefix` + name. The files must have been checked.
  Status load(const LlmcProgram &program, Device &device, LlmcArenaKind kind,
              const std::string &prefix) const;

private:
  struct Piece {
    size_t file;
    int64_t first;
    int64_t count;
    const SafetensorsFile::Entry *entry;
  };
  std::vector<SafetensorsFile> files;
  /// By the whole tensor's name, in the order of elements.
  std::map<std::string, std::vector<Piece>> pieces;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_MOMENTSHARDS_H
