//===- LowerConvert.cpp - changes of layout -------------------------------===//
//
// The cheapest of three ways: registers change their numbers, lanes exchange
// registers, or the tile goes through shared memory.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/KernelLowering.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace llmc;

/// Exchanges lane bit `lane` with register bit `bit` of all registers: of a
/// pair of registers, lanes with the bit set give the first for the partner's
/// second.
static void exchange(ImplicitLocOpBuilder &b, Value first, Value second,
                     Value upper, int64_t laneMask,
                     llvm::function_ref<void(Value, Value)> write) {
  Value sent = arith::SelectOp::create(b, upper, first, second);
  auto received = cuda::ShuffleXorOp::create(b, sent, laneMask);
  received->setAttr("cuda.name", b.getStringAttr("received"));
  write(arith::SelectOp::create(b, upper, received, first),
        arith::SelectOp::create(b, upper, second, received));
}

bool KernelLowering::exchangeWithinWarp(const Layout &from, const Layout &to,
                                        Value array, Value result) {
  if (from.warps != to.warps || from.repeat != to.repeat ||
      from.registers.size() != to.registers.size())
    return false;
  // Which lane bits change places with which register bits.
  Layout now = from;
  SmallVector<std::pair<int64_t, int64_t>> swaps;
  for (auto [laneBit, wanted] : llvm::enumerate(to.lanes)) {
    if (now.lanes[laneBit] == wanted)
      continue;
    Coordinates *found = llvm::find(now.registers, wanted);
    if (found == now.registers.end())
      return false;
    swaps.push_back({laneBit, found - now.registers.begin()});
    std::swap(now.lanes[laneBit], *found);
  }
  SmallVector<int64_t> permutation; // bit of `to` -> number in `now`
  for (const Coordinates &wanted : to.registers) {
    Coordinates *found = llvm::find(now.registers, wanted);
    if (found == now.registers.end())
      return false;
    permutation.push_back(int64_t(1) << (found - now.registers.begin()));
  }

  int64_t size = from.numRegisters(), atom = from.atomRegisters();
  if (!swaps.empty())
    explain(llvm::Twine(to.contiguous()) +
            " consecutive columns a thread: lanes exchange registers");
  for (const std::pair<int64_t, int64_t> &swap : swaps) {
    int64_t laneBit = swap.first, bit = swap.second;
    Value upper = atEntry("upper " + std::to_string(laneBit), "upper", [&] {
      Value set = bitAnd(shiftRight(lane, laneBit), 1);
      return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, set, index(0))
          .getResult();
    });
    // Pair p is register p with a 0 put in at the bit.
    SmallVector<int64_t> scales;
    for (int64_t i = 0; int64_t(2) << i < atom; ++i)
      scales.push_back(int64_t(1) << (i < bit ? i : i + 1));
    int64_t mask = int64_t(1) << laneBit, distance = int64_t(1) << bit;
    unroll(size / 2, 1, "", [&](Value pair) {
      Value low = linear(pair, scales, size > atom);
      if (size > atom)
        low = add(low, mul(div(pair, atom / 2), atom));
      Value high = add(low, index(distance));
      low = named(low, "low");
      high = named(high, "high");
      exchange(b, named(readArray(array, low), "low_value"),
               named(readArray(array, high), "high_value"), upper, mask,
               [&](Value first, Value second) {
                 writeArray(first, array, low);
                 writeArray(second, array, high);
               });
    });
  }
  unroll(size, 1, "", [&](Value reg) {
    Value place = linear(reg, permutation, size > atom);
    if (size > atom)
      place = add(place, mul(div(reg, atom), atom));
    writeArray(readArray(array, place), result, reg);
  });
  return true;
}

