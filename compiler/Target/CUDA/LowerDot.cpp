//===- LowerDot.cpp - products by tensor cores ----------------------------===//
//
// mma.m16n8k16 (PTX ISA): for each 16 of the depth, a warp loads its fragments
// of both operands from shared memory by ldmatrix and multiplies all pairs. A
// left operand that the same warp has computed is a fragment already: the
// accumulator of one product has the layout of the next one's operand.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/KernelLowering.h"

#include <numeric>

using namespace mlir;
using namespace llmc;

ProductKind llmc::getProductKind(tile::DotOp dot) {
  if (getElementTypeOrSelf(dot.getA().getType()).isBF16())
    return ProductKind::Bf16;
  auto module = dot->getParentOfType<ModuleOp>();
  auto precision = module ? module->getAttrOfType<StringAttr>("llmc.precision")
                          : StringAttr();
  return precision && precision == "tf32" ? ProductKind::Tf32
                                          : ProductKind::Threads;
}

int64_t llmc::getDepth(tile::DotOp dot) {
  auto type = cast<RankedTensorType>(dot.getA().getType());
  return type.getDimSize(dot.getTransposeA() ? 0 : 1);
}

SmallVector<int64_t> llmc::scaled(ArrayRef<int64_t> scales, int64_t by) {
  SmallVector<int64_t> result;
  for (int64_t scale : scales)
    result.push_back(scale * by);
  return result;
}

