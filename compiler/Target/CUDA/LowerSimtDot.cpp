//===- LowerSimtDot.cpp - products without tensor cores -------------------===//
//
// f32 products in full precision: a thread multiplies a tile of registers,
// four steps of the depth at a time, so that operands whose depth is
// contiguous are read in packs.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/KernelLowering.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace llmc;

static constexpr int64_t kDepth = 4;

void KernelLowering::multiplyByThreads(tile::DotOp dot, Value acc) {
  SharedTile aTile = sharedOperand(dot.getA());
  SharedTile bTile = sharedOperand(dot.getB());
  if (copiesUnderWay)
    waitForCopies(0);
  Layout layout = layoutOf(dot.getResult());
  auto aType = cast<RankedTensorType>(dot.getA().getType());
  int64_t depth = aType.getDimSize(dot.getTransposeA() ? 0 : 1);

  // A thread's rows and columns: the registers of the result's slices.
  Layout rows = layout.slice(1), columns = layout.slice(0);
  int64_t numRows = rows.numRegisters(), numColumns = columns.numRegisters();
  Type f32 = b.getF32Type();

  /// Reads elements [position(i), k .. k + 3] of an operand for all registers
  /// of `part` into array[4 i + step].
  auto read = [&](const SharedTile &tile, const Layout &part, bool depthIsRow,
                  Value k, Value array) {
    if (!depthIsRow) {
      auto packType = VectorType::get({kDepth}, f32);
      unroll(part.numRegisters(), 1, "i", [&](Value i) {
        Value byte = sharedByte(tile, coordinate(part, 0, i), div(k, kDepth));
        unpack(cuda::LoadSharedOp::create(b, packType, tile.buffer, byte),
               array, mul(i, kDepth));
      });
      return;
    }
    int64_t width = std::min<int64_t>(4, part.contiguous());
    auto packType = VectorType::get({width}, f32);
    unroll(kDepth, 1, "step", [&](Value step) {
      unroll(part.numRegisters(), width, "i", [&](Value i) {
        Value column = coordinate(part, 0, i);
        Value byte = add(sharedByte(tile, add(k, step), div(column, 4)),
                         mul(rem(column, 4), 4));
        unpack(cuda::LoadSharedOp::create(b, packType, tile.buffer, byte),
               array, add(mul(i, kDepth), step), kDepth);
      });
    });
  };

  // Not unrolled: registers hold one step's operands, and the next step's
  // addresses follow from k.
  auto loop = scf::ForOp::create(b, index(0), index(depth), index(kDepth));
  loop->setAttr("cuda.name", b.getStringAttr("k"));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(loop.getBody()->getTerminator());
    Value k = loop.getInductionVar();
    Value a = newArray(f32, numRows * kDepth, "a");
    Value c = newArray(f32, numColumns * kDepth, "b");
    read(aTile, rows, dot.getTransposeA(), k, a);
    read(bTile, columns, !dot.getTransposeB(), k, c);
    unroll(kDepth, 1, "step", [&](Value step) {
      unroll(layout.numRegisters(), 1, "r", [&](Value reg) {
        Value row = sliceRegister(layout, 1, reg);
        Value column = sliceRegister(layout, 0, reg);
        Value product = math::FmaOp::create(
            b, readArray(a, add(mul(row, kDepth), step)),
            readArray(c, add(mul(column, kDepth), step)), readArray(acc, reg));
        writeArray(product, acc, reg);
      });
    });
  }
}
