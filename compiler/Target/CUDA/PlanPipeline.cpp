//===- PlanPipeline.cpp - which loads go through shared memory ------------===//
//
// A load that feeds products only is copied to shared memory in the background,
// some iterations ahead of its use:
//
//   scf.for %k .. {                       scf.for %k .. {
//     %a = tile.load %x[%m, %k]     ==>     %a = tile.load %x[%m, %k]
//     %c = tile.dot %a, %b, %acc              {cuda.stages = 3}
//
// It comes before layouts: an operand in shared memory needs none of its own.
//
// A loop that begins where the one before it ends, and has the same loads,
// takes over what that one has under way: its pipeline neither drains nor fills
// again between them.
//
//   scf.for %k = %a to %b {..}            scf.for %k = %a to %b {..}
//   scf.for %k = %b to %c {..}     ==>    scf.for %k = %b to %c {..}
//                                           {cuda.continues}
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/Passes.h"
#include "compiler/Target/CUDA/Pipeline.h"
#include "dialects/Cuda/Cuda.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace llmc {
#define GEN_PASS_DEF_CUDAPLANPIPELINE
#include "compiler/Target/CUDA/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Stages of a loop when the schedule says nothing: one tile is used while the
/// next one comes.
static constexpr int64_t kStages = 2;

/// Whether all that is done with the tile is to multiply it.
static bool feedsProductsOnly(tile::LoadOp load) {
  return !load->use_empty() &&
         llvm::all_of(load->getUses(), [](OpOperand &use) {
           return isa<tile::DotOp>(use.getOwner()) &&
                  use.getOperandNumber() < 2;
         });
}

/// Whether `value` is computed from the loop's induction variable, as in
/// "part of the depth + step".
static bool dependsOn(Value value, scf::ForOp loop) {
  if (value == loop.getInductionVar())
    return true;
  Operation *op = value.getDefiningOp();
  return op && loop->isProperAncestor(op) &&
         llvm::any_of(op->getOperands(),
                      [&](Value operand) { return dependsOn(operand, loop); });
}

static int64_t chooseStages(tile::LoadOp load, int64_t stages) {
  auto loop = load->getParentOfType<scf::ForOp>();
  // Before a loop there is nothing to hide the copy behind.
  if (!loop)
    return 1;
  bool moves = llvm::any_of(
      load.getIndices(), [&](Value index) { return dependsOn(index, loop); });
  return moves ? stages : 1;
}

SmallVector<tile::LoadOp> llmc::loadsAhead(scf::ForOp loop) {
  SmallVector<tile::LoadOp> loads;
  for (auto load : loop.getBody()->getOps<tile::LoadOp>())
    if (auto stages = load->getAttrOfType<IntegerAttr>("cuda.stages");
        stages && stages.getInt() > 1)
      loads.push_back(load);
  return loads;
}

/// Whether the loads that `loop` makes ahead are those of `before`, of its next
/// iterations.
static bool continuesPipeline(scf::ForOp loop, scf::ForOp before) {
  if (!isEqualConstantIntOrValue(loop.getLowerBound(),
                                 before.getUpperBound()) ||
      !isEqualConstantIntOrValue(loop.getStep(), before.getStep()))
    return false;
  auto isSame = [&](Value own, Value other) {
    return own == other ||
           (own == loop.getInductionVar() && other == before.getInductionVar());
  };
  SmallVector<tile::LoadOp> own = loadsAhead(loop), other = loadsAhead(before);
  return !own.empty() &&
         llvm::equal(own, other, [&](tile::LoadOp a, tile::LoadOp b) {
           return a.getView() == b.getView() && a.getType() == b.getType() &&
                  a->getAttr("cuda.stages") == b->getAttr("cuda.stages") &&
                  llvm::equal(a.getIndices(), b.getIndices(), isSame);
         });
}

namespace {
struct CudaPlanPipeline : llmc::impl::CudaPlanPipelineBase<CudaPlanPipeline> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<tile::FuncOp>()) {
      int64_t stages = kStages;
      if (auto schedule = func.getScheduleAttr())
        if (auto own = schedule.getAs<IntegerAttr>("stages"))
          stages = own.getInt();
      Builder builder(func.getContext());
      func.walk([&](tile::LoadOp load) {
        if (feedsProductsOnly(load))
          load->setAttr("cuda.stages",
                        builder.getI64IntegerAttr(chooseStages(load, stages)));
      });
      func.walk([&](scf::ForOp loop) {
        auto before = dyn_cast_or_null<scf::ForOp>(loop->getPrevNode());
        if (before && continuesPipeline(loop, before))
          loop->setAttr("cuda.continues", builder.getUnitAttr());
      });
    }
  }
};
} // namespace
