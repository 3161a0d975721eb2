//===- StepTime.h - how long a planned step takes ---------------*- C++ -*-===//
//
// Walks the straight lines of a plan with a clock for each stream: kernels take
// what the model of the GPU predicts and run one behind the other; collectives
// take what the model of the link predicts and run one behind the other beside
// them; a wait holds the kernels up. What a wait costs is exposed.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_SCHEDULE_STEPTIME_H
#define LLMC_COMPILER_SCHEDULE_STEPTIME_H

#include "compiler/Schedule/LinkModel.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace llmc {

/// A collective of a function's plan. Times in seconds from the function's
/// start.
struct CollectiveTime {
  std::string kind;
  int64_t bytes = 0; // that this rank sends
  double begin = 0, end = 0;
  double exposed = 0;
};

/// One run of an entry point.
struct FunctionTime {
  double compute = 0; // of the kernels
  double exposed = 0; // waited for collectives and copies
  std::vector<CollectiveTime> collectives;

  double seconds() const { return compute + exposed; }
  int64_t sentBytes() const;
};

/// A step: `accumulation` micro-batches and an update, on each of `ranks`.
struct StepTime {
  int64_t ranks = 1, batch = 0, sequence = 0, accumulation = 1;
  std::string link;
  bool isNetwork = false;
  FunctionTime evaluate, microStep, lastMicroStep, update;

  /// Reads `module`, the module after MemoryPlan, of a target whose model
  /// predicts times. A step has `tokens` in all, or one micro-batch if these
  /// are more.
  static StepTime build(mlir::ModuleOp module, const LinkModel &link,
                        int64_t tokens);

  int64_t tokens() const { return ranks * batch * sequence * accumulation; }
  /// What a forward pass takes alone, as @evaluate does.
  double forward() const { return accumulation * evaluate.compute; }
  double backward() const;
  double exposed() const;
  double seconds() const {
    return forward() + backward() + update.compute + exposed();
  }
  double tokensPerSecond() const { return tokens() / seconds(); }
  /// That a rank sends in a step.
  int64_t sentBytes() const;
};

} // namespace llmc

#endif
