//===- Rows.cpp - row-wise kernels ----------------------------------------===//
//
// Without sums over rows: block i evaluates rows [i block_rows, ..). With
// them: block s walks over its range of R / splits rows, block_rows at a time,
// carries one sum [C] for each, and stores it as row s of the partial sums.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/Kinds/Kinds.h"
#include "compiler/Tiling/Rules/RuleTable.h"
#include "dialects/Model/Model.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

/// The number of rows of the group's domain. Activations have rank 3, so the
/// first value of that rank tells; weights and tokens have a smaller one. What
/// take_tokens looks rows up in has rows of its own.
static FailureOr<int64_t> rowDomain(KernelBuilder &k) {
  auto rows = [](ValueRange values, int64_t rank) -> std::optional<int64_t> {
    for (Value value : values)
      if (auto type = dyn_cast<RankedTensorType>(value.getType()))
        if (type.getRank() >= rank)
          return leadingElements(type);
    return std::nullopt;
  };
  for (int64_t rank : {3, 2})
    for (Operation &op : k.group()) {
      OperandRange operands = op.getOperands();
      if (isa<model::TakeTokensOp>(op))
        operands = operands.take_front();
      if (auto found = rows(operands, rank))
        return *found;
      if (auto found = rows(op.getResults(), rank))
        return *found;
    }
  return k.error() << "holds no op on rows";
}

namespace {
struct RowLoop {
  int64_t splits = 0; // 0: one block of rows for each block of the grid
  SmallVector<Operation *> sums;
};
} // namespace

/// Finds the sums over rows; all must have the same number of splits.
static FailureOr<RowLoop> findSums(KernelBuilder &k) {
  RowLoop loop;
  loop.splits = k.optionalSchedule("splits").value_or(0);
  for (Operation &op : k.group()) {
    if (!RuleTable::get().isColumnSum(&op))
      continue;
    auto attribute = op.getAttrOfType<IntegerAttr>("splits");
    int64_t splits = attribute ? attribute.getInt() : 1;
    if (loop.splits && loop.splits != splits)
      return op.emitOpError("sums in ")
             << splits << " ranges of rows, its kernel works in "
             << loop.splits;
    if (!k.resultOf(op.getResult(0)))
      return op.emitOpError("partial sums must be a result of the kernel");
    loop.splits = splits;
    loop.sums.push_back(&op);
  }
  return loop;
}

/// Evaluates the group at one block of rows. `sums` holds the sums so far, in
/// the order of `loop.sums`, and is replaced by the new ones.
static LogicalResult emitBlock(KernelBuilder &k, const RowLoop &loop, Value row,
                               int64_t rows, std::optional<BlockPlace> place,
                               SmallVectorImpl<Value> &sums) {
  const RuleTable &rules = RuleTable::get();
  RowBlock block(k, row, rows);
  block.block = place;
  SmallVector<Value> summed;
  for (Operation &op : k.group()) {
    if (!rules.isColumnSum(&op)) {
      if (failed(rules.evaluate(&op, block)))
        return failure();
      continue;
    }
    FailureOr<Value> tile = rules.columnSum(&op, block);
    if (failed(tile))
      return failure();
    Value &sum = sums[llvm::find(loop.sums, &op) - loop.sums.begin()];
    sum = arith::AddFOp::create(k.b, sum,
                                k.reduceAxis(*tile, 0, tile::ReduceKind::Add));
    summed.push_back(op.getResult(0));
  }
  return block.finish(summed);
}

LogicalResult llmc::tiling::emitRows(KernelBuilder &k) {
  FailureOr<int64_t> rows = rowDomain(k);
  FailureOr<int64_t> blockRows = k.schedule("block_rows");
  FailureOr<RowLoop> rowLoop = findSums(k);
  if (failed(rows) || failed(blockRows) || failed(rowLoop))
    return failure();
  int64_t splits = rowLoop->splits;
  int64_t range = splits ? *rows / splits : *rows;
  if ((splits && *rows % splits != 0) || range % *blockRows != 0)
    return k.error() << "has " << *rows << " rows in "
                     << std::max<int64_t>(splits, 1)
                     << " ranges, which blocks of " << *blockRows
                     << " rows do not divide";
  FailureOr<SmallVector<Value>> block =
      k.blockCoordinates({splits ? splits : range / *blockRows});
  if (failed(block))
    return failure();

  SmallVector<Value> sums;
  if (!splits) {
    std::optional<BlockPlace> place;
    // Rows in parts are not in registers when they have been stored.
    if (!k.optionalSchedule("block_columns"))
      place = BlockPlace{(*block)[0], k.numBlocks(), k.index(0), 1};
    return emitBlock(k, *rowLoop, k.mul((*block)[0], *blockRows), *blockRows,
                     place, sums);
  }

  for (Operation *op : rowLoop->sums)
    sums.push_back(
        k.tile({lastExtent(cast<ShapedType>(op->getResult(0).getType()))}, 0));
  Value begin = k.mul((*block)[0], range);
  auto loop = scf::ForOp::create(k.b, begin, k.add(begin, k.index(range)),
                                 k.index(*blockRows), sums);
  k.setName(loop, "row");
  k.nameCarried(loop, SmallVector<StringRef>(sums.size(), "sums"));
  {
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPointToStart(loop.getBody());
    sums.assign(loop.getRegionIterArgs().begin(),
                loop.getRegionIterArgs().end());
    if (failed(emitBlock(k, *rowLoop, loop.getInductionVar(), *blockRows,
                         std::nullopt, sums)))
      return failure();
    // An empty body without sums already has its terminator.
    if (!sums.empty()) {
      k.b.setLoc(loop.getLoc());
      scf::YieldOp::create(k.b, sums);
    }
  }
  for (auto [op, sum] : llvm::zip_equal(rowLoop->sums, loop.getResults())) {
    k.b.setLoc(op->getLoc());
    int64_t columns = cast<RankedTensorType>(sum.getType()).getDimSize(0);
    Value partial = k.view(k.resultOf(op->getResult(0)), {columns}, {1},
                           OpFoldResult(k.mul((*block)[0], columns)));
    k.store(sum, partial, k.index(0));
  }
  return success();
}
