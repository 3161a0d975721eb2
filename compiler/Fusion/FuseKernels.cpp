//===- FuseKernels.cpp - ops become kernels -------------------------------===//
//
// Before:                                After:
//   %y = model.linear %x, %w : ...         %z = tile.launch @linear_gelu_0(%x,
//   %w) %z = model.gelu %y : ...
//                                        tile.func @linear_gelu_0(...) kind
//                                        "gemm"
//
// What belongs together is Grouping's decision; this pass prepares the
// functions for it and has the groups outlined.
//
//===----------------------------------------------------------------------===//

#include "compiler/Fusion/Outline.h"
#include "compiler/Fusion/Passes.h"
#include "dialects/Model/Model.h"
#include "dialects/Train/Train.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace llmc {
#define GEN_PASS_DEF_FUSEKERNELS
#include "compiler/Fusion/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Erases ops that nothing uses, so that no kernel computes them.
static void eraseDeadOps(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// Gives every user its own copy of the ops that are cheaper to compute again
/// than to keep. Returns the copies.
static llvm::DenseSet<Operation *> recomputeCheapOps(Block &block,
                                                     const CostModel &cost) {
  llvm::DenseSet<Operation *> copies;
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (copies.contains(&op) || !cost.shouldRecompute(&op))
      continue;
    Value kept = op.getResult(0);
    remark::passed(op.getLoc(),
                   remark::RemarkOpts::name("recomputed").category("fusion"))
        << remark::add("'{0}' computed again by each of its users: saves {1} "
                       "bytes of storage",
                       op.getName().getStringRef(), getTensorBytes(kept));
    llvm::SmallSetVector<Operation *, 4> users(kept.user_begin(),
                                               kept.user_end());
    for (Operation *user : users) {
      Operation *copy = OpBuilder(user).clone(op);
      user->replaceUsesOfWith(kept, copy->getResult(0));
      copies.insert(copy);
    }
    op.erase();
  }
  return copies;
}

namespace {
struct FuseKernels : llmc::impl::FuseKernelsBase<FuseKernels> {
  using FuseKernelsBase::FuseKernelsBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    FuseKernelsBase::getDependentDialects(registry);
    registerFusionRules(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    CostModelOptions options;
    options.maxTensors = maxTensors;
    options.maxOps = maxOps;
    CostModel cost(options);
    KernelOutliner outliner(module);
    for (auto func : module.getOps<func::FuncOp>()) {
      if (func.isExternal())
        continue;
      for (Block &block : func.getBody())
        eraseDeadOps(block);
      Grouping grouping(cost);
      if (failed(grouping.run(func,
                              recomputeCheapOps(func.getBody().front(), cost))))
        return signalPassFailure();
      std::vector<const Group *> groups = grouping.getOrderedGroups();
      // Layers share kernels, and so do passes.
      for (Operation &op : func.getBody().getOps()) {
        op.removeDiscardableAttr(model::kLayerName);
        op.removeDiscardableAttr(model::kRecomputedName);
      }
      outliner.run(func, groups);
    }
  }
};
} // namespace
