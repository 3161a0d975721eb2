//===- StepTime.h - how long a planned step takes ---------------*- C++ -*-===//
//
// Walks the straight lines of a plan: kernels take what the model of the GPU
// predicts and run one behind the other; collectives and copies run beside them
// and share the bus (BusClock); a wait holds the kernels up. What a wait costs
// is exposed.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SCHEDULE_STEPTIME_H
#define LLMC_COMPILER_SCHEDULE_STEPTIME_H

#include "compiler/Support/LinkModel.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace llmc {

/// A collective or a copy of a function's plan. Times in seconds from the
/// function's start.
struct TransferTime {
  std::string kind;
  /// Between the host and the device, not between ranks.
  bool isCopy = false;
  int64_t bytes = 0; // that this rank sends, or copies
  double begin = 0, end = 0;
  double exposed = 0;
};

/// One run of an entry point.
struct FunctionTime {
  double compute = 0;       // of the kernels
  double exposed = 0;       // waited for collectives
  double exposedCopies = 0; // waited for copies
  std::vector<TransferTime> transfers;

  double seconds() const { return compute + exposed + exposedCopies; }
  int64_t sentBytes() const { return sumBytes(/*copies=*/false); }
  int64_t copiedBytes() const { return sumBytes(/*copies=*/true); }

private:
  int64_t sumBytes(bool copies) const;
};

/// A step: `accumulation` micro-batches and an update, on each of `ranks`.
struct StepTime {
  int64_t ranks = 1, batch = 0, sequence = 0, accumulation = 1;
  std::string link;
  bool isNetwork = false;
  /// What a step runs, in this order: each entry point `count` times.
  struct Runs {
    std::string function;
    int64_t count = 1;
    FunctionTime time = {};
  };
  std::vector<Runs> microSteps;
  FunctionTime evaluate, update;

  /// Reads `module`, the module after MemoryPlan. A step has `tokens` in all,
  /// or one micro-batch if these are more.
  static StepTime build(mlir::ModuleOp module, const LinkModel &link,
                        int64_t tokens);

  /// Whether the target's model knows what kernels take; otherwise only bytes
  /// mean something here.
  bool isPredicted() const { return update.compute > 0; }
  int64_t tokens() const { return ranks * batch * sequence * accumulation; }
  /// What a forward pass takes alone, as @evaluate does.
  double forward() const { return accumulation * evaluate.compute; }
  double backward() const;
  double exposed() const;
  double exposedCopies() const;
  double seconds() const {
    return forward() + backward() + update.compute + exposed() +
           exposedCopies();
  }
  double tokensPerSecond() const { return tokens() / seconds(); }
  /// That a rank sends in a step, and copies from and to the host.
  int64_t sentBytes() const;
  int64_t copiedBytes() const;

private:
  /// Of all runs of the entry points of a step.
  template <typename T> T sum(T (*of)(const FunctionTime &)) const {
    T all = of(update);
    for (const Runs &entry : microSteps)
      all += static_cast<T>(entry.count) * of(entry.time);
    return all;
  }
};

} // namespace llmc

#endif
