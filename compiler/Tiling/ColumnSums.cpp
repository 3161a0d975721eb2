//===- ColumnSums.cpp - sums of the columns that a block stores -----------===//

#include "compiler/Tiling/ColumnSums.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

LogicalResult llmc::tiling::storeColumnSums(KernelBuilder &k,
                                            model::SumRowsOp op, Value tile,
                                            Value range, int64_t ranges,
                                            Value column) {
  Value memref = k.resultOf(op.getOutput());
  int64_t rows = cast<RankedTensorType>(tile.getType()).getDimSize(0);
  if (!memref || op.getSplits().value_or(0) != static_cast<uint64_t>(ranges) ||
      leadingElements(cast<ShapedType>(op.getInput().getType())) !=
          ranges * rows)
    return op.emitOpError(
               "expected to be a result of the kernel, and a sum for "
               "each of ")
           << ranges << " full blocks of " << rows << " rows";
  k.b.setLoc(op.getLoc());
  Value sums = k.reduceAxis(tile, 0, tile::ReduceKind::Add);
  // Columns beyond the edge are none of the row.
  RowSource result =
      KernelBuilder::rowSource(memref, cast<MemRefType>(memref.getType()));
  k.store(sums,
          k.view(memref, {result.columns}, {1},
                 OpFoldResult(k.mul(range, result.rowStride))),
          column);
  return success();
}
