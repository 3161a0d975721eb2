//===- AttentionTiles.cpp - what attention's kernels share ----------------===//

#include "compiler/Tiling/Kinds/AttentionTiles.h"

#include "dialects/Model/Model.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

// Finite, so that a row without a visible key in a block gives no NaN; what
// such a block adds is scaled by exp(hidden - max) = 0 at the next. A power of
// two, so that its product with any scale is exact and weights() of such a
// block subtracts equals.
static constexpr double hidden = -0x1p100;

FailureOr<AttentionTiles> AttentionTiles::create(KernelBuilder &k,
                                                 Operation *op, Rows rows) {
  AttentionTiles tiles(k, rows);
  FailureOr<int64_t> blockQ = k.schedule("block_q");
  FailureOr<int64_t> blockK = k.schedule("block_k");
  if (failed(blockQ) || failed(blockK))
    return failure();
  for (Operation &other : k.group())
    if (&other != op && !isa<model::SplitOp, model::SumRowsOp>(other))
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

FailureOr<AttentionTiles::Place> AttentionTiles::place() {
  bool ofQueries = rows == Rows::Queries;
  int64_t extent = ofQueries ? blockQ : blockK;
  int64_t heads = ofQueries ? this->heads : kvHeads;
  int64_t rowBlocks = llvm::divideCeilSigned(positions, extent);
  StringRef name = ofQueries ? "first_query" : "first_key";
  std::optional<int64_t> raster = k.optionalSchedule("raster");
  if (!raster) {
    FailureOr<SmallVector<Value>> block =
        k.blockCoordinates({rowBlocks, heads, batch});
    if (failed(block))
      return failure();
    return Place{k.named(k.mul((*block)[0], extent), name), (*block)[1],
                 (*block)[2]};
  }

  if (heads * batch % *raster)
    return k.error() << "has a 'raster' of " << *raster
                     << " in its schedule, which does not divide the "
                     << heads * batch << " heads of all sequences";
  FailureOr<SmallVector<Value>> block =
      k.blockCoordinates({*raster, rowBlocks, heads * batch / *raster});
  if (failed(block))
    return failure();
  // The last queries see most keys, the first keys are seen by most queries.
  Value rowBlock = (*block)[1];
  if (ofQueries)
    rowBlock =
        k.b.createOrFold<arith::SubIOp>(k.index(rowBlocks - 1), rowBlock);
  Value head =
      k.named(k.add(k.mul((*block)[2], *raster), (*block)[0]), "head_of_all");
  Place place{k.named(k.mul(rowBlock, extent), name), head, k.index(0)};
  if (batch > 1) {
    place.head = k.named(k.rem(head, heads), "head");
    place.sequence = k.named(k.div(head, heads), "sequence");
  }
  return place;
}

Value AttentionTiles::headView(const RowSource &source, Value sequence,
                               Value head) {
  Value offset = k.add(
      k.named(k.mul(sequence, positions * source.rowStride), "sequence_from"),
      k.add(k.named(k.mul(head, headSize), "head_from"),
            k.index(source.columnOffset)));
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
  Value from = k.named(k.mul(row, positions), "rows_from");
  return k.view(memref, {positions}, {1}, OpFoldResult(from));
}

double AttentionTiles::scale() const {
  return 1.0 / std::sqrt(static_cast<double>(headSize));
}

SmallVector<int64_t> AttentionTiles::scoreShape() const {
  if (rows == Rows::Keys)
    return {blockK, blockQ};
  return {blockQ, blockK};
}

Value AttentionTiles::products(Value query, Value key, Value addedTo) {
  if (rows == Rows::Keys)
    std::swap(query, key);
  if (!addedTo)
    addedTo = k.tile(scoreShape(), 0);
  return k.dot(query, key, addedTo, false, true);
}

Value AttentionTiles::perQuery(Value vector) {
  return rows == Rows::Keys ? k.perColumn(vector, blockK)
                            : k.perRow(vector, blockK);
}

Value AttentionTiles::scores(Value query, Value key, Value queryBegin,
                             Value keyBegin, bool masked) {
  ImplicitLocOpBuilder &b = k.b;
  SmallVector<int64_t> shape = scoreShape();
  int64_t queryAxis = rows == Rows::Queries ? 0 : 1;
  Value scores = k.named(products(query, key), "scores");
  if (!masked)
    return scores;
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
  return k.named(
      arith::SelectOp::create(b, visible, scores, k.tile(shape, hidden)),
      "visible");
}

Value AttentionTiles::leastExponent() { return k.tile({blockQ}, hidden); }

static Value times(KernelBuilder &k, Value tile, double factor) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(tile.getType()).getShape();
  return arith::MulFOp::create(k.b, tile, k.tile(shape, factor));
}

Value AttentionTiles::scaled(Value tile) { return times(k, tile, scale()); }

