//===- ColumnSum.cpp - sums over a few rows -------------------------------===//
//
// sum_rows of partial sums [S, C] and position_embedding_grad, which is the
// sum over S = batch rows of T * C columns. Block i takes `block` columns and
// all rows.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/Kinds/Kinds.h"
#include "compiler/Tiling/SquareSums.h"

#include "dialects/Model/Model.h"
#include "dialects/Train/Train.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

// Rows of one tile; more are summed in a loop.
static constexpr int64_t maxRows = 32;

namespace {
struct Sum {
  Operation *op = nullptr;
  Value memref;
  int64_t rows = 0, columns = 0;
};
} // namespace

static FailureOr<Sum> findSum(KernelBuilder &k) {
  Sum sum;
  for (Operation &op : k.group()) {
    if (isa<train::AccumulateOp>(op) && sum.op &&
        op.getOperand(0) == sum.op->getResult(0))
      continue;
    if (sum.op || !isa<model::SumRowsOp, model::PositionEmbeddingGradOp>(op))
      return op.emitOpError("cannot be computed in a kernel of kind "
                            "'column_sum'");
    sum.op = &op;
    sum.memref = k.argument(op.getOperand(0));
    if (!sum.memref)
      return op.emitOpError("input must be an argument of the kernel");
    if (auto splits = op.getAttrOfType<IntegerAttr>("splits");
        splits && splits.getInt() != 1)
      return op.emitOpError("partial sums belong in a kernel of kind 'rows'");
    auto type = cast<MemRefType>(sum.memref.getType());
    sum.rows =
        isa<model::SumRowsOp>(op) ? leadingElements(type) : type.getDimSize(0);
    sum.columns = type.getNumElements() / sum.rows;
  }
  if (!sum.op)
    return k.error() << "needs one model.sum_rows or "
                        "model.position_embedding_grad";
  return sum;
}

/// The sums of `block` columns from `column`: [block]. Columns beyond the
/// input are 0.
static Value emitColumns(KernelBuilder &k, const Sum &sum, Value column,
                         int64_t block) {
  Value view = k.view({sum.memref, sum.rows, sum.columns, sum.columns, 0});
  auto rowsFrom = [&](Value row, int64_t rows) {
    return k.reduceAxis(k.load(view, {row, column}, {rows, block}), 0,
                        tile::ReduceKind::Add);
  };
  if (sum.rows <= maxRows)
    return rowsFrom(k.index(0), sum.rows);
  auto loop = scf::ForOp::create(k.b, k.index(0), k.index(sum.rows),
                                 k.index(maxRows), k.tile({block}, 0));
  OpBuilder::InsertionGuard guard(k.b);
  k.b.setInsertionPointToStart(loop.getBody());
  Value next = arith::AddFOp::create(k.b, loop.getRegionIterArg(0),
                                     rowsFrom(loop.getInductionVar(), maxRows));
  scf::YieldOp::create(k.b, next);
  return loop.getResult(0);
}

LogicalResult llmc::tiling::emitColumnSum(KernelBuilder &k) {
  FailureOr<Sum> sum = findSum(k);
  FailureOr<int64_t> block = k.schedule("block");
  if (failed(sum) || failed(block))
    return failure();
  k.b.setLoc(sum->op->getLoc());
  // A position table may have rows beyond the sequence. Their gradient is 0:
  // nothing to accumulate, but to be written where the sum is a result.
  Value tensor = sum->op->getResult(0);
  Value result = k.resultOf(tensor);
  int64_t columns = result ? cast<MemRefType>(result.getType()).getNumElements()
                           : sum->columns;
  FailureOr<SmallVector<Value>> place =
      k.blockCoordinates({llvm::divideCeilSigned(columns, *block)});
  if (failed(place))
    return failure();
  Value column = k.mul(place->front(), *block);
  Value tile = emitColumns(k, *sum, column, *block);
  if (result)
    k.store(tile, k.flatView(result), column);
  for (Operation &op : k.group()) {
    auto accumulate = dyn_cast<train::AccumulateOp>(op);
    if (!accumulate)
      continue;
    k.b.setLoc(op.getLoc());
    Value storage = k.argument(accumulate.getStorage());
    if (!storage)
      return op.emitOpError("storage is not an argument of the kernel");
    if (accumulate.getFirst() &&
        columns < cast<ShapedType>(accumulate.getStorage().getType())
                      .getNumElements())
      return op.emitOpError("is the first term of a sum and does not reach all "
                            "of the storage");
    Value stored =
        k.accumulate(tile, k.flatView(storage), column, accumulate.getFirst());
    if (failed(storeSquares(k, accumulate, stored,
                            {place->front(), k.numBlocks()})))
      return failure();
  }
  return success();
}
