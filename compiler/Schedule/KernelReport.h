//===- KernelReport.h - what the model expects of a plan's kernels *- C++ -*-=//
//
// The kernels of each entry point after MemoryPlan, while their bodies still
// hold the ops that they were made of.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SCHEDULE_KERNELREPORT_H
#define LLMC_COMPILER_SCHEDULE_KERNELREPORT_H

#include "compiler/Schedule/ScheduleFile.h"
#include "compiler/Schedule/TargetModel.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <vector>

namespace llmc {

class KernelReport {
public:
  /// Fails with a diagnostic if a kernel is not what Schedule leaves.
  static mlir::FailureOr<KernelReport> build(mlir::ModuleOp module,
                                             const TargetModel &model);

  /// A table for each entry point, the kernel of most time first, and the sum
  /// of the times; of other micro-steps what differs from @micro_step; then
  /// what a step of one micro-batch comes to on `chip`.
  void print(llvm::raw_ostream &os, const Chip &chip) const;
  /// The same as attributes of the object that is open.
  void writeJson(llvm::json::OStream &json, const Chip &chip) const;
  /// What a step of one micro-batch comes to.
  struct Step {
    double seconds = 0;
    double tokensPerSecond = 0;
    double peakShare = 0; // of the arithmetic that the chip could do
    double fill = 0;      // of its SMs' time
  };
  Step getStep(const Chip &chip) const;
  /// All schedules in the form that --schedule reads, of the kernels that have
  /// a key: those that Fusion left.
  void printSchedules(llvm::raw_ostream &os, const ScheduleTarget &target,
                      const llvm::StringMap<std::string> &keys) const;

private:
  struct Kernel {
    std::string name, kind;
    bool isAdded; // by Schedule: --schedule names it by no key
    /// Whether registers and shared memory are a compiler's.
    bool isReported;
    llvm::SmallVector<int64_t> grid;
    ScheduleChoice choice;
    int64_t flops; // of one launch
  };
  struct Function {
    std::string name;
    /// Indices into `kernels`, and how often each is launched.
    std::vector<std::pair<size_t, int64_t>> launches;
  };

  /// The launches of `function` that are not those of another one.
  void printFunction(const Function &function, const Function *but,
                     llvm::raw_ostream &os) const;
  double getMicroseconds(const Function &function) const;
  void printStep(llvm::raw_ostream &os, const Chip &chip) const;

  std::vector<Kernel> kernels;
  std::vector<Function> functions;
  int64_t batch = 0, sequence = 0; // of a micro-batch, in sequences and tokens
  Element element = Element::F32;  // that products multiply
};

} // namespace llmc

#endif
