//===- AttentionGrad.cpp - attention, backward ----------------------------===//
//
// FlashAttention-2 (Dao 2023), algorithm 2, as two kernels without atomics:
// blocks of queries sum dq over keys, blocks of keys sum dk and dv over the
// queries of all heads of their group, in order. With the forward pass's
// lse and delta = rowsum(output * doutput):
//   p = exp(s - lse)    ds = p (doutput value^T - delta) / sqrt(head size)
//   dq = ds k           dk = ds^T q           dv = p^T doutput
// where the sums dq and dk are divided by sqrt(head size), not each ds.
// Blocks of keys compute s^T = key query^T and value doutput^T, hence p^T and
// ds^T, so that no product takes a transposed operand that was computed: such
// a one would have to go through shared memory on a GPU.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/ColumnSums.h"
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
/// Queries and what the forward pass left for them.
struct QueryRows {
  Value query, grad; // [block_q, head size], as stored
  Value exponent;    // [block_q]: lse to base 2
  Value delta;       // [block_q]
};
/// [block_k, head size], as stored.
struct KeyRows {
  Value key, value;
};
/// p and ds sqrt(head size), in the shape of scores.
struct Weights {
  Value weights, scoreGrad;
};

/// Views of one query head of one sequence.
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

  QueryRows load(AttentionTiles &tiles, Value begin) const {
    KernelBuilder &k = tiles.k;
    SmallVector<int64_t> shape = {tiles.blockQ, tiles.headSize};
    Value zero = k.index(0);
    Value exponent =
        arith::MulFOp::create(k.b, k.load(lse, begin, {tiles.blockQ}),
                              k.tile({tiles.blockQ}, llvm::numbers::log2e));
    return {k.loadAsStored(query, {begin, zero}, shape),
            k.loadAsStored(grad, {begin, zero}, shape), exponent,
            k.load(delta, begin, {tiles.blockQ})};
  }
};

/// Views of one key head of one sequence.
struct KeyViews {
  Value key, value;

  static FailureOr<KeyViews> create(AttentionTiles &tiles, Operation *op,
                                    Value sequence, Value kvHead) {
    FailureOr<Value> key = tiles.headView(op->getOperand(1), sequence, kvHead);
    FailureOr<Value> value =
        tiles.headView(op->getOperand(2), sequence, kvHead);
    if (failed(key) || failed(value))
      return failure();
    return KeyViews{*key, *value};
  }

  KeyRows load(AttentionTiles &tiles, Value begin) const {
    KernelBuilder &k = tiles.k;
    SmallVector<int64_t> shape = {tiles.blockK, tiles.headSize};
    Value zero = k.index(0);
    return {k.loadAsStored(key, {begin, zero}, shape),
            k.loadAsStored(value, {begin, zero}, shape)};
  }
};

/// One block of a gradient kernel: some rows (queries or keys) of one head of
/// one sequence.
struct GradBlock {
  AttentionTiles tiles;
  AttentionTiles::Place place;

  static FailureOr<GradBlock> create(KernelBuilder &k, Operation *op,
                                     AttentionTiles::Rows rows) {
    FailureOr<AttentionTiles> tiles = AttentionTiles::create(k, op, rows);
    if (failed(tiles))
      return failure();
    k.b.setLoc(op->getLoc());
    FailureOr<AttentionTiles::Place> place = tiles->place();
    if (failed(place))
      return failure();
    return GradBlock{*tiles, *place};
  }

  /// Writes the block's rows of a gradient, and the sums of their columns if
  /// the kernel leaves these.
  LogicalResult store(Value tensor, Value tile) {
    KernelBuilder &k = tiles.k;
    int64_t extent = cast<RankedTensorType>(tile.getType()).getDimSize(0);
    int64_t ranges = tiles.positions / extent;
    for (Operation *user : tensor.getUsers())
      if (auto sum = dyn_cast<model::SumRowsOp>(user))
        if (failed(storeColumnSums(k, sum, tile,
                                   k.add(k.mul(place.sequence, ranges),
                                         k.div(place.begin, extent)),
                                   tiles.batch * ranges,
                                   k.mul(place.head, tiles.headSize))))
          return failure();
    Value memref = k.resultOf(tensor);
    if (!memref)
      return success();
    RowSource target =
        KernelBuilder::rowSource(memref, cast<MemRefType>(memref.getType()));
    k.store(tile, tiles.headView(target, place.sequence, place.head),
            {place.begin, k.index(0)});
    return success();
  }
};
} // namespace