LogicalResult KernelLowering::lowerConvert(cuda::ConvertLayoutOp op) {
  Value input = op.getInput();
  auto type = cast<RankedTensorType>(input.getType());
  Type elementType = type.getElementType();
  Layout from = layoutOf(input), to = layoutOf(op.getResult());
  Value array = materialize(input);
  if (!input.hasOneUse() && from.rank() == 2) {
    Value copy = newArray(elementType, from.numRegisters(), "tile");
    materializeInto(input, copy);
    array = copy;
  }
  Value result = newArray(elementType, to.numRegisters(), "converted");
  arrays[op.getResult()] = result;
  if (exchangeWithinWarp(from, to, array, result))
    return success();

  // Through shared memory, row by row.
  explain("another layout, through shared memory");
  Coordinates extents = from.extents();
  for (int axis : {0, 1})
    extents[axis] = std::max(extents[axis], to.extents()[axis]);
  std::pair<Value, int64_t> rows = storeRows(array, from, elementType, extents);
  Value buffer = rows.first;
  int64_t pitch = rows.second;
  int64_t bytes = elementType.getIntOrFloatBitWidth() / 8;
  int64_t width = std::min(to.contiguous(), 16 / bytes);
  auto packType = VectorType::get({width}, elementType);
  unroll(to.numRegisters(), width, "", [&](Value reg) {
    Value byte = mul(coordinate(to, to.lastAxis(), reg), bytes);
    if (to.rank() == 2)
      byte = add(mul(coordinate(to, 0, reg), pitch), byte);
    unpack(cuda::LoadSharedOp::create(b, packType, buffer, byte), result, reg);
  });
  return success();
}

std::pair<Value, int64_t> KernelLowering::storeRows(Value array,
                                                    const Layout &layout,
                                                    Type elementType,
                                                    Coordinates extents) {
  int64_t bytes = elementType.getIntOrFloatBitWidth() / 8;
  int64_t pitch = layout.rank() == 2 ? extents[1] * bytes : 0;
  int64_t size = layout.rank() == 2 ? extents[0] * pitch : extents[0] * bytes;
  auto memref =
      MemRefType::get({size}, b.getI8Type(), MemRefLayoutAttrInterface(),
                      b.getI64IntegerAttr(cuda::Shared));
  auto buffer = cuda::SharedOp::create(b, memref, IntegerAttr());
  named(buffer, "rows");
  int64_t width = std::min(layout.contiguous(), 16 / bytes);
  Value first = isFirstCopy(layout);
  unroll(layout.numRegisters(), width, "", [&](Value reg) {
    Value values = pack(width, elementType, [&](int64_t i) {
      return readArray(array, add(reg, index(i)));
    });
    Value byte = mul(coordinate(layout, layout.lastAxis(), reg), bytes);
    if (layout.rank() == 2)
      byte = add(mul(coordinate(layout, 0, reg), pitch), byte);
    cuda::StoreSharedOp::create(b, values, buffer, byte, first);
  });
  return {buffer, pitch};
}

/// Where the partner's column differs in one bit of the register number, it is
/// another register; else the tile goes through shared memory.
LogicalResult KernelLowering::lowerSwapHalves(tile::SwapHalvesOp op) {
  Layout layout = layoutOf(op.getResult());
  int64_t group = op.getGroup(), half = group / 2;
  Type elementType = getElementTypeOrSelf(op.getResult().getType());
  Value array = materialize(op.getInput());
  Value result = newArray(elementType, layout.numRegisters(), "swapped");
  arrays[op.getResult()] = result;
  Coordinates distance = {0, half};
  const Coordinates *found = llvm::find(layout.registers, distance);
  if (found != layout.registers.end()) {
    int64_t mask = int64_t(1) << (found - layout.registers.begin());
    unroll(layout.numRegisters(), 1, "", [&](Value reg) {
      writeArray(readArray(array, bitXor(reg, index(mask))), result, reg);
    });
    return success();
  }
  explain("the other half of each group, through shared memory");
  std::pair<Value, int64_t> rows =
      storeRows(array, layout, elementType, layout.extents());
  Value buffer = rows.first;
  int64_t pitch = rows.second;
  int64_t bytes = elementType.getIntOrFloatBitWidth() / 8;
  auto packType = VectorType::get({1}, elementType);
  unroll(layout.numRegisters(), 1, "", [&](Value reg) {
    Value column = coordinate(layout, 1, reg);
    Value within = rem(column, group);
    Value isLow = less(within, index(half));
    Value up = add(column, index(half));
    // A padded row may end within a group; nobody uses what is there.
    int64_t columns = layout.extents()[1];
    if (columns % group)
      up = arith::MinSIOp::create(b, up, index(columns - 1));
    Value down = arith::SubIOp::create(b, column, index(half));
    Value partner = arith::SelectOp::create(b, isLow, up, down);
    Value byte =
        add(mul(coordinate(layout, 0, reg), pitch), mul(partner, bytes));
    unpack(cuda::LoadSharedOp::create(b, packType, buffer, byte), result, reg);
  });
  return success();
}
