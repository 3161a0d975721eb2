//===- LowerTf32Dot.cpp - products of f32 by tensor cores -----------------===//
//
// mma.m16n8k8 on tf32 (PTX ISA), where the user asked for it: operands stay f32
// in memory and are rounded in registers. With g = lane / 4 and t = lane mod 4,
// a lane multiplies depths t and t + 4.
//
// An operand whose depth is contiguous comes by ldmatrix: an 8 x 8 matrix of 16
// bits is 8 rows of 4 f32, of which lane 4 g + t gets element (g, t). Otherwise
// lanes read single words. The order of the depth is free if both operands have
// the same: depths 2 t and 2 t + 1 stand in for t and t + 4 where no operand
// comes by ldmatrix. That is where an accumulator has its columns, so that it
// is the next product's fragment; and words of rows 0, 2, 4, 6 lie in different
// banks by the swizzle, those of rows 0, 1, 2, 3 in pairs in the same.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/KernelLowering.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace llmc;

/// Where a lane's words of an operand with the depth as rows begin: row t, or
/// 2 t if `paired`, and column g.
FragmentPlace KernelLowering::wordPlace(const SharedTile &tile, bool isA,
                                        bool paired,
                                        ArrayRef<int64_t> warpScales) {
  std::string key = "word " + std::to_string(paired) + " " +
                    std::to_string(tile.pitch) + " " +
                    std::to_string(tile.swizzleShift) + " " +
                    std::to_string(tile.swizzleMask);
  for (int64_t scale : warpScales)
    key += " " + std::to_string(scale);
  std::string prefix = isA ? "a" : "b";
  auto laneRow = [&] { return mul(bitAnd(lane, 3), paired ? 2 : 1); };
  FragmentPlace result;
  result.rowByte = atEntry(key + " row", prefix + "_row",
                           [&] { return mul(laneRow(), tile.pitch); });
  result.chunkByte = atEntry(key + " chunk", prefix + "_chunk", [&] {
    Value column = add(shiftRight(lane, 2), linear(warp, warpScales, false));
    Value chunk = div(column, 4);
    if (tile.swizzleMask)
      chunk = bitXor(chunk, bitAnd(shiftRight(laneRow(), tile.swizzleShift),
                                   tile.swizzleMask));
    return add(mul(chunk, 16), mul(rem(column, 4), 4));
  });
  return result;
}

void KernelLowering::multiplyByTf32(tile::DotOp dot, Value acc) {
  Layout layout = layoutOf(dot.getResult());
  bool fragment = isFragment(dot);
  SharedTile aTile;
  if (fragment)
    prepare(dot.getA());
  else
    aTile = sharedOperand(dot.getA());
  SharedTile bTile = sharedOperand(dot.getB());
  if (copiesUnderWay)
    waitForCopies(0);
  WarpTiles tiles(layout);
  bool aByWords = dot.getTransposeA(), bByWords = !dot.getTransposeB();
  bool paired = bByWords && (fragment || aByWords);

  FragmentPlace aPlace, bPlace;
  if (!fragment)
    aPlace = aByWords ? wordPlace(aTile, true, paired, tiles.warpRows)
                      : ldmatrixPlace(aTile, true, false, tiles.warpRows);
  bPlace = bByWords ? wordPlace(bTile, false, paired, tiles.warpColumns)
                    : ldmatrixPlace(bTile, false, false, tiles.warpColumns);

  Type i32 = b.getI32Type();
  auto word = VectorType::get({1}, b.getF32Type());
  auto round = [&](Value value, Value array, Value reg) {
    writeArray(cuda::ToTf32Op::create(b, i32, value), array, reg);
  };
  /// Depth k of the lane's first or second, at a column that begins in a whole
  /// chunk.
  auto readWord = [&](const SharedTile &tile, const FragmentPlace &place,
                      Value k, bool second, Value columnByte) -> Value {
    int64_t rows = !second ? 0 : paired ? 1 : 4;
    // Rows below 8 add up without a carry, so that the swizzle's part is known.
    int64_t flips = (rows >> tile.swizzleShift & tile.swizzleMask) * 16;
    if (flips)
      columnByte = bitXor(columnByte, index(flips));
    Value byte = fragmentByte(tile, place, add(k, index(rows)), columnByte);
    Value pack = cuda::LoadSharedOp::create(b, word, tile.buffer, byte);
    return vector::ExtractOp::create(b, pack, 0);
  };
  /// ldmatrix brings f32 as they are.
  auto readMatrices = [&](const SharedTile &tile, const FragmentPlace &place,
                          Value row, Value columnByte, Value array, Value reg) {
    Value byte = fragmentByte(tile, place, row, columnByte);
    cuda::LdmatrixOp::create(b, tile.buffer, byte, array, reg, false);
    for (int64_t i = 0; i < 4; ++i) {
      Value own = add(reg, index(i));
      round(readArray(array, own), array, own);
    }
  };

  unroll(getDepth(dot) / 8, 1, "kk", [&](Value kk) {
    Value k = mul(kk, 8), kByte = mul(kk, 32);
    Value a = newArray(i32, 4 * tiles.rowTiles, "a");
    unroll(tiles.rowTiles, 1, "m", [&](Value m) {
      Value reg = mul(m, 4);
      if (!fragment && !aByWords) {
        readMatrices(aTile, aPlace, linear(m, tiles.rowScales, false), kByte, a,
                     reg);
        return;
      }
      // Registers: rows g and g + 8 of the first depth, then of the second.
      for (int64_t i = 0; i < 4; ++i) {
        bool lower = i & 1, second = i >> 1;
        Value value;
        if (fragment) {
          // An accumulator's: columns 2 t and 2 t + 1 of row g, then of g + 8.
          Value base = fragmentRegister(dot, m, kk);
          value = element(dot.getA(), add(base, index(2 * lower + second)));
        } else {
          Value column = linear(m, scaled(tiles.rowScales, 4), false);
          value = readWord(aTile, aPlace, k, second,
                           add(column, index(lower ? 32 : 0)));
        }
        round(value, a, add(reg, index(i)));
      }
    });
    auto multiply = [&](Value repetition) {
      Value bArray = newArray(i32, 2 * tiles.columnTiles, "b");
      unroll(tiles.columnTiles, bByWords ? 1 : 2, "n", [&](Value n) {
        int64_t unit = bByWords ? 4 : 1;
        Value column = linear(n, scaled(tiles.columnScales, unit), false);
        if (repetition)
          column = add(column, mul(repetition, unit * layout.atom()[1]));
        Value reg = mul(n, 2);
        if (!bByWords) {
          readMatrices(bTile, bPlace, column, kByte, bArray, reg);
          return;
        }
        for (int64_t i = 0; i < 2; ++i)
          round(readWord(bTile, bPlace, k, i, column), bArray,
                add(reg, index(i)));
      });
      unroll(tiles.rowTiles, 1, "m", [&](Value m) {
        unroll(tiles.columnTiles, 1, "n", [&](Value n) {
          Value place = mul(add(mul(m, tiles.columnTiles), n), 4);
          if (repetition)
            place = add(place, mul(repetition, layout.atomRegisters()));
          cuda::MmaTf32Op::create(b, acc, place, a, mul(m, 4), bArray,
                                  mul(n, 2));
        });
      });
    };
    if (tiles.repetitions == 1)
      multiply(Value());
    else
      unroll(tiles.repetitions, 1, "part", multiply);
  });
}
