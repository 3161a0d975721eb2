//===- Embedding.cpp - gradient of the token embedding --------------------===//
//
// Block i is token position i. It does nothing if an earlier position holds
// the same token; else it adds the gradient rows of all positions from i on
// that hold it, in order, to the token's row of the storage. So every row has
// one writer and one order, without atomics.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/Kinds/Kinds.h"
#include "compiler/Tiling/SquareSums.h"

#include "dialects/Model/Model.h"
#include "dialects/Train/Train.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

static Value sameToken(KernelBuilder &k, Value tokens, Value position,
                       Value token) {
  Value other = memref::LoadOp::create(k.b, tokens, position);
  return arith::CmpIOp::create(k.b, arith::CmpIPredicate::eq, other, token);
}

/// Whether one of the positions before `position` holds `token`.
static Value emitSeenBefore(KernelBuilder &k, Value tokens, Value position,
                            Value token) {
  Value no = arith::ConstantOp::create(k.b, k.b.getBoolAttr(false));
  auto loop = scf::ForOp::create(k.b, k.index(0), position, k.index(1), no);
  OpBuilder::InsertionGuard guard(k.b);
  k.b.setInsertionPointToStart(loop.getBody());
  Value same = sameToken(k, tokens, loop.getInductionVar(), token);
  Value seen = arith::OrIOp::create(k.b, loop.getRegionIterArg(0), same);
  scf::YieldOp::create(k.b, seen);
  return loop.getResult(0);
}

/// Adds the gradient rows from `position` on that belong to `token` to the
/// storage, one after another.
static void emitAddRows(KernelBuilder &k, Value tokens, const RowSource &grad,
                        Value storage, Value position, Value token) {
  ImplicitLocOpBuilder &b = k.b;
  Value gradView = k.flatView(grad.memref);
  Value storageView = k.flatView(storage);
  Value row = arith::IndexCastOp::create(b, b.getIndexType(), token);
  Value storageBegin = k.mul(row, grad.columns);
  auto loop = scf::ForOp::create(b, position, k.index(grad.rows), k.index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value same = sameToken(k, tokens, loop.getInductionVar(), token);
  auto branch = scf::IfOp::create(b, same, /*withElseRegion=*/false);
  b.setInsertionPointToStart(branch.thenBlock());
  Value begin = k.mul(loop.getInductionVar(), grad.columns);
  k.accumulate(k.load(gradView, begin, {grad.columns}), storageView,
               storageBegin);
}

LogicalResult llmc::tiling::emitEmbeddingGrad(KernelBuilder &k) {
  auto op = k.only<model::EmbeddingGradOp>();
  auto accumulate = k.only<train::AccumulateOp>();
  if (!op || llvm::range_size(k.group()) != (accumulate ? 2 : 1))
    return k.error() << "needs one model.embedding_grad and its accumulation";
  if (!accumulate || !k.returned().empty() ||
      accumulate.getValue() != op.getOutput())
    return op.emitOpError("must be accumulated into storage: its result would "
                          "need zeros in the rows of all other tokens");
  Value tokensMemref = k.argument(op.getTokens());
  Value storage = k.argument(accumulate.getStorage());
  Value gradMemref = k.argument(op.getGrad());
  if (!tokensMemref || !storage || !gradMemref)
    return op.emitOpError("tokens, gradient and storage must be arguments of "
                          "the kernel");

  ImplicitLocOpBuilder &b = k.b;
  b.setLoc(op.getLoc());
  RowSource grad = KernelBuilder::rowSource(
      gradMemref, cast<MemRefType>(gradMemref.getType()));
  FailureOr<SmallVector<Value>> block = k.blockCoordinates({grad.rows});
  if (failed(block))
    return failure();
  Value position = block->front();
  Value tokens = k.flatView(tokensMemref);
  Value token = memref::LoadOp::create(b, tokens, position);
  Value seen = emitSeenBefore(k, tokens, position, token);
  Value yes = arith::ConstantOp::create(b, b.getBoolAttr(true));
  Value first = arith::XOrIOp::create(b, seen, yes);
  auto branch = scf::IfOp::create(b, first, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  emitAddRows(k, tokens, grad, storage, position, token);
  if (!accumulate.getSquares())
    return success();
  Value row = arith::IndexCastOp::create(b, b.getIndexType(), token);
  Value stored =
      k.load(k.flatView(storage), k.mul(row, grad.columns), {grad.columns});
  return replaceRowSquares(k, accumulate, stored, row);
}
