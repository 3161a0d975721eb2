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
// A loop that only multiplies holds two steps' fragments in registers, if there
// are enough: it becomes `cuda.double_buffer`.
//
// Where the schedule says `keep_fragments`, a left operand that is loaded
// before a loop of products becomes fragments in registers before the loop:
// `cuda.kept`.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/LowerProducts.h"
#include "compiler/Target/CUDA/Passes.h"
#include "compiler/Target/CUDA/Pipeline.h"
#include "dialects/Cuda/Cuda.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/MathExtras.h"

namespace llmc {
#define GEN_PASS_DEF_CUDAPLANPIPELINE
#include "compiler/Target/CUDA/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Stages of a loop when the schedule says nothing: one tile is used while the
/// next one comes.
static constexpr int64_t kStages = 2;
/// Registers of a product's main loop for all but accumulators and fragments:
/// addresses, the loop, what ptxas keeps of the epilogue.
static constexpr int64_t kOtherRegisters = 40;
static constexpr int64_t kEdgeRegisters = 24;

/// Whether all that is done with the tile is to multiply it.
static bool feedsProductsOnly(tile::LoadOp load) {
  return !load->use_empty() &&
         llvm::all_of(load->getUses(), [](OpOperand &use) {
           return isa<tile::DotOp>(use.getOwner()) &&
                  use.getOperandNumber() < 2;
         });
}

// A part of the depth begins at "part + step": sums move as their terms do.
std::optional<int64_t> llmc::movementOf(Value value, scf::ForOp loop) {
  if (value == loop.getInductionVar())
    return 1;
  Operation *op = value.getDefiningOp();
  if (!op || !loop->isProperAncestor(op))
    return 0;
  if (!isa<arith::AddIOp>(op))
    return std::nullopt;
  auto left = movementOf(op->getOperand(0), loop);
  auto right = movementOf(op->getOperand(1), loop);
  return left && right ? std::optional(*left + *right) : std::nullopt;
}

static int64_t chooseStages(tile::LoadOp load, int64_t stages) {
  auto loop = load->getParentOfType<scf::ForOp>();
  // Before a loop there is nothing to hide the copy behind.
  if (!loop)
    return 1;
  bool moves = false;
  for (Value position : load.getIndices()) {
    std::optional<int64_t> movement = movementOf(position, loop);
    if (!movement)
      return 1;
    moves |= *movement != 0;
  }
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

/// Whether a loop does nothing but multiply, by tensor cores, what it loads
/// ahead, an even number of steps of the depth in each iteration.
static bool onlyMultiplies(scf::ForOp loop) {
  SmallVector<tile::LoadOp> ahead = loadsAhead(loop);
  unsigned number = 0;
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (isa<arith::AddIOp>(op) && op.getResult(0).getType().isIndex())
      continue;
    if (auto load = dyn_cast<tile::LoadOp>(op)) {
      if (!llvm::is_contained(ahead, load))
        return false;
      continue;
    }
    auto dot = dyn_cast<tile::DotOp>(op);
    auto isAhead = [&](Value operand) {
      auto load = operand.getDefiningOp<tile::LoadOp>();
      return load && llvm::is_contained(ahead, load);
    };
    if (!dot || getProductKind(dot) != ProductKind::Bf16 ||
        getDepth(dot) % 32 || !isAhead(dot.getA()) || !isAhead(dot.getB()) ||
        number == loop.getNumRegionIterArgs() ||
        dot.getAcc() != loop.getRegionIterArg(number) ||
        loop.getYieldedValues()[number] != dot.getResult())
      return false;
    ++number;
  }
  return number > 0 && number == loop.getNumRegionIterArgs();
}

/// Whether a thread has the registers for two steps' fragments.
static bool hasRegisters(scf::ForOp loop, DictionaryAttr schedule) {
  auto value = [&](StringRef key) -> int64_t {
    auto own = schedule ? schedule.getAs<IntegerAttr>(key) : IntegerAttr();
    return own ? own.getInt() : 1;
  };
  int64_t threads = value("threads");
  int64_t needed = kOtherRegisters;
  Value left;
  for (auto dot : loop.getBody()->getOps<tile::DotOp>()) {
    ArrayRef<int64_t> shape = dot.getType().getShape();
    needed += shape[0] * shape[1] / threads;
    // 16 x 16 bf16 of a fragment are 4 registers in each of 32 lanes.
    auto fragments = [](int64_t extent) {
      return llvm::divideCeilSigned(extent, 16) * 4;
    };
    if (dot.getA() != left)
      needed += 2 * fragments(shape[0] / value("warps_m"));
    needed += 2 * fragments(shape[1] / value("warps_n"));
    left = dot.getA();
  }
  // A row's end within a chunk is worked out for each copy.
  for (tile::LoadOp load : loadsAhead(loop)) {
    auto view = cast<MemRefType>(load.getView().getType());
    if (view.getDimSize(1) % load.getType().getDimSize(1))
      needed += kEdgeRegisters;
  }
  return needed <=
         std::min<int64_t>(255, 65536 / (threads * value("min_blocks")));
}

/// Whether the tile is the left operand, by rows, of products in loops behind
/// it and nothing else.
static bool mayBeKept(tile::LoadOp load) {
  return !load->getParentOfType<scf::ForOp>() &&
         llvm::all_of(load->getUses(), [](OpOperand &use) {
           auto dot = cast<tile::DotOp>(use.getOwner());
           return use.getOperandNumber() == 0 && !dot.getTransposeA() &&
                  getProductKind(dot) == ProductKind::Bf16 &&
                  dot->getParentOfType<scf::ForOp>();
         });
}

namespace {
struct CudaPlanPipeline : llmc::impl::CudaPlanPipelineBase<CudaPlanPipeline> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<tile::FuncOp>()) {
      int64_t stages = kStages;
      bool keeps = false;
      if (auto schedule = func.getScheduleAttr()) {
        if (auto own = schedule.getAs<IntegerAttr>("stages"))
          stages = own.getInt();
        keeps = schedule.contains("keep_fragments");
      }
      Builder builder(func.getContext());
      func.walk([&](tile::LoadOp load) {
        if (!feedsProductsOnly(load))
          return;
        load->setAttr("cuda.stages",
                      builder.getI64IntegerAttr(chooseStages(load, stages)));
        if (keeps && mayBeKept(load))
          load->setAttr("cuda.kept", builder.getUnitAttr());
      });
      func.walk([&](scf::ForOp loop) {
        auto before = dyn_cast_or_null<scf::ForOp>(loop->getPrevNode());
        if (before && continuesPipeline(loop, before))
          loop->setAttr("cuda.continues", builder.getUnitAttr());
        if (onlyMultiplies(loop) && hasRegisters(loop, func.getScheduleAttr()))
          loop->setAttr("cuda.double_buffer", builder.getUnitAttr());
      });
    }
  }
};
} // namespace
