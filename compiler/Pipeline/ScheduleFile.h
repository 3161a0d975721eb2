//===- ScheduleFile.h - block sizes that a person chose -------------------===//
//
//   {"linear_*": {"block_m": 128, "block_n": 128, "block_k": 32, ...},
//    "attention_2": {"block_q": 64, ...}}
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_PIPELINE_SCHEDULEFILE_H
#define LLMC_COMPILER_PIPELINE_SCHEDULEFILE_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/GlobPattern.h"

#include <string>
#include <utility>
#include <vector>

namespace llmc {

/// The file of --schedule: schedules of kernels by name, or by a pattern with
/// `*` for those that no name stands for.
class ScheduleFile {
public:
  /// The error says what is wrong with the file, and where.
  static llvm::Expected<ScheduleFile> read(const std::string &path);

  /// Gives kernels their attribute `schedule`, which llmc-schedule-kernels
  /// keeps. An entry that no kernel matches is an error.
  mlir::LogicalResult apply(mlir::ModuleOp module) const;

private:
  struct Entry {
    std::string name;
    llvm::GlobPattern pattern;
    std::vector<std::pair<std::string, int64_t>> sizes;
  };
  std::string path;
  std::vector<Entry> entries; // names before patterns
};

} // namespace llmc

#endif
