//===- DeferSums.cpp - sums of a loop are added up behind it --------------===//
//
//   %s = scf.for .. iter_args(%a = zeros)     %p = scf.for .. (%a = zeros)
//     %n = %a * %scale + reduce(%x)      ==>    %n = %a * %scale + partial(%x)
//                                             %s = reduce(%p)
//
// A reduction is linear: what scales all of a row may as well scale each
// thread's part of it. So lanes and warps exchange their sums once, as in
// FlashAttention-2 (Dao 2023, 3.1), and kernels that sum over rows have no
// barrier in their loop. A chain of loops, each of which begins with what the
// one before has summed, has one exchange behind the last: that of a loop is
// taken back where the next one is changed.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/Layout.h"
#include "compiler/Target/CUDA/Passes.h"
#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"

namespace llmc {
#define GEN_PASS_DEF_CUDADEFERSUMS
#include "compiler/Target/CUDA/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
/// carried -> carried * scale + reduce(x); without a scale if that is null.
struct CarriedSum {
  arith::AddFOp sum;
  arith::MulFOp scaled;
  Value scale;
  tile::ReduceOp reduce;
};
} // namespace

static Layout layoutOf(Value tile) {
  auto type = cast<RankedTensorType>(tile.getType());
  return Layout(cast<cuda::LayoutAttr>(type.getEncoding()));
}

/// Whether threads hold parts of what is added up. Beyond the edge of a tile
/// that its layout pads there is nothing to add.
static bool isShared(tile::ReduceOp reduce) {
  auto type = cast<RankedTensorType>(reduce.getInput().getType());
  if (type.getRank() != 2 || !type.getElementType().isF32() ||
      reduce.getKind() != tile::ReduceKind::Add)
    return false;
  Layout layout = layoutOf(reduce.getInput());
  int64_t axis = reduce.getAxis();
  return !layout.isPadded(type.getShape()) &&
         layout.partial(axis).extents()[axis] > 1 &&
         layoutOf(reduce.getResult()) == layout.slice(axis);
}

static std::optional<CarriedSum> match(scf::ForOp loop, unsigned number) {
  Value carried = loop.getRegionIterArg(number);
  auto sum = loop.getYieldedValues()[number].getDefiningOp<arith::AddFOp>();
  if (!isa<RankedTensorType>(carried.getType()) || !carried.hasOneUse() ||
      !sum || !sum->hasOneUse())
    return std::nullopt;
  for (auto [own, other] : {std::pair(sum.getLhs(), sum.getRhs()),
                            std::pair(sum.getRhs(), sum.getLhs())}) {
    auto reduce = other.getDefiningOp<tile::ReduceOp>();
    if (!reduce || !reduce->hasOneUse() ||
        reduce->getBlock() != loop.getBody() || !isShared(reduce))
      continue;
    if (own == carried)
      return CarriedSum{sum, nullptr, nullptr, reduce};
    auto scaled = own.getDefiningOp<arith::MulFOp>();
    if (!scaled || !scaled->hasOneUse())
      continue;
    if (scaled.getLhs() == carried)
      return CarriedSum{sum, scaled, scaled.getRhs(), reduce};
    if (scaled.getRhs() == carried)
      return CarriedSum{sum, scaled, scaled.getLhs(), reduce};
  }
  return std::nullopt;
}

/// The parts that add up to `init`; null where that is not known.
static Value partsOf(Value init, RankedTensorType type, int64_t axis) {
  if (matchPattern(init, m_AnyZeroFloat())) {
    OpBuilder builder(init.getContext());
    builder.setInsertionPointAfterValue(init);
    return arith::ConstantOp::create(
        builder, init.getLoc(),
        DenseElementsAttr::get(type, builder.getF32FloatAttr(0)));
  }
  auto reduce = init.getDefiningOp<tile::ReduceOp>();
  if (reduce && reduce.getKind() == tile::ReduceKind::Add &&
      reduce.getAxis() == axis && reduce.getInput().getType() == type &&
      reduce->hasOneUse())
    return reduce.getInput();
  return nullptr;
}

/// Whether the sum may be added up behind the loop: nothing may stand between
/// it and a loop that continues its pipeline, which has to defer the sum, too.
static bool mayEnd(scf::ForOp loop, unsigned number) {
  auto next = dyn_cast_or_null<scf::ForOp>(loop->getNextNode());
  if (!next || !next->hasAttr("cuda.continues"))
    return true;
  Value result = loop.getResult(number);
  if (!result.hasOneUse() || result.use_begin()->getOwner() != next)
    return false;
  unsigned later =
      next.getTiedLoopResult(&*result.use_begin()).getResultNumber();
  std::optional<CarriedSum> own = match(loop, number),
                            other = match(next, later);
  return other &&
         own->reduce.getInput().getType() ==
             other->reduce.getInput().getType() &&
         own->reduce.getAxis() == other->reduce.getAxis() &&
         mayEnd(next, later);
}

static void defer(scf::ForOp loop, unsigned number) {
  std::optional<CarriedSum> found = match(loop, number);
  if (!found || !mayEnd(loop, number))
    return;
  tile::ReduceOp reduce = found->reduce;
  auto input = cast<RankedTensorType>(reduce.getInput().getType());
  int64_t axis = reduce.getAxis();
  Layout layout = layoutOf(reduce.getInput()).partial(axis);
  SmallVector<int64_t> shape(input.getShape());
  shape[axis] = layout.extents()[axis];
  auto type = RankedTensorType::get(shape, input.getElementType(),
                                    layout.toAttribute(loop.getContext()));
  Value init = loop.getInitArgs()[number];
  Value parts = partsOf(init, type, axis);
  if (!parts)
    return;

  ImplicitLocOpBuilder b(reduce.getLoc(), reduce);
  // A thread may hold one element of each row.
  Value partial = reduce.getInput();
  if (type != input) {
    auto own = cuda::PartialSumOp::create(b, type, partial, axis);
    own->setDiscardableAttrs(reduce->getDiscardableAttrDictionary());
    partial = own;
  }
  Value carried = loop.getRegionIterArg(number);
  carried.setType(type);
  b.setInsertionPoint(found->sum);
  b.setLoc(found->sum.getLoc());
  Value before = carried;
  if (found->scale)
    before = arith::MulFOp::create(
        b, carried, tile::BroadcastOp::create(b, type, found->scale, axis));
  Value sum = arith::AddFOp::create(b, before, partial);
  found->sum.getResult().replaceAllUsesWith(sum);
  found->sum.erase();
  if (found->scaled)
    found->scaled.erase();
  reduce.erase();

  loop.getInitArgsMutable()[number].assign(parts);
  if (Operation *unused = init.getDefiningOp(); unused && unused->use_empty())
    unused->erase();
  Value result = loop.getResult(number);
  auto wanted = cast<RankedTensorType>(result.getType());
  result.setType(type);
  b.setInsertionPointAfter(loop);
  auto whole =
      tile::ReduceOp::create(b, wanted, tile::ReduceKind::Add, result, axis);
  result.replaceAllUsesExcept(whole, whole);
}

namespace {
struct CudaDeferSums : llmc::impl::CudaDeferSumsBase<CudaDeferSums> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<tile::FuncOp>())
      // In program order, so that a loop finds what the one before it left.
      func.walk<WalkOrder::PreOrder>([](scf::ForOp loop) {
        for (unsigned i = 0; i < loop.getNumRegionIterArgs(); ++i)
          defer(loop, i);
      });
  }
};
} // namespace
