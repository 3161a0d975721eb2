//===- ScheduleFile.h - schedules as data -----------------------*- C++ -*-===//
//
//   {"version": 1,
//    "schedules": [
//      {"chip": "sm_89", "compiler": "nvrtc 13.0",
//       "kernels": [
//         {"kernel": "gemm: linear, gelu: (...) -> (...)",
//          "schedule": {"block_m": 128, ...}},
//         {"name": "attention_*", "schedule": {"block_q": 64, ...}}]}]}
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SCHEDULE_SCHEDULEFILE_H
#define LLMC_COMPILER_SCHEDULE_SCHEDULEFILE_H

#include "compiler/Schedule/KernelShape.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace llmc {

/// What kernels are compiled for and by: schedules of others do not apply.
struct ScheduleTarget {
  std::string chip; // "sm_89", "cpu"
  /// "nvrtc 13.0"; none where none is at hand: it is not compared then.
  std::optional<std::string> compiler;
};

/// The file of --schedule.
class ScheduleFile {
public:
  /// The error says what is wrong with the file, and where.
  static llvm::Expected<ScheduleFile> read(const std::string &path);

  /// Gives kernels, as Fusion leaves them, their attribute `schedule`, which
  /// llmc-schedule-kernels keeps: by key, else by name, else by pattern. What
  /// is of another chip or compiler is ignored with a remark; where all is, and
  /// for a name that no kernel has, that is an error.
  mlir::LogicalResult apply(mlir::ModuleOp module,
                            const ScheduleTarget &target) const;

  struct Entry {
    std::string kernel, name; // one of them
    std::map<std::string, int64_t> sizes;
  };
  struct Section {
    std::string chip;
    std::optional<std::string> compiler; // none: any
    std::vector<Entry> kernels;
  };

private:
  std::string path;
  std::vector<Section> sections;
};

/// Sizes by name.
llvm::json::Object toJson(const BlockSizes &blocks);

/// Writes schedules by kernels' keys as such a file.
void writeSchedules(llvm::raw_ostream &os, const ScheduleTarget &target,
                    const std::map<std::string, BlockSizes> &schedules);

} // namespace llmc

#endif
