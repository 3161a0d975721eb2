//===- PolicySearch.h - the fastest plan that fits --------------*- C++ -*-===//
//
// Policies that --batch, --zero, --recompute and --offload leave open are taken
// from the model through MemoryPlan, so that their bytes are those of the
// program, and timed by StepTime. What does not depend on a policy is done
// once.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_PIPELINE_POLICYSEARCH_H
#define LLMC_COMPILER_PIPELINE_POLICYSEARCH_H

#include "compiler/Pipeline/PlannedPolicy.h"
#include "compiler/Pipeline/PolicyBounds.h"

#include "mlir/IR/OwningOpRef.h"

#include <deque>
#include <map>

namespace llmc {

class PolicySearch {
public:
  /// `model` is the module as it was parsed and stays as it is. `options` fix
  /// what is not to be searched.
  PolicySearch(mlir::ModuleOp model, const PipelineOptions &options,
               MemoryLimits limits);
  ~PolicySearch();

  /// Plans what the options leave open.
  void run();
  /// Whether anything fits. Plans no more than tells.
  bool canFit();
  /// The fastest that fits; null if none does. Where times are not predicted,
  /// the one that sends least, with the largest micro-batch.
  const PlannedPolicy *getBest() const;
  /// Of those that were planned, the one that lacks least.
  const PlannedPolicy *getNearest() const;
  /// All that were planned, in that order.
  const std::deque<PlannedPolicy> &getConsidered() const { return planned; }
  /// Whether nothing was tried in the host's memory, as nobody said how much of
  /// it may be pinned.
  bool sparesHost() const;
  /// Why `policy` is not the best.
  std::string explain(const PlannedPolicy &policy) const;

  /// Changes of the options, each of which would let a plan fit, with that
  /// plan: the smallest of each sort. Plans each of them. After `run`, where
  /// nothing fits.
  struct Advice {
    std::string change;
    PlannedPolicy policy;
  };
  std::vector<Advice> findAdvice();

private:
  /// All that tells policies from one another.
  static std::string getKey(const PipelineOptions &options);
  const PlannedPolicy &plan(const PipelineOptions &options);
  llvm::LogicalResult planOnce(PlannedPolicy &policy);
  PolicyKey getBoundsKey(const PipelineOptions &options) const;
  void learn(const PlannedPolicy &policy);
  llvm::SmallVector<int64_t> getBatches() const;
  bool isWorthIt(const PipelineOptions &candidate) const;
  bool mayFit(const PipelineOptions &candidate) const;
  bool fits(const PipelineOptions &candidate);
  void planBatches(PipelineOptions candidate);
  void planLayers(PipelineOptions candidate);
  void refineLayers();
  void refineBatch();
  llvm::SmallVector<OffloadSet>
  getOffloads(const PipelineOptions &candidate) const;
  bool isAllowed(const OffloadSet &offload) const;
  llvm::SmallVector<std::string> getStages() const;
  llvm::SmallVector<std::string> getRecomputes() const;
  bool leastFitsDevice(PipelineOptions candidate);
  std::optional<PlannedPolicy> tryOptions(const PipelineOptions &options);
  bool hasTooMuchState(const PipelineOptions &options) const;
  std::optional<PlannedPolicy> tryMoreHost(const PipelineOptions &options);

  mlir::ModuleOp model;
  PipelineOptions options;
  MemoryLimits limits;
  /// After Step, by what it depends on.
  std::map<std::string, mlir::OwningOpRef<mlir::ModuleOp>> steps;
  std::deque<PlannedPolicy> planned;
  std::map<std::string, size_t> indexOf;
  PolicyBounds bounds;
};

/// Whether something is left to a search: a limit is given, or `auto`.
bool needsSearch(const PipelineOptions &options, const MemoryLimits &limits);

} // namespace llmc

#endif