Value AttentionTiles::exponentOf(Value scores) {
  return times(k, scores, scale() * llvm::numbers::log2e);
}

Value AttentionTiles::weights(Value scores, Value subtracted) {
  ImplicitLocOpBuilder &b = k.b;
  Value factor = k.tile(scoreShape(), scale() * llvm::numbers::log2e);
  Value negative = arith::NegFOp::create(b, subtracted);
  Value exponent = math::FmaOp::create(b, scores, factor, perQuery(negative));
  return k.named(math::Exp2Op::create(b, exponent), "weights");
}

//===----------------------------------------------------------------------===//
// Blocks that a block sees
//===----------------------------------------------------------------------===//

Value AttentionTiles::clamp(Value x, Value least, Value most) {
  x = k.b.createOrFold<arith::MaxUIOp>(x, least);
  return k.b.createOrFold<arith::MinUIOp>(x, most);
}

Value AttentionTiles::difference(Value x, int64_t y) {
  Value least = k.b.createOrFold<arith::MaxUIOp>(x, k.index(y));
  return k.b.createOrFold<arith::SubIOp>(least, k.index(y));
}

Value AttentionTiles::roundDown(Value x, int64_t step) {
  return k.mul(k.div(x, step), step);
}

Value AttentionTiles::roundUp(Value x, int64_t step) {
  return roundDown(k.add(x, k.index(step - 1)), step);
}

// Query i sees the keys i - window + 1 to i. So key block [j, j + block_k) is
// seen in full by queries [i, i + block_q) where its last key is at most i, and
// its first at least i + block_q - window.
// There is none if the window is less than one of each, less one.
bool AttentionTiles::hasFullBlocks() const {
  return !window || window >= blockQ + blockK - 1;
}

AttentionTiles::Blocks AttentionTiles::keysOf(Value queryBegin) {
  Value end = k.add(queryBegin, k.index(blockQ));
  Blocks keys;
  keys.step = blockK;
  keys.name = "key";
  keys.end = k.b.createOrFold<arith::MinUIOp>(end, k.index(positions));
  // A multiple of both: nothing to round.
  keys.fullEnd = blockQ % blockK == 0 && blockK > 1
                     ? queryBegin
                     : roundDown(k.add(queryBegin, k.index(1)), blockK);
  keys.begin = keys.fullBegin = k.index(0);
  if (window) {
    keys.begin = roundDown(difference(queryBegin, window - 1), blockK);
    keys.fullBegin = clamp(roundUp(difference(end, window), blockK), keys.begin,
                           keys.fullEnd);
  }
  if (!hasFullBlocks())
    keys.fullBegin = keys.fullEnd = keys.begin;
  k.named(keys.end, "end_key");
  return keys;
}

// The same from the other side: query block [i, i + block_q) sees keys [j, j +
// block_k) in full where i is at least the last key, and its last query less
// than j + window.
AttentionTiles::Blocks AttentionTiles::queriesOf(Value keyBegin) {
  ImplicitLocOpBuilder &b = k.b;
  Blocks queries;
  queries.step = blockQ;
  queries.name = "query";
  queries.begin = roundDown(keyBegin, blockQ);
  queries.end = k.index(positions);
  if (window)
    queries.end = b.createOrFold<arith::MinUIOp>(
        k.add(keyBegin, k.index(blockK + window - 1)), queries.end);
  queries.fullBegin = b.createOrFold<arith::MinUIOp>(
      roundUp(k.add(keyBegin, k.index(blockK - 1)), blockQ), queries.end);
  queries.fullEnd = queries.end;
  if (window)
    queries.fullEnd = clamp(roundDown(k.add(keyBegin, k.index(window)), blockQ),
                            queries.fullBegin, queries.end);
  if (!hasFullBlocks())
    queries.fullBegin = queries.fullEnd = queries.begin;
  return queries;
}

SmallVector<Value> AttentionTiles::forEachBlock(const Blocks &blocks,
                                                ArrayRef<StringRef> names,
                                                ValueRange inits,
                                                BlockBody body) {
  SmallVector<Value> carried(inits);
  auto emitLoop = [&](Value begin, Value end, bool masked) {
    if (isEqualConstantIntOrValue(begin, end))
      return;
    auto loop =
        scf::ForOp::create(k.b, begin, end, k.index(blocks.step), carried);
    k.setName(loop, blocks.name);
    k.nameCarried(loop, names);
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPointToStart(loop.getBody());
    SmallVector<Value> next =
        body(loop.getInductionVar(), masked, loop.getRegionIterArgs());
    scf::YieldOp::create(k.b, next);
    llvm::copy(loop.getResults(), carried.begin());
  };
  emitLoop(blocks.begin, blocks.fullBegin, /*masked=*/true);
  emitLoop(blocks.fullBegin, blocks.fullEnd, /*masked=*/false);
  emitLoop(blocks.fullEnd, blocks.end, /*masked=*/true);
  return carried;
}
