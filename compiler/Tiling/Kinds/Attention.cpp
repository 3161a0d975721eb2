//===- Attention.cpp - attention, forward ---------------------------------===//
//
// FlashAttention-2 (Dao 2023), algorithm 1: block (i, h, b) holds block_q
// queries of one head and walks over the key blocks that they see, carrying
// the row maximum, the row sum and the output that is not yet divided by it.
// Blocks that an edge of the mask crosses have a loop of their own.
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

/// One key block: new maximum of the row's exponents (to base 2), row sum and
/// output. `carried` holds the old ones.
static SmallVector<Value> emitKeyBlock(AttentionTiles &tiles, Value query,
                                       Value key, Value value, Value queryBegin,
                                       Value keyBegin, bool masked,
                                       ValueRange carried) {
  KernelBuilder &k = tiles.k;
  ImplicitLocOpBuilder &b = k.b;
  Value scores = tiles.scores(query, key, queryBegin, keyBegin, masked);
  Value blockMax =
      k.named(k.reduceRows(scores, tile::ReduceKind::Max), "block_max");
  Value max = k.named(
      arith::MaximumFOp::create(b, carried[0], tiles.exponentOf(blockMax)),
      "new_max");
  Value weights = tiles.weights(scores, max);
  Value correction = k.named(
      math::Exp2Op::create(b, arith::SubFOp::create(b, carried[0], max)),
      "correction");
  Value sum =
      arith::AddFOp::create(b, arith::MulFOp::create(b, carried[1], correction),
                            k.named(k.reduceRows(weights), "block_sum"));
  Value output = arith::MulFOp::create(b, carried[2],
                                       k.perRow(correction, tiles.headSize));
  output = k.dot(weights, value, output, false, false);
  return {max, sum, output};
}

LogicalResult llmc::tiling::emitAttention(KernelBuilder &k) {
  auto op = k.only<model::AttentionOp>();
  if (!op)
    return k.error() << "needs exactly one model.attention";
  FailureOr<AttentionTiles> tiles = AttentionTiles::create(k, op);
  if (failed(tiles))
    return failure();
  ImplicitLocOpBuilder &b = k.b;
  b.setLoc(op.getLoc());
  int64_t blockQ = tiles->blockQ, blockK = tiles->blockK;
  int64_t headSize = tiles->headSize;
  FailureOr<AttentionTiles::Place> block = tiles->place();
  if (failed(block))
    return failure();
  Value queryBegin = block->begin;
  Value head = block->head, sequence = block->sequence;
  Value kvHead = k.div(head, tiles->groupSize());
  FailureOr<Value> queryView = tiles->headView(op.getQuery(), sequence, head);
  FailureOr<Value> keyView = tiles->headView(op.getKey(), sequence, kvHead);
  FailureOr<Value> valueView = tiles->headView(op.getValue(), sequence, kvHead);
  if (failed(queryView) || failed(keyView) || failed(valueView))
    return failure();

  Value zero = k.index(0);
  Value query =
      k.loadAsStored(*queryView, {queryBegin, zero}, {blockQ, headSize});
  SmallVector<Value> inits = {tiles->leastExponent(), k.tile({blockQ}, 0),
                              k.tile({blockQ, headSize}, 0)};
  SmallVector<Value> sums = tiles->forEachBlock(
      tiles->keysOf(queryBegin), {"row_max", "row_sum", "acc"}, inits,
      [&](Value keyBegin, bool masked, ValueRange carried) {
        Value key =
            k.loadAsStored(*keyView, {keyBegin, zero}, {blockK, headSize});
        Value value =
            k.loadAsStored(*valueView, {keyBegin, zero}, {blockK, headSize});
        return emitKeyBlock(*tiles, query, key, value, queryBegin, keyBegin,
                            masked, carried);
      });
  Value max = sums[0], sum = sums[1];
  // One division a row.
  Value inverse = k.named(arith::DivFOp::create(b, k.tile({blockQ}, 1), sum),
                          "inverse_sum");
  Value output = arith::MulFOp::create(b, sums[2], k.perRow(inverse, headSize));
  if (Value memref = k.resultOf(op.getOutput())) {
    RowSource place =
        KernelBuilder::rowSource(memref, cast<MemRefType>(memref.getType()));
    k.store(output, tiles->headView(place, sequence, head), {queryBegin, zero});
  }
  Value lse = op.getLse() ? k.resultOf(op.getLse()) : Value();
  if (lse)
    k.store(
        arith::AddFOp::create(
            b,
            arith::MulFOp::create(b, max, k.tile({blockQ}, llvm::numbers::ln2)),
            math::LogOp::create(b, sum)),
        tiles->rowView(lse, sequence, head), queryBegin);
  return success();
}
