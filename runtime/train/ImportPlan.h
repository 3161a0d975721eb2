//===- ImportPlan.h - where each parameter's values lie in files ----------===//

#ifndef LLMC_RUNTIME_TRAIN_IMPORTPLAN_H
#define LLMC_RUNTIME_TRAIN_IMPORTPLAN_H

#include "core/Status.h"
#include "train/WeightFiles.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

struct LlmcProgram;
struct LlmcTensor;

namespace llmc::runtime {

struct ImportPlan {
  /// Elements that are read at a time.
  static constexpr int64_t blockElements = int64_t(1) << 16;

  /// `rows` runs of `width` elements, from a tensor of a file to one of the
  /// model. A whole tensor is one run.
  struct Piece {
    WeightFiles::Tensor source;
    int64_t rows = 1;
    int64_t width = 0;
    int64_t sourceStart = 0, sourcePitch = 0;
    int64_t targetStart = 0, targetPitch = 0;
  };

  /// Finds the values of every parameter of the program. `path` is what the
  /// user called the files.
  static Result<ImportPlan> make(const LlmcProgram &program,
                                 const WeightFiles &weights,
                                 const std::string &path);

  std::vector<std::pair<const LlmcTensor *, Piece>> pieces;
  std::set<std::string> used; ///< names of the files
  /// Parameters that are a part of a tensor, that are made of several, and that
  /// share one with another.
  int64_t cut = 0, joined = 0, tied = 0;
};

} // namespace llmc::runtime

#endif // LLMC_RUNTIME_TRAIN_IMPORTPLAN_H
