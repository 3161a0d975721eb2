//===- AttentionGrad.cpp - attention, backward ----------------------------===//
//
// FlashAttention-2 (Dao 2023), algorithm 2, as two kernels without atomics:
// blocks of queries sum dq over keys, blocks of keys sum dk and dv over the
// queries of all heads of their group, in order. With the forward pass's
// lse and delta = rowsum(output * doutput):
//   p = exp(s - lse)    ds = p (doutput value^T - delta) / sqrt(head size)
//   dq = ds k           dk = ds^T q           dv = p^T doutput
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/Kinds/AttentionTiles.h"
#include "compiler/Tiling/Kinds/Kinds.h"

#include "dialects/Model/Model.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

namespace {
/// What a block of queries holds.
struct QueryBlock {
  Value query, grad; // [block_q, head size], as stored
  Value lse, delta;  // [block_q]
};
/// p and ds: [block_q, block_k].
struct Weights {
  Value weights, scoreGrad;
};
} // namespace

static Weights recompute(AttentionTiles &tiles, const QueryBlock &q, Value key,
                         Value value, Value queryBegin, Value keyBegin) {
  KernelBuilder &k = tiles.k;
  ImplicitLocOpBuilder &b = k.b;
  SmallVector<int64_t> shape = {tiles.blockQ, tiles.blockK};
  Value scores = tiles.scores(q.query, key, queryBegin, keyBegin);
  Value weights = math::ExpOp::create(
      b, arith::SubFOp::create(b, scores, k.perRow(q.lse, tiles.blockK)));
  Value weightGrad = k.dot(q.grad, value, k.tile(shape, 0), false, true);
  Value centered =
      arith::SubFOp::create(b, weightGrad, k.perRow(q.delta, tiles.blockK));
  Value scaled =
      arith::MulFOp::create(b, weights, k.tile(shape, tiles.scale()));
  return {weights, arith::MulFOp::create(b, scaled, centered)};
}

namespace {
/// Views of one head of one sequence.
struct QueryViews {
  Value query, grad, lse, delta;

  static FailureOr<QueryViews> create(AttentionTiles &tiles, Operation *op,
                                      Value sequence, Value head) {
    FailureOr<Value> query = tiles.headView(op->getOperand(0), sequence, head);
    FailureOr<Value> grad = tiles.headView(op->getOperand(3), sequence, head);
    Value lse = tiles.k.argument(op->getOperand(4));
    Value delta = tiles.k.argument(op->getOperand(5));
    if (failed(query) || failed(grad))
      return failure();
    if (!lse || !delta)
      return op->emitOpError("lse and delta must be arguments of the kernel");
    return QueryViews{*query, *grad, tiles.rowView(lse, sequence, head),
                      tiles.rowView(delta, sequence, head)};
  }

  QueryBlock load(AttentionTiles &tiles, Value begin) const {
    KernelBuilder &k = tiles.k;
    SmallVector<int64_t> shape = {tiles.blockQ, tiles.headSize};
    Value zero = k.index(0);
    return {k.loadAsStored(query, {begin, zero}, shape),
            k.loadAsStored(grad, {begin, zero}, shape),
            k.load(lse, begin, {tiles.blockQ}),
            k.load(delta, begin, {tiles.blockQ})};
  }
};
} // namespace

static void storeHead(AttentionTiles &tiles, Value tensor, Value tile,
                      Value sequence, Value head, Value begin) {
  Value memref = tiles.k.resultOf(tensor);
  if (!memref)
    return;
  RowSource place =
      KernelBuilder::rowSource(memref, cast<MemRefType>(memref.getType()));
  tiles.k.store(tile, tiles.headView(place, sequence, head),
                {begin, tiles.k.index(0)});
}

