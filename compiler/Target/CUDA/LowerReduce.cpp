//===- LowerReduce.cpp - reductions ---------------------------------------===//
//
// In a fixed order: a thread's own elements, then lanes by exchanges of
// registers (all lanes compute the same bits), then warps through shared
// memory, where every thread adds up all parts in the warps' order.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/KernelLowering.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace llmc;

static Value combine(OpBuilder &b, Location loc, tile::ReduceKind kind, Value x,
                     Value y) {
  if (kind == tile::ReduceKind::Add) {
    if (isa<FloatType>(x.getType()))
      return arith::AddFOp::create(b, loc, x, y);
    return arith::AddIOp::create(b, loc, x, y);
  }
  if (isa<FloatType>(x.getType()))
    return arith::MaximumFOp::create(b, loc, x, y);
  return arith::MaxSIOp::create(b, loc, x, y);
}

static TypedAttr neutral(OpBuilder &b, tile::ReduceKind kind, Type type) {
  if (auto real = dyn_cast<FloatType>(type))
    return b.getFloatAttr(
        real, kind == tile::ReduceKind::Add
                  ? APFloat::getZero(real.getFloatSemantics())
                  : APFloat::getLargest(real.getFloatSemantics(), true));
  return b.getIntegerAttr(type, kind == tile::ReduceKind::Add
                                    ? 0
                                    : std::numeric_limits<int32_t>::min());
}

Value KernelLowering::reduceRegisters(Value input, tile::ReduceKind kind,
                                      int64_t axis, int64_t size,
                                      StringRef name, const Twine &text) {
  auto type = cast<RankedTensorType>(input.getType());
  Layout layout = layoutOf(input);
  prepare(input);
  Value array = newArray(type.getElementType(), size, name);
  Value none =
      arith::ConstantOp::create(b, neutral(b, kind, type.getElementType()));
  explain(text);
  unroll(size, 1, "", [&](Value reg) { writeArray(none, array, reg); });
  bool padded = layout.isPadded(type.getShape());
  unroll(layout.numRegisters(), 1, "", [&](Value reg) {
    Value slot =
        type.getRank() == 1 ? index(0) : sliceRegister(layout, axis, reg);
    Value value = element(input, reg);
    if (padded)
      for (int64_t along = 0; along < layout.rank(); ++along)
        if (layout.extents()[along] != type.getDimSize(along))
          value = arith::SelectOp::create(b,
                                          less(coordinate(layout, along, reg),
                                               index(type.getDimSize(along))),
                                          value, none);
    writeArray(combine(b, b.getLoc(), kind, readArray(array, slot), value),
               array, slot);
  });
  return array;
}

LogicalResult KernelLowering::lowerPartialSum(cuda::PartialSumOp op) {
  StringRef of = op.getAxis() == 1 ? "row" : "column";
  arrays[op.getResult()] = reduceRegisters(
      op.getInput(), tile::ReduceKind::Add, op.getAxis(),
      layoutOf(op.getResult()).numRegisters(), nameOf(op.getResult(), "sum"),
      "the sum of each " + of + "'s elements that this thread holds");
  return success();
}

LogicalResult KernelLowering::lowerReduce(tile::ReduceOp op) {
  Value input = op.getInput();
  auto type = cast<RankedTensorType>(input.getType());
  Type elementType = type.getElementType();
  Layout layout = layoutOf(input), result = layoutOf(op.getResult());
  int64_t axis = op.getAxis();
  bool toScalar = type.getRank() == 1;
  tile::ReduceKind kind = op.getKind();
  auto fold = [&](Value x, Value y) {
    return combine(b, b.getLoc(), kind, x, y);
  };

  // 1. A thread's own elements.
  int64_t size = toScalar ? 1 : result.numRegisters();
  bool adds = kind == tile::ReduceKind::Add;
  Value array = reduceRegisters(input, kind, axis, size,
                                nameOf(op.getResult(), adds ? "sum" : "max"),
                                llvm::Twine(adds ? "the sum" : "the maximum") +
                                    (toScalar    ? " of all elements"
                                     : axis == 1 ? " of each row"
                                                 : " of each column"));

  // 2. Lanes that differ along the axis.
  int64_t reducedLanes = 0;
  for (auto [bit, basis] : llvm::enumerate(layout.lanes)) {
    if (!basis[axis])
      continue;
    reducedLanes |= int64_t(1) << bit;
    int64_t mask = int64_t(1) << bit;
    unroll(size, 1, "", [&](Value reg) {
      Value own = named(readArray(array, reg), "own");
      Value other = cuda::ShuffleXorOp::create(b, own, mask);
      writeArray(fold(own, other), array, reg);
    });
  }

  // 3. Warps that do.
  SmallVector<int64_t> part, warpPlace;
  int64_t parts = 1, others = 1;
  SmallVector<int64_t> lanePlace;
  for (auto [bit, basis] : llvm::enumerate(layout.lanes)) {
    bool kept = !basis[axis] && (basis[0] || basis[1]);
    lanePlace.push_back(kept ? others : 0);
    others *= kept ? 2 : 1;
  }
  for (const Coordinates &basis : layout.warps) {
    part.push_back(basis[axis] ? parts : 0);
    parts *= basis[axis] ? 2 : 1;
    bool kept = !basis[axis] && (basis[0] || basis[1]);
    warpPlace.push_back(kept ? others : 0);
    others *= kept ? 2 : 1;
  }
  if (parts == 1) {
    arrays[op.getResult()] = array;
    return success();
  }
  int64_t bytes = elementType.getIntOrFloatBitWidth() / 8;
  auto memref = MemRefType::get({parts * size * others * bytes}, b.getI8Type(),
                                MemRefLayoutAttrInterface(),
                                b.getI64IntegerAttr(cuda::Shared));
  auto buffer = cuda::SharedOp::create(b, memref, IntegerAttr());
  named(buffer, "partial");
  Value place =
      add(linear(lane, lanePlace, false), linear(warp, warpPlace, false));
  auto byteOf = [&](Value number, Value reg) {
    return mul(add(mul(add(mul(number, size), reg), others), place), bytes);
  };
  // One lane writes for all that hold the same.
  int64_t copies = reducedLanes | layout.replicatedLanes();
  Value writes;
  if (int64_t mask = copies | layout.replicatedWarps() << 5)
    writes = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                   bitAnd(thread, mask), index(0));
  explain("the warps' parts, in their order");
  unroll(size, 1, "", [&](Value reg) {
    Value value =
        pack(1, elementType, [&](int64_t) { return readArray(array, reg); });
    cuda::StoreSharedOp::create(b, value, buffer,
                                byteOf(linear(warp, part, false), reg), writes);
  });
  unroll(size, 1, "", [&](Value reg) {
    Value none = arith::ConstantOp::create(b, neutral(b, kind, elementType));
    writeArray(none, array, reg);
    unroll(parts, 1, "", [&](Value number) {
      Value value = cuda::LoadSharedOp::create(
          b, VectorType::get({1}, elementType), buffer, byteOf(number, reg));
      writeArray(
          fold(readArray(array, reg), vector::ExtractOp::create(b, value, 0)),
          array, reg);
    });
  });
  arrays[op.getResult()] = array;
  return success();
}
