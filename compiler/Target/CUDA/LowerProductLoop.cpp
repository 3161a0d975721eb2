//===- LowerProductLoop.cpp - the main loop of a matrix product -----------===//
//
// A loop that does nothing but multiply what it loads (`cuda.double_buffer`):
// registers hold the fragments of two steps of the depth, so that a step's come
// from shared memory while the one before is multiplied, also from one
// iteration to the next:
//
//   copy iterations 0 .. S - 1, a group each; wait for the first
//   load the first step's fragments
//   for each iteration i:
//     for each step but the last:
//       load the next step's fragments
//       multiply this step's
//     wait until at most S - 2 groups are under way: i + 1 has come
//     copy iteration i + S into the buffer that i has left
//     load the first step's fragments of i + 1
//     multiply the last step's
//
// All of iteration i's fragments are in registers when its last step begins.
// Products of one left operand share its fragments.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/KernelLowering.h"
#include "compiler/Target/CUDA/Pipeline.h"

using namespace mlir;
using namespace llmc;

namespace {
/// The fragments of an operand of a product: two steps of them in one array.
struct Fragments {
  tile::DotOp dot;
  bool isLeft;
  SharedTile tile;
  FragmentPlace place;
  Value array;
  int64_t size;         // registers of a step
  int64_t parts;        // of columns that repeat
  int64_t partSize = 0; // registers of one
};
} // namespace

LogicalResult KernelLowering::lowerProductLoop(scf::ForOp loop) {
  auto dots = llvm::to_vector(loop.getBody()->getOps<tile::DotOp>());
  for (auto [number, arg] : llvm::enumerate(loop.getRegionIterArgs()))
    arrays[arg] = arrayForCarried(loop, number);
  Pipeline pipeline;
  if (!startPipeline(loop, pipeline))
    return failure();
  int64_t stages = pipeline.stages;

  // Each operand once.
  SmallVector<Fragments> operands;
  SmallVector<std::pair<size_t, size_t>> ofDots;
  auto operandOf = [&](tile::DotOp dot, bool isLeft) -> size_t {
    Value value = isLeft ? dot.getA() : dot.getB();
    for (auto [number, known] : llvm::enumerate(operands))
      if (isLeft && known.isLeft && known.dot.getA() == value &&
          known.dot.getTransposeA() == dot.getTransposeA())
        return number;
    WarpTiles tiles(layoutOf(dot.getResult()));
    Fragments own{dot, isLeft, sharedTiles[value], {}, {}, 0, 1};
    own.place = isLeft ? ldmatrixPlace(own.tile, true, dot.getTransposeA(),
                                       tiles.warpRows)
                       : ldmatrixPlace(own.tile, false, !dot.getTransposeB(),
                                       tiles.warpColumns);
    own.parts = isLeft ? 1 : tiles.repetitions;
    own.partSize = isLeft ? 4 * tiles.rowTiles : 2 * tiles.columnTiles;
    own.size = own.parts * own.partSize;
    own.array = newArray(b.getI32Type(), 2 * own.size, isLeft ? "a" : "b");
    operands.push_back(own);
    return operands.size() - 1;
  };
  for (tile::DotOp dot : dots) {
    size_t left = operandOf(dot, true);
    ofDots.push_back({left, operandOf(dot, false)});
  }

  /// The step `kk` of the iteration in buffer `slot`, into half `half`.
  auto load = [&](Value slot, Value kk, Value half) {
    for (Fragments &own : operands) {
      SharedTile tile = own.tile;
      tile.slot = b.createOrFold<arith::MulIOp>(slot, index(tile.bytes));
      for (int64_t part = 0; part < own.parts; ++part) {
        Value base = add(mul(half, own.size), index(part * own.partSize));
        if (own.isLeft)
          loadLeft(own.dot, tile, own.place, kk, own.array, base);
        else
          loadRight(own.dot, tile, own.place, kk,
                    own.parts > 1 ? index(part) : Value(), own.array, base);
      }
    }
  };
  auto multiply = [&](Value half) {
    for (auto [dot, operandsOf, arg] :
         llvm::zip_equal(dots, ofDots, loop.getRegionIterArgs())) {
      const Fragments &left = operands[operandsOf.first];
      const Fragments &right = operands[operandsOf.second];
      for (int64_t part = 0; part < right.parts; ++part)
        multiplyFragments(
            dot, arrays[arg], left.array, mul(half, left.size), right.array,
            add(mul(half, right.size), index(part * right.partSize)),
            right.parts > 1 ? index(part) : Value());
    }
  };

  fillPipeline(pipeline, stages);
  waitForCopies(stages - 1);
  Value zero = index(0);
  load(zero, zero, zero);

  auto made = scf::ForOp::create(b, pipeline.begin, pipeline.end, pipeline.step,
                                 ValueRange{zero});
  nameLoop(made, loop, /*isPipelined=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(made.getBody());
    Value slot = made.getRegionIterArg(0), at = made.getInductionVar();
    int64_t steps = getDepth(dots.front()) / 16;
    explainProduct(dots.front(), ", each step's fragments one step ahead");
    unroll(steps - 1, 1, "kk", [&](Value kk) {
      Value next = add(kk, index(1));
      load(slot, next, rem(next, 2));
      multiply(rem(kk, 2));
    });

    waitForCopies(stages - 2);
    Value following = named(slotAfter(pipeline, slot), "following");
    auto ahead = [&](int64_t iterations) {
      return add(
          at, b.createOrFold<arith::MulIOp>(pipeline.step, index(iterations)));
    };
    copyAhead(pipeline, ahead(stages), slot);
    // The last iteration reads its own first step again, for nobody.
    Value from = named(arith::SelectOp::create(b, less(ahead(1), pipeline.end),
                                               following, slot),
                       "next");
    load(from, zero, zero);
    multiply(index((steps - 1) % 2));
    scf::YieldOp::create(b, following);
  }
  waitForCopies(0);
  for (auto [arg, result] :
       llvm::zip_equal(loop.getRegionIterArgs(), loop.getResults()))
    arrays[result] = arrays.lookup(arg);
  return success();
}
