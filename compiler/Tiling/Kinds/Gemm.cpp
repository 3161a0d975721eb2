//===- Gemm.cpp - matrix products with an epilogue ------------------------===//
//
// Block (n, m) computes rows [m block_m, ..) and columns [n block_n, ..):
//   acc = scf.for k { acc = tile.dot(a, b, acc) }
// The accumulator is used by the dot alone and the dot's result is yielded
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

static FailureOr<Product> findProduct(KernelBuilder &k) {
  auto linear = k.only<model::LinearOp>();
  auto weightGrad = k.only<model::LinearWeightGradOp>();
  if (bool(linear) == bool(weightGrad))
    return k.error() << "needs exactly one model.linear or "
                        "model.linear_weight_grad";
  return linear ? Product::of(linear) : Product::of(weightGrad);
}

/// The loop over a depth of `depth` from `begin`; its result is [block_m,
/// block_n].
static Value emitProduct(KernelBuilder &k, const Product &product,
                         const RowSource &a, const RowSource &b, Value row,
                         Value column, Value begin, int64_t depth,
                         int64_t blockM, int64_t blockN, int64_t blockK) {
  Value aView = k.view(a), bView = k.view(b);
  auto loop = scf::ForOp::create(k.b, k.index(0), k.index(depth),
                                 k.index(blockK), k.tile({blockM, blockN}, 0));
  OpBuilder::InsertionGuard guard(k.b);
  k.b.setInsertionPointToStart(loop.getBody());
  Value step = k.add(begin, loop.getInductionVar());
  Value aTile = product.transposeA
                    ? k.loadAsStored(aView, {step, row}, {blockK, blockM})
                    : k.loadAsStored(aView, {row, step}, {blockM, blockK});
  Value bTile = product.transposeB
                    ? k.loadAsStored(bView, {column, step}, {blockN, blockK})
                    : k.loadAsStored(bView, {step, column}, {blockK, blockN});
  Value sum = k.dot(aTile, bTile, loop.getRegionIterArg(0), product.transposeA,
                    product.transposeB);
  scf::YieldOp::create(k.b, sum);
  return loop.getResult(0);
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
  FailureOr<Product> product = findProduct(k);
  FailureOr<int64_t> blockM = k.schedule("block_m");
  FailureOr<int64_t> blockN = k.schedule("block_n");
  FailureOr<int64_t> blockK = k.schedule("block_k");
  if (failed(product) || failed(blockM) || failed(blockN) || failed(blockK))
    return failure();
  FailureOr<RowSource> a = k.rowSource(product->a);
  FailureOr<RowSource> b = k.rowSource(product->b);
  if (failed(a) || failed(b))
    return product->op->emitOpError(
        "multiplies a value that the same kernel computes; its operands must "
        "be arguments of the kernel");

  k.b.setLoc(product->op->getLoc());
  Value result = product->op->getResult(0);
  auto type = cast<RankedTensorType>(result.getType());
  auto weightGrad = dyn_cast<model::LinearWeightGradOp>(product->op);
  int64_t splits = weightGrad ? weightGrad.getSplits().value_or(1) : 1;
  int64_t depth = (product->transposeA ? a->rows : a->columns) / splits;
  // A block must not read on into the next one's part of the depth.
  if (splits > 1 && depth % *blockK)
    return product->op->emitOpError("cuts its depth into parts of ")
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
  Value column = k.mul(blockColumn, *blockN);
  Value row = k.mul(blockRow, *blockM);
  Value begin = splits > 1 ? k.mul((*block)[2], depth) : k.index(0);
  Value sum = emitProduct(k, *product, *a, *b, row, column, begin, depth,
                          *blockM, *blockN, *blockK);
  if (splits > 1)
    return storePart(k, *product, sum, (*block)[2], row, column, resultRows);

  RowBlock place(k, row, *blockM, column, *blockN);
  if (product->bias)
    sum = arith::AddFOp::create(k.b, sum, place.vectorPerColumn(product->bias));
  place.setTile(result, sum);
  for (Operation &op : k.group())
    if (&op != product->op && failed(RuleTable::get().evaluate(&op, place)))
      return failure();
  return place.finish();
}