LogicalResult llmc::tiling::emitAttentionQueryGrad(KernelBuilder &k) {
  auto op = k.only<model::AttentionQueryGradOp>();
  if (!op)
    return k.error() << "needs exactly one model.attention_query_grad";
  FailureOr<AttentionTiles> tiles = AttentionTiles::create(k, op);
  if (failed(tiles))
    return failure();
  ImplicitLocOpBuilder &b = k.b;
  b.setLoc(op.getLoc());
  FailureOr<SmallVector<Value>> block = k.blockCoordinates(
      {llvm::divideCeilSigned(tiles->positions, tiles->blockQ), tiles->heads,
       tiles->batch});
  if (failed(block))
    return failure();
  Value begin = k.mul((*block)[0], tiles->blockQ);
  Value head = (*block)[1], sequence = (*block)[2];
  Value kvHead = k.div(head, tiles->groupSize());
  FailureOr<QueryViews> views = QueryViews::create(*tiles, op, sequence, head);
  FailureOr<Value> keyView = tiles->headView(op.getKey(), sequence, kvHead);
  FailureOr<Value> valueView = tiles->headView(op.getValue(), sequence, kvHead);
  if (failed(views) || failed(keyView) || failed(valueView))
    return failure();
  QueryBlock q = views->load(*tiles, begin);

  SmallVector<int64_t> keyShape = {tiles->blockK, tiles->headSize};
  Value zero = k.index(0);
  auto loop = scf::ForOp::create(b, tiles->firstKey(begin),
                                 tiles->endKey(begin), k.index(tiles->blockK),
                                 k.tile({tiles->blockQ, tiles->headSize}, 0));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value keyBegin = loop.getInductionVar();
    Value key = k.loadAsStored(*keyView, {keyBegin, zero}, keyShape);
    Value value = k.loadAsStored(*valueView, {keyBegin, zero}, keyShape);
    Weights w = recompute(*tiles, q, key, value, begin, keyBegin);
    Value sum = k.dot(w.scoreGrad, key, loop.getRegionIterArg(0), false, false);
    scf::YieldOp::create(b, sum);
  }
  storeHead(*tiles, op.getQueryGrad(), loop.getResult(0), sequence, head,
            begin);
  return success();
}

LogicalResult llmc::tiling::emitAttentionKeyValueGrad(KernelBuilder &k) {
  auto op = k.only<model::AttentionKeyValueGradOp>();
  if (!op)
    return k.error() << "needs exactly one model.attention_key_value_grad";
  FailureOr<AttentionTiles> tiles = AttentionTiles::create(k, op);
  if (failed(tiles))
    return failure();
  ImplicitLocOpBuilder &b = k.b;
  b.setLoc(op.getLoc());
  FailureOr<SmallVector<Value>> block = k.blockCoordinates(
      {llvm::divideCeilSigned(tiles->positions, tiles->blockK), tiles->kvHeads,
       tiles->batch});
  if (failed(block))
    return failure();
  Value begin = k.mul((*block)[0], tiles->blockK);
  Value kvHead = (*block)[1], sequence = (*block)[2];
  FailureOr<Value> keyView = tiles->headView(op.getKey(), sequence, kvHead);
  FailureOr<Value> valueView = tiles->headView(op.getValue(), sequence, kvHead);
  if (failed(keyView) || failed(valueView))
    return failure();
  SmallVector<int64_t> keyShape = {tiles->blockK, tiles->headSize};
  Value key = k.loadAsStored(*keyView, {begin, k.index(0)}, keyShape);
  Value value = k.loadAsStored(*valueView, {begin, k.index(0)}, keyShape);

  SmallVector<Value> zeros = {k.tile(keyShape, 0), k.tile(keyShape, 0)};
  auto headLoop = scf::ForOp::create(b, k.index(0), k.index(tiles->groupSize()),
                                     k.index(1), zeros);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(headLoop.getBody());
    Value head =
        k.add(k.mul(kvHead, tiles->groupSize()), headLoop.getInductionVar());
    FailureOr<QueryViews> views =
        QueryViews::create(*tiles, op, sequence, head);
    if (failed(views))
      return failure();
    auto queryLoop = scf::ForOp::create(
        b, tiles->firstQuery(begin), tiles->endQuery(begin),
        k.index(tiles->blockQ), headLoop.getRegionIterArgs());
    {
      OpBuilder::InsertionGuard innerGuard(b);
      b.setInsertionPointToStart(queryLoop.getBody());
      Value queryBegin = queryLoop.getInductionVar();
      QueryBlock q = views->load(*tiles, queryBegin);
      Weights w = recompute(*tiles, q, key, value, queryBegin, begin);
      Value keyGrad = k.dot(w.scoreGrad, q.query, queryLoop.getRegionIterArg(0),
                            true, false);
      Value valueGrad =
          k.dot(w.weights, q.grad, queryLoop.getRegionIterArg(1), true, false);
      scf::YieldOp::create(b, ValueRange{keyGrad, valueGrad});
    }
    scf::YieldOp::create(b, queryLoop.getResults());
  }
  storeHead(*tiles, op.getKeyGrad(), headLoop.getResult(0), sequence, kvHead,
            begin);
  storeHead(*tiles, op.getValueGrad(), headLoop.getResult(1), sequence, kvHead,
            begin);
  return success();
}
