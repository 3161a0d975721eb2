//===- Gemm.cpp - matrix products with an epilogue ------------------------===//
//
// Block (n, m) computes rows [m block_m, ..) and columns [n block_n, ..):
//   acc = scf.for k { acc = tile.dot(a, b, acc) }
// of each product; a second one has the same a, which is loaded once:
//   acc0, acc1 = scf.for k { acc0 = tile.dot(a, b0, acc0), acc1 = .. }
// An accumulator is used by its dot alone and the dot's result is yielded
// alone, so that a target may keep it in place. Loads are padded with zeros,
// so block_k need not divide the depth. The other ops of the group are
// evaluated on the [block_m, block_n] tile.
//
// With `split_k`, several blocks compute such a tile, each over its part of the
// depth, and add it in turn to what is stored:
//   tile.in_turn %part of 4 at %block { storage += acc }
// Blocks take their places as they begin, those of the first part first, so
// that a block waits for one that has begun before it, mostly long ago.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/ColumnSums.h"
#include "compiler/Tiling/Kinds/Kinds.h"
#include "compiler/Tiling/Rules/RuleTable.h"

#include "dialects/Model/Model.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

namespace {
/// What is multiplied: a is [M, K], stored [K, M] when transposed; b is
/// [K, N], stored [N, K] when transposed.
struct Product {
  Operation *op;
  Value a, b, bias;
  bool transposeA, transposeB;

  static Product of(model::LinearOp op) {
    return {op,           op.getInput(), op.getWeight(),
            op.getBias(), false,         !op.getTransposed()};
  }
  static Product of(model::LinearWeightGradOp op) {
    // dw[o,i] sums dy[r,o] x[r,i] over rows; transposed [i,o] exchanges them.
    if (op.getTransposed())
      return {op, op.getInput(), op.getGrad(), Value(), true, false};
    return {op, op.getGrad(), op.getInput(), Value(), true, false};
  }
};
} // namespace

/// One product, or several of one input and equal results.
static FailureOr<SmallVector<Product>> findProducts(KernelBuilder &k) {
  SmallVector<Product> products;
  for (Operation &op : k.group()) {
    if (auto linear = dyn_cast<model::LinearOp>(op))
      products.push_back(Product::of(linear));
    else if (auto weightGrad = dyn_cast<model::LinearWeightGradOp>(op))
      products.push_back(Product::of(weightGrad));
  }
  if (products.empty())
    return k.error() << "needs a model.linear or model.linear_weight_grad";
  const Product &first = products.front();
  for (const Product &other : ArrayRef(products).drop_front())
    if (!isa<model::LinearOp>(first.op) || !isa<model::LinearOp>(other.op) ||
        other.a != first.a ||
        other.op->getResultTypes() != first.op->getResultTypes())
      return other.op->emitOpError(
          "is not the kernel's first product; expected several only of "
          "model.linear with the same input and the same type of result");
  return products;
}

namespace {
struct BlockShape {
  int64_t m, n, k;
};

/// A part of the depth, as steps of a loop: the depth at k is offset + k.
struct DepthRange {
  Value offset, begin, end;
};
} // namespace

/// The steps of part `part`, of `splits`, of a depth; the same number in all
/// parts, or one more in some.
static DepthRange cutDepth(KernelBuilder &k, int64_t depth, int64_t blockK,
                           Value part, int64_t splits) {
  int64_t steps = llvm::divideCeilSigned(depth, blockK);
  if (splits == 1)
    return {k.index(0), k.index(0), k.index(depth)};
  if (steps % splits == 0) {
    int64_t extent = steps / splits * blockK;
    return {k.mul(part, extent), k.index(0), k.index(extent)};
  }
  auto firstOf = [&](Value number, StringRef name) {
    return k.named(k.mul(k.div(k.mul(number, steps), splits), blockK), name);
  };
  Value next = k.add(part, k.index(1));
  return {k.index(0), firstOf(part, "depth_begin"), firstOf(next, "depth_end")};
}

