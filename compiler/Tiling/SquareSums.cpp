//===- SquareSums.cpp - squares of what a block has stored ----------------===//

#include "compiler/Tiling/SquareSums.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

/// Rows of [parts, rows]: those of one part, [rows].
static Value partView(KernelBuilder &k, Value squares, Value part) {
  int64_t rows = lastExtent(cast<MemRefType>(squares.getType()));
  return k.view(squares, {rows}, {1}, OpFoldResult(k.mul(part, rows)));
}

static Value findSquares(KernelBuilder &k, train::AccumulateOp op) {
  Value squares = k.argument(op.getSquares());
  assert(squares && "no op of a kernel gives partial sums of squares");
  return squares;
}

LogicalResult llmc::tiling::storeSquares(KernelBuilder &k,
                                         train::AccumulateOp op, Value stored,
                                         const BlockPlace &place, Value row) {
  if (!op.getSquares())
    return success();
  Value squares = findSquares(k, op);
  auto type = cast<MemRefType>(squares.getType());
  bool ofRows = type.getRank() == 2;
  int64_t expected = ofRows ? place.parts : place.count;
  if (type.getDimSize(0) != expected)
    return op.emitOpError("sums squares into ")
           << op.getSquares().getType() << ", but the kernel has " << expected
           << (ofRows ? " blocks for each row" : " blocks");

  Value squared = arith::MulFOp::create(k.b, stored, stored);
  if (cast<RankedTensorType>(stored.getType()).getRank() == 2)
    squared = k.reduceRows(squared);
  if (ofRows)
    k.store(squared, partView(k, squares, place.part), row);
  else
    k.store(k.reduceAxis(squared, 0, tile::ReduceKind::Add), squares,
            place.number);
  return success();
}

LogicalResult llmc::tiling::replaceRowSquares(KernelBuilder &k,
                                              train::AccumulateOp op,
                                              Value stored, Value row) {
  if (!op.getSquares())
    return success();
  Value squares = findSquares(k, op);
  auto type = cast<MemRefType>(squares.getType());
  if (type.getRank() != 2)
    return op.emitOpError("writes some rows only, expected squares of rows, "
                          "found ")
           << op.getSquares().getType();
  Value squared = arith::MulFOp::create(k.b, stored, stored);
  k.store(k.reduceAxis(squared, 0, tile::ReduceKind::Add),
          partView(k, squares, k.index(0)), row);
  if (type.getDimSize(0) == 1)
    return success();
  auto loop = scf::ForOp::create(k.b, k.index(1), k.index(type.getDimSize(0)),
                                 k.index(1));
  OpBuilder::InsertionGuard guard(k.b);
  k.b.setInsertionPointToStart(loop.getBody());
  k.store(k.tile({1}, 0), partView(k, squares, loop.getInductionVar()), row);
  return success();
}