static Weights recompute(AttentionTiles &tiles, const QueryRows &q,
                         const KeyRows &kv, Value queryBegin, Value keyBegin,
                         bool masked) {
  KernelBuilder &k = tiles.k;
  ImplicitLocOpBuilder &b = k.b;
  Value scores = tiles.scores(q.query, kv.key, queryBegin, keyBegin, masked);
  Value weights = tiles.weights(scores, q.exponent);
  Value centered;
  if (tiles.rows == AttentionTiles::Rows::Queries) {
    // One number a row for all blocks of keys, which the sum may begin with.
    Value negative = arith::NegFOp::create(b, q.delta);
    centered = tiles.products(q.grad, kv.value, tiles.perQuery(negative));
  } else {
    // Loaded with the queries: wanted as late as can be.
    centered = arith::SubFOp::create(b, tiles.products(q.grad, kv.value),
                                     tiles.perQuery(q.delta));
  }
  centered = k.named(centered, "centered");
  return {weights,
          k.named(arith::MulFOp::create(b, weights, centered), "score_grad")};
}

LogicalResult llmc::tiling::emitAttentionQueryGrad(KernelBuilder &k) {
  auto op = k.only<model::AttentionQueryGradOp>();
  if (!op)
    return k.error() << "needs exactly one model.attention_query_grad";
  FailureOr<GradBlock> block =
      GradBlock::create(k, op, AttentionTiles::Rows::Queries);
  if (failed(block))
    return failure();
  AttentionTiles &tiles = block->tiles;
  Value begin = block->place.begin;
  Value kvHead = k.div(block->place.head, tiles.groupSize());
  FailureOr<QueryViews> queries =
      QueryViews::create(tiles, op, block->place.sequence, block->place.head);
  FailureOr<KeyViews> keys =
      KeyViews::create(tiles, op, block->place.sequence, kvHead);
  if (failed(queries) || failed(keys))
    return failure();
  QueryRows q = queries->load(tiles, begin);

  SmallVector<Value> sums = tiles.forEachBlock(
      tiles.keysOf(begin), {"query_grad_acc"},
      k.tile({tiles.blockQ, tiles.headSize}, 0),
      [&](Value keyBegin, bool masked, ValueRange carried) {
        KeyRows kv = keys->load(tiles, keyBegin);
        Weights w = recompute(tiles, q, kv, begin, keyBegin, masked);
        return SmallVector<Value>{
            k.dot(w.scoreGrad, kv.key, carried[0], false, false)};
      });
  return block->store(op.getQueryGrad(), tiles.scaled(sums[0]));
}

LogicalResult llmc::tiling::emitAttentionKeyValueGrad(KernelBuilder &k) {
  auto op = k.only<model::AttentionKeyValueGradOp>();
  if (!op)
    return k.error() << "needs exactly one model.attention_key_value_grad";
  FailureOr<GradBlock> block =
      GradBlock::create(k, op, AttentionTiles::Rows::Keys);
  if (failed(block))
    return failure();
  AttentionTiles &tiles = block->tiles;
  ImplicitLocOpBuilder &b = k.b;
  Value begin = block->place.begin;
  FailureOr<KeyViews> keys =
      KeyViews::create(tiles, op, block->place.sequence, block->place.head);
  if (failed(keys))
    return failure();
  KeyRows kv = keys->load(tiles, begin);

  AttentionTiles::Blocks seeing = tiles.queriesOf(begin);
  Value zeros = k.tile({tiles.blockK, tiles.headSize}, 0);
  auto headLoop = scf::ForOp::create(b, k.index(0), k.index(tiles.groupSize()),
                                     k.index(1), ValueRange{zeros, zeros});
  SmallVector<StringRef> names = {"key_grad_acc", "value_grad_acc"};
  k.nameCarried(headLoop, names);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(headLoop.getBody());
    Value head = k.add(k.mul(block->place.head, tiles.groupSize()),
                       headLoop.getInductionVar());
    FailureOr<QueryViews> queries =
        QueryViews::create(tiles, op, block->place.sequence, head);
    if (failed(queries))
      return failure();
    SmallVector<Value> sums = tiles.forEachBlock(
        seeing, names, headLoop.getRegionIterArgs(),
        [&](Value queryBegin, bool masked, ValueRange carried) {
          QueryRows q = queries->load(tiles, queryBegin);
          Weights w = recompute(tiles, q, kv, queryBegin, begin, masked);
          Value keyGrad = k.dot(w.scoreGrad, q.query, carried[0], false, false);
          Value valueGrad = k.dot(w.weights, q.grad, carried[1], false, false);
          return SmallVector<Value>{keyGrad, valueGrad};
        });
    scf::YieldOp::create(b, sums);
  }
  if (failed(
          block->store(op.getKeyGrad(), tiles.scaled(headLoop.getResult(0)))))
    return failure();
  return block->store(op.getValueGrad(), headLoop.getResult(1));
}
