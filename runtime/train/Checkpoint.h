//===- Checkpoint.h - states of a run that survive a crash ----------------===//
//
//   OUT/step_000123/model.safetensors      weights, Hugging Face names, F32
//                   optimizer.safetensors  m.<name> and v.<name>; where each
//                                          rank has a part of them a file a
//                                          rank instead, see MomentShards.h
//                   config.json            for Hugging Face's transformers, if
//                                          it has a class for the model
//                   state.json             step, place in the data, checksums
//   OUT/latest                             "step_000123", written last
//
// A checkpoint is written as step_*.tmp, flushed to the disk and renamed, so
// that a directory named step_* is complete; one that is dropped is renamed
// back first. Its files' checksums stand in state.json, which ends with a
// checksum of its own.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_RUNTIME_TRAIN_CHECKPOINT_H
#define LLMC_RUNTIME_TRAIN_CHECKPOINT_H

#include "core/Status.h"
#include "device/Device.h"
#include "train/CheckpointState.h"
#include "train/Safetensors.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace llmc::runtime {

class CheckpointStore {
public:
  /// `keep`: how many of the newest checkpoints stay; 0 keeps all.
  CheckpointStore(const LlmcProgram &program, Device &device,
                  std::string directory, int64_t keep)
      : program(program), device(device), directory(std::move(directory)),
        keep(keep) {}

  /// Writes the checkpoint of `state.step`, then drops those beyond `keep`.
  /// Those of later steps, which a resumed run could not use, do not count and
  /// stay until the run has reached them. Returns the checkpoint's path. All
  /// ranks call it: each writes its part of the moments, rank 0 all else, and
  /// what names the files last.
  Result<std::string> save(const RunState &state);

  /// Removes what writing or dropping left behind when it was cut off, and
  /// returns the paths. No other program may be writing.
  Result<std::vector<std::string>> removeUnfinished();

  /// Steps of the checkpoints present, valid or not, newest first; empty when
  /// the directory does not exist.
  Result<std::vector<int64_t>> steps() const;

  struct Loaded {
    std::string path;
    RunState state;
    /// Why each newer checkpoint, or the one that `latest` names, was not
    /// taken.
    std::vector<std::string> skipped;
  };
  /// Loads the newest checkpoint that is complete, undamaged and of this
  /// program. Nothing is loaded, and no error, when there is none at all;
  /// an error when there are some but none can be used. All ranks call it:
  /// those of a machine share out the files whose checksums are compared, and
  /// all take the same checkpoint or have the same error.
  Result<std::optional<Loaded>> loadNewest(bool withOptimizer);

private:
  std::string pathOf(int64_t step) const;
  /// `steps`, which must be the same for all ranks.
  Result<std::vector<int64_t>> sameSteps() const;
  /// `verdict` becomes why the checkpoint cannot be used, in the same words for
  /// all ranks.
  Status verify(const std::string &path, RunState &run, Status &verdict) const;
  Status checkShapes(const std::string &path,
                     const std::map<std::string, FileSeal> &files) const;
  /// What is wrong with `latest`, if anything.
  std::optional<std::string>
  checkLatest(const std::vector<int64_t> &present) const;
  Status load(const std::string &path, bool withOptimizer);
  Status loadMoments(const std::string &path);
  std::vector<TensorSource> moments() const;
  /// Makes room for the checkpoint `target`, which is written as `temporary`.
  Status begin(const std::string &target, const std::string &temporary) const;
  /// Writes what this rank writes of the tensors into `path`; of all ranks'
  /// files `whole` has the seals afterwards.
  Status writeTensors(CheckpointState &whole, const std::string &path) const;
  /// The one file of the weights, which all ranks write together.
  Status writeModel(CheckpointState &whole, const std::string &path) const;
  Status writeOwnWeights(const SafetensorsLayout &layout,
                         const std::string &path) const;
  Status writeOwnTensors(std::map<std::string, FileSeal> &files,
                         const std::string &path) const;
  /// Writes what makes the files in `temporary` the checkpoint `target`.
  Status complete(const CheckpointState &whole, const std::string &target,
                  const std::string &temporary);
  Status dropOld(int64_t newest);
  /// An error of one rank becomes that of all.
  Status agree(const Status &own) const;

  const LlmcProgram &program;
  Device &device;
  std::string directory;
  int64_t keep;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_CHECKPOINT_H
