//===- AttentionTiles.cpp - what attention's kernels share ----------------===//

#include "compiler/Tiling/Kinds/AttentionTiles.h"

#include "dialects/Model/Model.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

// Finite, so that a row without a visible key in a block gives no NaN; what
// such a block adds is scaled by exp(-1e30 - max) = 0 at the next.
static constexpr double hidden = -1e30;

FailureOr<AttentionTiles> AttentionTiles::create(KernelBuilder &k,
                                                 Operation *op, Rows rows) {
  AttentionTiles tiles(k, rows);
  FailureOr<int64_t> blockQ = k.schedule("block_q");
  FailureOr<int64_t> blockK = k.schedule("block_k");
  if (failed(blockQ) || failed(blockK))
    return failure();
  for (Operation &other : k.group())
    if (&other != op && !isa<model::SplitOp>(other))
      return other.emitOpError("cannot be computed in a kernel of kind '")
             << k.func.getKind().value_or("") << "'";
  auto integer = [&](StringRef name) -> int64_t {
    auto attribute = op->getAttrOfType<IntegerAttr>(name);
    return attribute ? attribute.getInt() : 0;
  };
  auto query = cast<RankedTensorType>(op->getOperand(0).getType());
  tiles.batch = query.getDimSize(0);
  tiles.positions = query.getDimSize(1);
  tiles.heads = integer("heads");
  tiles.kvHeads = integer("kv_heads");
  tiles.headSize = query.getDimSize(2) / tiles.heads;
  tiles.window = integer("window");
  tiles.blockQ = *blockQ;
  tiles.blockK = *blockK;
  return tiles;
}

Value AttentionTiles::headView(const RowSource &source, Value sequence,
                               Value head) {
  Value offset =
      k.add(k.mul(sequence, positions * source.rowStride),
            k.add(k.mul(head, headSize), k.index(source.columnOffset)));
  return k.view(source.memref, {positions, headSize}, {source.rowStride, 1},
                OpFoldResult(offset));
}

FailureOr<Value> AttentionTiles::headView(Value tensor, Value sequence,
                                          Value head) {
  FailureOr<RowSource> source = k.rowSource(tensor);
  if (failed(source))
    return k.error() << "computes an operand of its attention; it must be an "
                        "argument or a part of one";
  return headView(*source, sequence, head);
}

Value AttentionTiles::rowView(Value memref, Value sequence, Value head) {
  Value row = k.add(k.mul(sequence, heads), head);
  return k.view(memref, {positions}, {1}, OpFoldResult(k.mul(row, positions)));
}

double AttentionTiles::scale() const {
  return 1.0 / std::sqrt(static_cast<double>(headSize));
}

SmallVector<int64_t> AttentionTiles::scoreShape() const {
  if (rows == Rows::Keys)
    return {blockK, blockQ};
  return {blockQ, blockK};
}

Value AttentionTiles::products(Value query, Value key) {
  if (rows == Rows::Keys)
    std::swap(query, key);
  return k.dot(query, key, k.tile(scoreShape(), 0), false, true);
}

Value AttentionTiles::perQuery(Value vector) {
  return rows == Rows::Keys ? k.perColumn(vector, blockK)
                            : k.perRow(vector, blockK);
}

Value AttentionTiles::scores(Value query, Value key, Value queryBegin,
                             Value keyBegin) {
  ImplicitLocOpBuilder &b = k.b;
  SmallVector<int64_t> shape = scoreShape();
  int64_t queryAxis = rows == Rows::Queries ? 0 : 1;
  Value scaled =
      arith::MulFOp::create(b, products(query, key), k.tile(shape, scale()));
  Value queries = k.iota(queryBegin, shape, queryAxis);
  Value keys = k.iota(keyBegin, shape, 1 - queryAxis);
  Value visible =
      arith::CmpIOp::create(b, arith::CmpIPredicate::sle, keys, queries);
  if (window) {
    auto type = RankedTensorType::get(shape, b.getI32Type());
    Value limit = arith::ConstantOp::create(
        b, DenseElementsAttr::get(type, static_cast<int32_t>(window)));
    Value near =
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt,
                              arith::SubIOp::create(b, queries, keys), limit);
    visible = arith::AndIOp::create(b, visible, near);
  }
  return arith::SelectOp::create(b, visible, scaled, k.tile(shape, hidden));
}

Value AttentionTiles::atMostPositions(Value end) {
  return k.b.createOrFold<arith::MinUIOp>(end, k.index(positions));
}

Value AttentionTiles::firstKey(Value queryBegin) {
  if (!window)
    return k.index(0);
  // max(queryBegin - window + 1, 0), rounded down to whole blocks.
  Value reach = k.index(window - 1);
  Value capped = arith::MaxUIOp::create(k.b, queryBegin, reach);
  Value first = arith::SubIOp::create(k.b, capped, reach);
  return k.mul(k.div(first, blockK), blockK);
}

Value AttentionTiles::endKey(Value queryBegin) {
  return atMostPositions(k.add(queryBegin, k.index(blockQ)));
}

Value AttentionTiles::firstQuery(Value keyBegin) {
  return k.mul(k.div(keyBegin, blockQ), blockQ);
}

Value AttentionTiles::endQuery(Value keyBegin) {
  if (!window)
    return k.index(positions);
  return atMostPositions(k.add(keyBegin, k.index(blockK + window - 1)));
}
