//===- Embedding.cpp - gradient of the token embedding --------------------===//
//
// Block i is token position i. It does nothing if an earlier position holds
// the same token; else it sums the gradient rows of all positions from i on
// that hold it, in order, and adds them to the token's row of the storage. So
// every row has one writer and one order, without atomics.
//
// Tokens are looked at in chunks, all of one at once: a block's time is that of
// its rows, not of the tokens between them.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/Kinds/Kinds.h"
#include "compiler/Tiling/SquareSums.h"

#include "dialects/Model/Model.h"
#include "dialects/Train/Train.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

/// Tokens that are looked at at a time.
static constexpr int64_t kChunk = 1024;

namespace {
/// The positions that hold one token.
struct TokenSearch {
  KernelBuilder &k;
  Value tokens; // [positions]
  int64_t positions, chunk;
  Value token; // i32

  TokenSearch(KernelBuilder &k, Value tokens, int64_t positions, Value token)
      : k(k), tokens(tokens), positions(positions),
        chunk(std::min<int64_t>(kChunk, llvm::PowerOf2Ceil(positions))),
        token(token) {}

  Type i32() { return k.b.getI32Type(); }
  RankedTensorType type() { return RankedTensorType::get({chunk}, i32()); }
  Value integer(int64_t value) {
    return arith::ConstantOp::create(k.b, k.b.getI32IntegerAttr(value));
  }
  Value splat(Value scalar) {
    return tile::SplatOp::create(k.b, type(), scalar);
  }
  Value constant(int64_t value) {
    return arith::ConstantOp::create(
        k.b, DenseElementsAttr::get(type(), static_cast<int32_t>(value)));
  }
  Value number(Value position) {
    return arith::IndexCastOp::create(k.b, i32(), position);
  }
  Value compare(arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(k.b, predicate, x, y);
  }
  Value both(Value x, Value y) { return arith::AndIOp::create(k.b, x, y); }
  /// [chunk] from `begin` on: whether the token stands there.
  Value matches(Value begin) {
    return compare(arith::CmpIPredicate::eq,
                   k.loadAsStored(tokens, begin, {chunk}), splat(token));
  }
  /// An i32 of the positions where `condition` holds, 0 elsewhere.
  Value reduce(Value condition, Value value, tile::ReduceKind kind) {
    Value chosen = arith::SelectOp::create(k.b, condition, value, constant(0));
    return tile::ItemOp::create(k.b, i32(), k.reduceAxis(chosen, 0, kind));
  }

  Value isSeenBefore(Value position);
  Value sumRows(const RowSource &grad, Value position);
};
} // namespace

/// Whether one of the positions before `position` holds the token.
Value TokenSearch::isSeenBefore(Value position) {
  auto loop = scf::ForOp::create(k.b, k.index(0), position, k.index(chunk),
                                 constant(0));
  k.setName(loop, "chunk");
  k.nameCarried(loop, {"seen"});
  {
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPointToStart(loop.getBody());
    Value begin = loop.getInductionVar();
    Value before = compare(arith::CmpIPredicate::slt, k.iota(begin, {chunk}, 0),
                           splat(number(position)));
    Value seen = arith::SelectOp::create(k.b, both(matches(begin), before),
                                         constant(1), loop.getRegionIterArg(0));
    scf::YieldOp::create(k.b, seen);
  }
  Value any = k.reduceAxis(loop.getResult(0), 0, tile::ReduceKind::Max);
  return compare(arith::CmpIPredicate::ne,
                 tile::ItemOp::create(k.b, i32(), any), integer(0));
}

/// The sum of the gradient rows of the token's positions from `position` on.
Value TokenSearch::sumRows(const RowSource &grad, Value position) {
  ImplicitLocOpBuilder &b = k.b;
  Value gradView = k.flatView(grad.memref);
  Value begin = k.mul(k.div(position, chunk), chunk);
  auto chunks = scf::ForOp::create(b, begin, k.index(positions), k.index(chunk),
                                   k.tile({grad.columns}, 0));
  k.setName(chunks, "chunk");
  k.nameCarried(chunks, {"row_grad"});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(chunks.getBody());
  Value at = chunks.getInductionVar();
  Value places = k.iota(at, {chunk}, 0);
  // None stands before `position`. Beyond the last token there are zeros, which
  // may be tokens, too.
  Value own = both(matches(at), compare(arith::CmpIPredicate::slt, places,
                                        constant(positions)));
  Value count = arith::IndexCastOp::create(
      b, b.getIndexType(), reduce(own, constant(1), tile::ReduceKind::Add));
  auto rows =
      scf::ForOp::create(b, k.index(0), count, k.index(1),
                         ValueRange{chunks.getRegionIterArg(0), number(at)});
  k.setName(rows, "found");
  k.nameCarried(rows, {"row_grad", "from"});
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(rows.getBody());
    // The nearest of those that are left has the most positions behind it.
    Value left = both(own, compare(arith::CmpIPredicate::sge, places,
                                   splat(rows.getRegionIterArg(1))));
    Value most =
        reduce(left, arith::SubIOp::create(b, constant(positions), places),
               tile::ReduceKind::Max);
    Value next = arith::SubIOp::create(b, integer(positions), most);
    Value row = arith::IndexCastOp::create(b, b.getIndexType(), next);
    Value added = k.load(gradView, k.mul(row, grad.columns), {grad.columns});
    Value sum = arith::AddFOp::create(b, rows.getRegionIterArg(0), added);
    scf::YieldOp::create(
        b, ValueRange{sum, arith::AddIOp::create(b, next, integer(1))});
  }
  scf::YieldOp::create(b, rows.getResult(0));
  return chunks.getResult(0);
}

LogicalResult llmc::tiling::emitEmbeddingGrad(KernelBuilder &k) {
  auto op = k.only<model::EmbeddingGradOp>();
  auto accumulate = k.only<train::AccumulateOp>();
  if (!op || llvm::range_size(k.group()) != (accumulate ? 2 : 1))
    return k.error() << "needs one model.embedding_grad and its accumulation";
  if (!accumulate || !k.returned().empty() ||
      accumulate.getValue() != op.getOutput() || accumulate.getFirst())
    return op.emitOpError("must be added to storage: its result, or the first "
                          "term of a sum, would need zeros in the rows of all "
                          "other tokens");
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
  k.setName(token.getDefiningOp(), "token");
  TokenSearch search(k, tokens, grad.rows, token);
  Value yes = arith::ConstantOp::create(b, b.getBoolAttr(true));
  Value first = arith::XOrIOp::create(b, search.isSeenBefore(position), yes);
  auto branch = scf::IfOp::create(b, first, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  Value sum = search.sumRows(grad, position);
  Value row = arith::IndexCastOp::create(b, b.getIndexType(), token);
  Value stored = k.accumulate(sum, k.flatView(storage),
                              k.named(k.mul(row, grad.columns), "row_from"),
                              /*first=*/false);
  return replaceRowSquares(k, accumulate, stored, row);
}
