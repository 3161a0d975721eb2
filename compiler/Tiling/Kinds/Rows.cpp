//===- Rows.cpp - row-wise kernels ----------------------------------------===//
//
// Without sums over rows: block i evaluates rows [i block_rows, ..). With
// them: block s walks over its range of R / splits rows, block_rows at a time,
// carries one sum [C] for each, and stores it as row s of the partial sums.
//
// With norms of heads a block holds the columns of one head: block i evaluates
// head i mod heads of rows [i / heads block_rows, ..); with sums, block s walks
// over the heads of its rows, too.
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

/// The parts of a row that blocks work on one by one: heads, or whole rows.
struct RowParts {
  std::optional<int64_t> columns; // nullopt: whole rows
  int64_t count = 1;
};
} // namespace

/// Rows are worked on head by head where there is a norm of heads.
static FailureOr<RowParts> findParts(KernelBuilder &k) {
  RowParts parts;
  for (Operation &op : k.group()) {
    std::optional<int64_t> head = model::getNormHeadSize(&op);
    if (!head)
      continue;
    int64_t columns = lastExtent(cast<ShapedType>(op.getOperand(0).getType()));
    if (parts.columns &&
        (parts.columns != head || parts.count * *head != columns))
      return op.emitOpError("norms ")
             << columns / *head << " heads of " << *head
             << " columns, its kernel works on " << parts.count << " of "
             << *parts.columns;
    parts = {head, columns / *head};
  }
  return parts;
}

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

/// Evaluates the group at `block`. `sums` holds the sums so far, in the order
/// of `loop.sums`, and is replaced by the new ones.
static LogicalResult emitBlock(RowBlock &block, const RowLoop &loop,
                               SmallVectorImpl<Value> &sums) {
  KernelBuilder &k = block.k;
  const RuleTable &rules = RuleTable::get();
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

/// Block `block` of rows that stay whole, or one head of some rows.
static LogicalResult emitBlocks(KernelBuilder &k, const RowLoop &loop,
                                const RowParts &parts, int64_t rows,
                                int64_t blockRows) {
  SmallVector<int64_t> extents = {rows / blockRows};
  if (parts.columns)
    extents.insert(extents.begin(), parts.count);
  FailureOr<SmallVector<Value>> block = k.blockCoordinates(extents);
  if (failed(block))
    return failure();
  SmallVector<Value> sums;
  if (parts.columns) {
    RowBlock place(k, k.mul((*block)[1], blockRows), blockRows,
                   k.mul((*block)[0], *parts.columns), parts.columns);
    return emitBlock(place, loop, sums);
  }
  RowBlock place(k, k.mul((*block)[0], blockRows), blockRows);
  // Rows in parts are not in registers when they have been stored.
  if (!k.optionalSchedule("block_columns"))
    place.block = BlockPlace{(*block)[0], k.numBlocks(), k.index(0), 1};
  return emitBlock(place, loop, sums);
}

/// The range of `range` rows that block s walks over, and their partial sums.
static LogicalResult emitRanges(KernelBuilder &k, const RowLoop &rowLoop,
                                const RowParts &parts, int64_t range,
                                int64_t blockRows) {
  FailureOr<SmallVector<Value>> block = k.blockCoordinates({rowLoop.splits});
  if (failed(block))
    return failure();
  SmallVector<Value> sums;
  for (Operation *op : rowLoop.sums)
    sums.push_back(
        k.tile({lastExtent(cast<ShapedType>(op->getResult(0).getType()))}, 0));
  Value begin = k.mul((*block)[0], range);
  // By rows, or by the heads of each block of rows.
  auto loop = parts.columns
                  ? scf::ForOp::create(k.b, k.index(0),
                                       k.index(range / blockRows * parts.count),
                                       k.index(1), sums)
                  : scf::ForOp::create(k.b, begin, k.add(begin, k.index(range)),
                                       k.index(blockRows), sums);
  k.setName(loop, parts.columns ? "head" : "row");
  k.nameCarried(loop, SmallVector<StringRef>(sums.size(), "sums"));
  {
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPointToStart(loop.getBody());
    sums.assign(loop.getRegionIterArgs().begin(),
                loop.getRegionIterArgs().end());
    Value row = loop.getInductionVar(), column;
    if (parts.columns) {
      column = k.mul(k.rem(row, parts.count), *parts.columns);
      row = k.add(begin, k.mul(k.div(row, parts.count), blockRows));
    }
    RowBlock place(k, row, blockRows, column, parts.columns);
    if (failed(emitBlock(place, rowLoop, sums)))
      return failure();
    // An empty body without sums already has its terminator.
    if (!sums.empty()) {
      k.b.setLoc(loop.getLoc());
      scf::YieldOp::create(k.b, sums);
    }
  }
  for (auto [op, sum] : llvm::zip_equal(rowLoop.sums, loop.getResults())) {
    k.b.setLoc(op->getLoc());
    int64_t columns = cast<RankedTensorType>(sum.getType()).getDimSize(0);
    Value partial = k.view(k.resultOf(op->getResult(0)), {columns}, {1},
                           OpFoldResult(k.mul((*block)[0], columns)));
    k.store(sum, partial, k.index(0));
  }
  return success();
}

LogicalResult llmc::tiling::emitRows(KernelBuilder &k) {
  FailureOr<int64_t> rows = rowDomain(k);
  FailureOr<int64_t> blockRows = k.schedule("block_rows");
  FailureOr<RowLoop> rowLoop = findSums(k);
  FailureOr<RowParts> parts = findParts(k);
  if (failed(rows) || failed(blockRows) || failed(rowLoop) || failed(parts))
    return failure();
  int64_t splits = rowLoop->splits;
  int64_t range = splits ? *rows / splits : *rows;
  if ((splits && *rows % splits != 0) || range % *blockRows != 0)
    return k.error() << "has " << *rows << " rows in "
                     << std::max<int64_t>(splits, 1)
                     << " ranges, which blocks of " << *blockRows
                     << " rows do not divide";
  return splits ? emitRanges(k, *rowLoop, *parts, range, *blockRows)
                : emitBlocks(k, *rowLoop, *parts, *rows, *blockRows);
}