/// The loop over a range of the depth; its results are [block_m, block_n], one
/// for each product.
static SmallVector<Value>
emitProducts(KernelBuilder &k, ArrayRef<Product> products, const RowSource &a,
             ArrayRef<RowSource> bs, Value row, Value column, DepthRange depth,
             BlockShape block) {
  Value aView = k.view(a);
  SmallVector<Value> bViews, accumulators;
  for (const RowSource &b : bs) {
    bViews.push_back(k.view(b));
    accumulators.push_back(k.tile({block.m, block.n}, 0));
  }
  auto loop = scf::ForOp::create(k.b, depth.begin, depth.end, k.index(block.k),
                                 accumulators);
  k.setName(loop, "k");
  OpBuilder::InsertionGuard guard(k.b);
  k.b.setInsertionPointToStart(loop.getBody());
  Value step = k.add(depth.offset, loop.getInductionVar());
  Value aTile = products.front().transposeA
                    ? k.loadAsStored(aView, {step, row}, {block.k, block.m})
                    : k.loadAsStored(aView, {row, step}, {block.m, block.k});
  SmallVector<Value> bTiles, sums;
  for (auto [product, view] : llvm::zip_equal(products, bViews))
    bTiles.push_back(
        product.transposeB
            ? k.loadAsStored(view, {column, step}, {block.n, block.k})
            : k.loadAsStored(view, {step, column}, {block.k, block.n}));
  for (auto [product, tile, acc] :
       llvm::zip_equal(products, bTiles, loop.getRegionIterArgs()))
    sums.push_back(
        k.dot(aTile, tile, acc, product.transposeA, product.transposeB));
  scf::YieldOp::create(k.b, sums);
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// Coordinates (column, row) of the block that runs as number `column + row *
/// columns`, when groups of `raster` row blocks pass over all columns, one
/// after another: blocks that run at once then share more of what they read.
static std::pair<Value, Value> groupRows(KernelBuilder &k, Value column,
                                         Value row, int64_t columns,
                                         int64_t rows, int64_t raster) {
  raster = std::min(raster, rows);
  if (raster == 1)
    return {column, row};
  Value number = k.add(column, k.mul(row, columns));
  Value first = k.mul(k.div(number, raster * columns), raster);
  Value within = k.rem(number, raster * columns);
  // The last group may have fewer rows.
  Value height = k.index(raster);
  if (rows % raster)
    height = arith::MinUIOp::create(
        k.b, height, arith::SubIOp::create(k.b, k.index(rows), first));
  return {arith::DivUIOp::create(k.b, within, height),
          k.add(first, arith::RemUIOp::create(k.b, within, height))};
}

namespace {
/// Blocks along the columns and rows of the result and the parts of the depth.
struct BlockGrid {
  int64_t columns, rows, splits, raster;
};

/// What a block computes: its coordinates, and where they begin; the part only
/// where there are several.
struct BlockPlacement {
  Value blockColumn, blockRow, part, column, row;
};
} // namespace

static FailureOr<BlockPlacement>
findPlacement(KernelBuilder &k, const BlockGrid &grid, BlockShape shape) {
  FailureOr<SmallVector<Value>> block =
      grid.splits > 1
          ? k.blockCoordinatesInOrder({grid.columns, grid.rows, grid.splits})
          : k.blockCoordinates({grid.columns, grid.rows});
  if (failed(block))
    return failure();
  BlockPlacement place;
  std::tie(place.blockColumn, place.blockRow) = groupRows(
      k, (*block)[0], (*block)[1], grid.columns, grid.rows, grid.raster);
  place.column = k.named(k.mul(place.blockColumn, shape.n), "first_column");
  place.row = k.named(k.mul(place.blockRow, shape.m), "first_row");
  if (grid.splits > 1)
    place.part = k.named((*block)[2], "part");
  return place;
}

/// Whether the kernel does no more than add a product to a gradient.
static bool onlyAccumulates(KernelBuilder &k, const Product &product) {
  auto accumulate =
      dyn_cast<train::AccumulateOp>(*std::next(k.group().begin()));
  return llvm::hasNItems(k.group(), 2) && k.returned().empty() && accumulate &&
         accumulate.getValue() == product.op->getResult(0);
}

LogicalResult llmc::tiling::emitGemm(KernelBuilder &k) {
  FailureOr<SmallVector<Product>> products = findProducts(k);
  FailureOr<int64_t> blockM = k.schedule("block_m");
  FailureOr<int64_t> blockN = k.schedule("block_n");
  FailureOr<int64_t> blockK = k.schedule("block_k");
  if (failed(products) || failed(blockM) || failed(blockN) || failed(blockK))
    return failure();
  const Product &first = products->front();
  FailureOr<RowSource> a = k.rowSource(first.a);
  SmallVector<RowSource> bs;
  for (const Product &product : *products) {
    FailureOr<RowSource> b = k.rowSource(product.b);
    if (failed(a) || failed(b))
      return product.op->emitOpError(
          "multiplies a value that the same kernel computes; its operands must "
          "be arguments of the kernel");
    bs.push_back(*b);
  }

  k.b.setLoc(first.op->getLoc());
  auto type = cast<RankedTensorType>(first.op->getResult(0).getType());
  int64_t splits = k.optionalSchedule("split_k").value_or(1);
  if (splits > 1 && !onlyAccumulates(k, first))
    return first.op->emitOpError("has its depth cut by `split_k` in a kernel "
                                 "that does more than add it to a gradient");
  int64_t depth = first.transposeA ? a->rows : a->columns;
  BlockShape shape{*blockM, *blockN, *blockK};
  BlockGrid grid{llvm::divideCeilSigned(lastExtent(type), shape.n),
                 llvm::divideCeilSigned(leadingElements(type), shape.m), splits,
                 k.optionalSchedule("raster").value_or(1)};
  FailureOr<BlockPlacement> begin = findPlacement(k, grid, shape);
  if (failed(begin))
    return failure();
  SmallVector<Value> sums =
      emitProducts(k, *products, *a, bs, begin->row, begin->column,
                   cutDepth(k, depth, shape.k, begin->part, splits), shape);

  // What is worked out again need not stay in registers over the loop.
  BlockPlacement end = splits > 1 ? *findPlacement(k, grid, shape) : *begin;
  RowBlock place(k, end.row, shape.m, end.column, shape.n);
  place.block =
      BlockPlace{k.add(k.mul(end.blockRow, grid.columns), end.blockColumn),
                 grid.rows * grid.columns, end.blockColumn, grid.columns};
  for (auto [product, sum] : llvm::zip_equal(*products, sums)) {
    if (product.bias) {
      k.b.setLoc(product.op->getLoc());
      sum =
          arith::AddFOp::create(k.b, sum, place.vectorPerColumn(product.bias));
    }
    place.setTile(product.op->getResult(0), sum);
  }
  for (Operation &op : k.group()) {
    if (isa<model::LinearOp, model::LinearWeightGradOp>(op))
      continue;
    if (auto sum = dyn_cast<model::SumRowsOp>(op)) {
      if (!place.isAvailable(sum.getInput()) ||
          failed(storeColumnSums(k, sum, place.tile(sum.getInput()),
                                 end.blockRow, grid.rows, end.column)))
        return failure();
      place.setStored(sum.getOutput());
    } else if (failed(RuleTable::get().evaluate(&op, place))) {
      return failure();
    }
  }
  if (splits == 1)
    return place.finish();
  auto turn = tile::InTurnOp::create(k.b, end.part, splits, place.block->number,
                                     place.block->count);
  OpBuilder::InsertionGuard guard(k.b);
  k.b.setInsertionPointToStart(&turn.getBody().emplaceBlock());
  place.turn = BlockTurn{end.part, splits};
  return place.finish();
}
