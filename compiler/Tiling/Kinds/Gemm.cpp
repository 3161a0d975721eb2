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
//===----------------------------------------------------------------------===//

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
} // namespace

/// The loop over a depth of `depth` from `begin`; its results are [block_m,
/// block_n], one for each product.
static SmallVector<Value>
emitProducts(KernelBuilder &k, ArrayRef<Product> products, const RowSource &a,
             ArrayRef<RowSource> bs, Value row, Value column, Value begin,
             int64_t depth, BlockShape block) {
  Value aView = k.view(a);
  SmallVector<Value> bViews, accumulators;
  for (const RowSource &b : bs) {
    bViews.push_back(k.view(b));
    accumulators.push_back(k.tile({block.m, block.n}, 0));
  }
  auto loop = scf::ForOp::create(k.b, k.index(0), k.index(depth),
                                 k.index(block.k), accumulators);
  k.setName(loop, "k");
  OpBuilder::InsertionGuard guard(k.b);
  k.b.setInsertionPointToStart(loop.getBody());
  Value step = k.add(begin, loop.getInductionVar());
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

/// Writes a block of part `part` of the result, [splits, M, N]: its rows end
/// where those of the next part begin.
static LogicalResult storePart(KernelBuilder &k, const Product &product,
                               Value sum, Value part, Value row, Value column,
                               int64_t rows) {
  Value result = k.resultOf(product.op->getResult(0));
  if (!result || !llvm::hasSingleElement(k.group()))
    return product.op->emitOpError("partial products must be the kernel's "
                                   "results, and all that it computes");
  int64_t columns = lastExtent(cast<MemRefType>(result.getType()));
  Value view = k.view(result, {rows, columns}, {columns, 1},
                      OpFoldResult(k.mul(part, rows * columns)));
  k.store(sum, view, {row, column});
  return success();
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
  auto weightGrad = dyn_cast<model::LinearWeightGradOp>(first.op);
  int64_t splits = weightGrad ? weightGrad.getSplits().value_or(1) : 1;
  int64_t depth = (first.transposeA ? a->rows : a->columns) / splits;
  // A block must not read on into the next one's part of the depth.
  if (splits > 1 && depth % *blockK)
    return first.op->emitOpError("cuts its depth into parts of ")
           << depth << ", which steps of " << *blockK << " do not divide";
  int64_t columns = llvm::divideCeilSigned(lastExtent(type), *blockN);
  int64_t resultRows = leadingElements(type) / splits;
  int64_t rows = llvm::divideCeilSigned(resultRows, *blockM);
  SmallVector<int64_t> extents = {columns, rows};
  if (splits > 1)
    extents.push_back(splits);
  FailureOr<SmallVector<Value>> block = k.blockCoordinates(extents);
  if (failed(block))
    return failure();
  auto [blockColumn, blockRow] =
      groupRows(k, (*block)[0], (*block)[1], columns, rows,
                k.optionalSchedule("raster").value_or(1));
  Value column = k.named(k.mul(blockColumn, *blockN), "first_column");
  Value row = k.named(k.mul(blockRow, *blockM), "first_row");
  Value begin = splits > 1 ? k.mul((*block)[2], depth) : k.index(0);
  SmallVector<Value> sums =
      emitProducts(k, *products, *a, bs, row, column, begin, depth,
                   {*blockM, *blockN, *blockK});
  if (splits > 1)
    return storePart(k, first, sums.front(), (*block)[2], row, column,
                     resultRows);

  RowBlock place(k, row, *blockM, column, *blockN);
  place.block = BlockPlace{k.add(k.mul(blockRow, columns), blockColumn),
                           rows * columns, blockColumn, columns};
  for (auto [product, sum] : llvm::zip_equal(*products, sums)) {
    if (product.bias) {
      k.b.setLoc(product.op->getLoc());
      sum =
          arith::AddFOp::create(k.b, sum, place.vectorPerColumn(product.bias));
    }
    place.setTile(product.op->getResult(0), sum);
  }
  for (Operation &op : k.group())
    if (!isa<model::LinearOp, model::LinearWeightGradOp>(op) &&
        failed(RuleTable::get().evaluate(&op, place)))
      return failure();
  return place.finish();
}