WarpTiles::WarpTiles(const Layout &layout) {
  for (const Coordinates &basis : ArrayRef(layout.registers).drop_front(2)) {
    (basis[1] ? columnTiles : rowTiles) *= 2;
    (basis[1] ? columnScales : rowScales)
        .push_back(basis[1] ? basis[1] : basis[0]);
  }
  repetitions = layout.repeat[1];
  assert(layout.repeat[0] == 1 && "rows are a power of two");
  for (const Coordinates &basis : layout.warps) {
    warpRows.push_back(basis[0]);
    warpColumns.push_back(basis[1]);
  }
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// Whether the computed left operand lies in the registers of the threads that
/// need it.
bool KernelLowering::isFragment(tile::DotOp dot) {
  Value operand = dot.getA();
  if (dot.getTransposeA() || sharedTiles.contains(operand))
    return false;
  // Its columns 2t, 2t + 1 are depths t, t + 4 of m16n8k8: a right operand must
  // be read in that order, which only one whose rows are the depth can be.
  if (getProductKind(dot) == ProductKind::Bf16
          ? !operand.getDefiningOp<arith::TruncFOp>()
          : dot.getTransposeB())
    return false;
  Layout a = layoutOf(operand), acc = layoutOf(dot.getResult());
  // All columns of a row tile in one warp, and the same rows as the result.
  WarpGrid warps{threads / 32, 1};
  auto shape = cast<RankedTensorType>(operand.getType()).getShape();
  return shape[1] % 16 == 0 && a == Layout::mma(shape, warps, 0) &&
         a.slice(1) == acc.slice(1);
}

Value KernelLowering::fragmentRegister(tile::DotOp dot, Value rowTile,
                                       Value depthTile) {
  Layout layout = layoutOf(dot.getA());
  int64_t rowTiles = WarpTiles(layoutOf(dot.getResult())).rowTiles;
  int64_t tiles = layout.atomRegisters() / 4 / rowTiles;
  if (tiles == getDepth(dot) / 8)
    return mul(add(mul(rowTile, tiles), depthTile), 4);
  // The depth's repetitions come first.
  return add(mul(div(depthTile, tiles), layout.atomRegisters()),
             mul(add(mul(rowTile, tiles), rem(depthTile, tiles)), 4));
}

// Lane l names row l mod 8 of matrix l / 8 (PTX ISA, ldmatrix). The matrices
// of an operand whose depth is contiguous: a takes its two row halves first,
// b the two halves of the depth first; the other way round when transposed.
FragmentPlace KernelLowering::ldmatrixPlace(const SharedTile &tile, bool isA,
                                            bool depthIsRow,
                                            ArrayRef<int64_t> warpScales) {
  int64_t elements = 16 / tile.elementBytes;
  bool outerFirst = isA;
  int rowBit = depthIsRow ? (outerFirst ? 4 : 3) : (outerFirst ? 3 : 4);
  int chunkBit = rowBit == 3 ? 4 : 3;
  std::string key =
      "fragment " + std::to_string(rowBit) + " " + std::to_string(tile.pitch) +
      " " + std::to_string(tile.swizzleShift) + " " +
      std::to_string(tile.swizzleMask) + " " + std::to_string(depthIsRow);
  for (int64_t scale : warpScales)
    key += " " + std::to_string(scale);
  FragmentPlace result;
  std::string prefix = isA ? "a" : "b";
  auto laneRow = [&] {
    return atEntry("lane row " + std::to_string(rowBit), "lane_row", [&] {
      return add(bitAnd(lane, 7), mul(bitAnd(shiftRight(lane, rowBit), 1), 8));
    });
  };
  result.rowByte = atEntry(key + " row", prefix + "_row", [&] {
    Value row = laneRow();
    if (!depthIsRow)
      row = add(row, linear(warp, warpScales, false));
    return mul(row, tile.pitch);
  });
  result.chunkByte = atEntry(key + " chunk", prefix + "_chunk", [&] {
    Value chunk = bitAnd(shiftRight(lane, chunkBit), 1);
    if (depthIsRow)
      chunk = add(chunk, div(linear(warp, warpScales, false), elements));
    if (tile.swizzleMask)
      chunk = bitXor(chunk, bitAnd(shiftRight(laneRow(), tile.swizzleShift),
                                   tile.swizzleMask));
    return mul(chunk, 16);
  });
  return result;
}

// Columns come as a multiple of 8 elements, which is whole chunks.
Value KernelLowering::fragmentByte(const SharedTile &tile,
                                   const FragmentPlace &from, Value row,
                                   Value columnByte, int64_t columnBytes) {
  Value byte;
  if (!tile.swizzleMask) {
    byte = add(from.chunkByte, columnByte);
  } else if (std::min(columnBytes, tile.chunks * 16) <=
             (tile.swizzleMask + 1) * 16) {
    byte = bitXor(from.chunkByte, columnByte);
  } else {
    // Only the lower bits are swizzled: the others make a constant offset.
    Value swizzled = bitAnd(columnByte, tile.swizzleMask * 16);
    int64_t all = llvm::PowerOf2Ceil(tile.chunks) - 1;
    Value plain = bitAnd(columnByte, (all - tile.swizzleMask) * 16);
    byte = add(bitXor(from.chunkByte, swizzled), plain);
  }
  byte = add(add(from.rowByte, mul(row, tile.pitch)), byte);
  return tile.slot ? add(tile.slot, byte) : byte;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// The array that the product is added to: the loop's own where the product
/// is what the loop carries.
Value KernelLowering::accumulatorOf(tile::DotOp dot) {
  Value acc = dot.getAcc();
  auto yield = dot->hasOneUse() ? dyn_cast<scf::YieldOp>(*dot->user_begin())
                                : scf::YieldOp();
  auto loop = dyn_cast<scf::ForOp>(dot->getParentOp());
  if (yield && loop) {
    unsigned number = dot->use_begin()->getOperandNumber();
    Value own = loop.getRegionIterArg(number);
    Value array = arrays.lookup(own);
    // Nothing else may still want what the loop brought in.
    if (array && replaces(acc, own)) {
      materializeInto(acc, array);
      return array;
    }
  }
  Value array = newArray(b.getF32Type(), layoutOf(acc).numRegisters(),
                         nameOf(dot.getResult(), "acc"));
  materializeInto(acc, array);
  return array;
}

LogicalResult KernelLowering::lowerDot(tile::DotOp dot) {
  Type type = getElementTypeOrSelf(dot.getA().getType());
  if (!type.isBF16() && !type.isF32())
    return dot.emitOpError("multiplies ") << type << ", expected bf16 or f32";
  ProductKind kind = getProductKind(dot);
  int64_t depth = getDepth(dot), unit = kind == ProductKind::Bf16 ? 16 : 8;
  if (kind != ProductKind::Threads && depth % unit)
    return dot.emitOpError("multiplies over ")
           << depth << ", tensor cores over multiples of " << unit;
  Value acc = accumulatorOf(dot);
  if (kind == ProductKind::Bf16)
    multiplyByTensorCores(dot, acc);
  else if (kind == ProductKind::Tf32)
    multiplyByTf32(dot, acc);
  else
    multiplyByThreads(dot, acc);
  arrays[dot.getResult()] = acc;
  return success();
}

/// An end of what `linear` gives: the next larger place.
static int64_t endOf(ArrayRef<int64_t> scales) {
  return std::accumulate(scales.begin(), scales.end(), int64_t(1));
}

void KernelLowering::loadLeft(tile::DotOp dot, const SharedTile &tile,
                              const FragmentPlace &place, Value kk, Value array,
                              Value base) {
  WarpTiles tiles(layoutOf(dot.getResult()));
  bool depthIsRow = dot.getTransposeA();
  SmallVector<int64_t> bytes = scaled(tiles.rowScales, 2);
  unroll(tiles.rowTiles, 1, "m", [&](Value m) {
    Value byte =
        depthIsRow
            ? fragmentByte(tile, place, mul(kk, 16), linear(m, bytes, false),
                           endOf(bytes))
            : fragmentByte(tile, place, linear(m, tiles.rowScales, false),
                           mul(kk, 32), 2 * getDepth(dot));
    cuda::LdmatrixOp::create(b, tile.buffer, byte, array, add(base, mul(m, 4)),
                             depthIsRow);
  });
}

void KernelLowering::loadRight(tile::DotOp dot, const SharedTile &tile,
                               const FragmentPlace &place, Value kk, Value part,
                               Value array, Value base) {
  Layout layout = layoutOf(dot.getResult());
  WarpTiles tiles(layout);
  bool depthIsRow = !dot.getTransposeB();
  int64_t unit = depthIsRow ? 2 : 1;
  SmallVector<int64_t> scales = scaled(tiles.columnScales, unit);
  int64_t partStep = unit * layout.atom()[1];
  int64_t end = endOf(scales) + (tiles.repetitions - 1) * partStep;
  unroll(tiles.columnTiles, 2, "n", [&](Value n) {
    Value column = linear(n, scales, false);
    if (part)
      column = add(column, mul(part, partStep));
    Value byte =
        depthIsRow
            ? fragmentByte(tile, place, mul(kk, 16), column, end)
            : fragmentByte(tile, place, column, mul(kk, 32), 2 * getDepth(dot));
    cuda::LdmatrixOp::create(b, tile.buffer, byte, array, add(base, mul(n, 2)),
                             depthIsRow);
  });
}

void KernelLowering::loadKeptFragments() {
  if (toBeKept.empty())
    return;
  waitForCopies(0);
  for (tile::LoadOp load : toBeKept) {
    Value tile = load.getResult();
    auto dot = cast<tile::DotOp>(*load->user_begin());
    WarpTiles tiles(layoutOf(dot.getResult()));
    int64_t steps = getDepth(dot) / 16, size = 4 * tiles.rowTiles;
    FragmentPlace place =
        ldmatrixPlace(sharedTiles[tile], true, false, tiles.warpRows);
    Value array =
        newArray(b.getI32Type(), steps * size, nameOfLoad(load, "fragments"));
    explain("all fragments of [" + llvm::Twine(load.getType().getDimSize(0)) +
            ", " + llvm::Twine(getDepth(dot)) + "], kept in registers");
    unroll(steps, 1, "kk", [&](Value kk) {
      loadLeft(dot, sharedTiles[tile], place, kk, array, mul(kk, size));
    });
    keptFragments[tile] = array;
  }
  toBeKept.clear();
}

void KernelLowering::multiplyFragments(tile::DotOp dot, Value acc, Value a,
                                       Value aBase, Value bArray, Value bBase,
                                       Value part) {
  Layout layout = layoutOf(dot.getResult());
  WarpTiles tiles(layout);
  unroll(tiles.rowTiles, 1, "m", [&](Value m) {
    unroll(tiles.columnTiles, 1, "n", [&](Value n) {
      Value place = mul(add(mul(m, tiles.columnTiles), n), 4);
      if (part)
        place = add(place, mul(part, layout.atomRegisters()));
      cuda::MmaOp::create(b, acc, place, a, add(aBase, mul(m, 4)), bArray,
                          add(bBase, mul(n, 2)));
    });
  });
}

void KernelLowering::multiplyByTensorCores(tile::DotOp dot, Value acc) {
  Layout layout = layoutOf(dot.getResult());
  bool fragment = isFragment(dot);
  if (fragment)
    prepare(dot.getA().getDefiningOp<arith::TruncFOp>().getIn());
  Value kept = keptFragments.lookup(dot.getA());
  bool isShared = !fragment && !kept;
  SharedTile aTile, bTile;
  if (isShared)
    aTile = sharedOperand(dot.getA());
  bTile = sharedOperand(dot.getB());
  if (copiesUnderWay)
    waitForCopies(0);

  int64_t depth = getDepth(dot);
  WarpTiles tiles(layout);
  FragmentPlace aPlace, bPlace;
  if (isShared)
    aPlace = ldmatrixPlace(aTile, true, dot.getTransposeA(), tiles.warpRows);
  bPlace = ldmatrixPlace(bTile, false, !dot.getTransposeB(), tiles.warpColumns);
  Type i32 = b.getI32Type();

  explainProduct(dot, isShared ? "" : ", the left operand from registers");
  unroll(depth / 16, 1, "kk", [&](Value kk) {
    Value a = kept ? kept : newArray(i32, 4 * tiles.rowTiles, "a");
    Value aBase = kept ? mul(kk, 4 * tiles.rowTiles) : index(0);
    if (isShared)
      loadLeft(dot, aTile, aPlace, kk, a, aBase);
    else if (fragment)
      unroll(tiles.rowTiles, 1, "m", [&](Value m) {
        // Two column tiles are this part of the depth.
        Value base = fragmentRegister(dot, m, mul(kk, 2));
        Value exact = dot.getA().getDefiningOp<arith::TruncFOp>().getIn();
        for (int64_t i = 0; i < 4; ++i) {
          Value low = element(exact, add(base, index(2 * i)));
          Value high = element(exact, add(base, index(2 * i + 1)));
          writeArray(cuda::PackBf16Op::create(b, i32, low, high), a,
                     add(mul(m, 4), index(i)));
        }
      });
    auto multiply = [&](Value part) {
      Value bArray = newArray(i32, 2 * tiles.columnTiles, "b");
      loadRight(dot, bTile, bPlace, kk, part, bArray, index(0));
      multiplyFragments(dot, acc, a, aBase, bArray, index(0), part);
    };
    if (tiles.repetitions == 1)
      multiply(Value());
    else
      unroll(tiles.repetitions, 1, "part", multiply);
  });
}

void KernelLowering::explainProduct(tile::DotOp dot, StringRef more) {
  int64_t depth = getDepth(dot);
  explain("multiply [" + llvm::Twine(dot.getType().getDimSize(0)) + ", " +
          llvm::Twine(depth) + "] by [" + llvm::Twine(depth) + ", " +
          llvm::Twine(dot.getType().getDimSize(1)) + "]" + more);
}
