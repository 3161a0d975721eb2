//===- Access.cpp - where a tile lies in its view -------------------------===//

#include "compiler/Target/CPU/Access.h"

#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include <numeric>

using namespace mlir;
using namespace llmc;
using namespace llmc::cpu;

int64_t llmc::cpu::knownDivisor(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return std::abs(constant.getSExtValue());
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    if (loop && loop.getInductionVar() == value)
      return std::gcd(knownDivisor(loop.getLowerBound()),
                      knownDivisor(loop.getStep()));
    return 1;
  }
  Operation *op = value.getDefiningOp();
  if (auto mul = dyn_cast<arith::MulIOp>(op))
    return knownDivisor(mul.getLhs()) * knownDivisor(mul.getRhs());
  if (isa<arith::AddIOp, arith::SubIOp, arith::MinSIOp, arith::MaxSIOp,
          arith::MinUIOp, arith::MaxUIOp>(op))
    return std::gcd(knownDivisor(op->getOperand(0)),
                    knownDivisor(op->getOperand(1)));
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return std::gcd(knownDivisor(select.getTrueValue()),
                    knownDivisor(select.getFalseValue()));
  return 1;
}

static Reach classify(Value index, int64_t extent, int64_t size) {
  if (extent > size)
    return Reach::Beyond;
  APInt constant;
  if (matchPattern(index, m_ConstantInt(&constant)))
    return constant.getSExtValue() + extent <= size ? Reach::Inside
                                                    : Reach::Beyond;
  // Blocks start inside of the view, so one whose start is a multiple of its
  // extent ends inside too when the extent divides the size. A unit extent is
  // always inside.
  if (size % extent == 0 && knownDivisor(index) % extent == 0)
    return Reach::Inside;
  return Reach::Either;
}

static SmallVector<AccessRange, 2> rangesOf(MemRefType view, ValueRange indices,
                                            RankedTensorType tile) {
  SmallVector<AccessRange, 2> ranges;
  int64_t lead = view.getRank() - tile.getRank();
  for (int64_t dim = 0; dim < view.getRank(); ++dim) {
    int64_t extent = dim < lead ? 1 : tile.getDimSize(dim - lead);
    int64_t size = view.getDimSize(dim);
    ranges.push_back(
        {indices[dim], extent, size, classify(indices[dim], extent, size)});
  }
  return ranges;
}

SmallVector<AccessRange, 2> llmc::cpu::accessRanges(Operation *op) {
  if (auto load = dyn_cast<tile::LoadOp>(op))
    return rangesOf(load.getView().getType(), load.getIndices(),
                    cast<RankedTensorType>(load.getType()));
  if (auto store = dyn_cast<tile::StoreOp>(op))
    return rangesOf(store.getView().getType(), store.getIndices(),
                    cast<RankedTensorType>(store.getValue().getType()));
  auto gather = cast<tile::GatherOp>(op);
  int64_t extent = cast<RankedTensorType>(gather.getType()).getShape().back();
  int64_t size = gather.getView().getType().getShape().back();
  return {{gather.getColumn(), extent, size,
           classify(gather.getColumn(), extent, size)}};
}

bool llmc::cpu::isInside(ArrayRef<AccessRange> ranges) {
  return llvm::all_of(ranges, [](const AccessRange &range) {
    return range.reach == Reach::Inside;
  });
}

Value llmc::cpu::accessedView(Operation *op) {
  if (auto load = dyn_cast<tile::LoadOp>(op))
    return load.getView();
  if (auto store = dyn_cast<tile::StoreOp>(op))
    return store.getView();
  return cast<tile::GatherOp>(op).getView();
}

Value llmc::cpu::underlyingArgument(Value view) {
  while (auto alias = view.getDefiningOp<ViewLikeOpInterface>())
    view = alias.getViewSource();
  return view;
}
