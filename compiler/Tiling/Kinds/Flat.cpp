//===- Flat.cpp - kernels over all parameters as one dimension ------------===//

#include "compiler/Tiling/Kinds/Kinds.h"

#include "dialects/Train/Train.h"
#include "runtime/abi/ProgramAbi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

/// Partial sum p covers a range of consecutive blocks; all ranges but the last
/// ones have the same length. What lies beyond the end loads as 0.
static LogicalResult emitSumOfSquares(KernelBuilder &k,
                                      train::SumOfSquaresOp op, int64_t block) {
  ImplicitLocOpBuilder &b = k.b;
  b.setLoc(op.getLoc());
  Value input = k.argument(op.getInput());
  Value squares = k.argument(op.getSquares());
  if (!input || !squares)
    return op.emitOpError("operands must be arguments of the kernel");
  int64_t elements = cast<MemRefType>(input.getType()).getNumElements();
  int64_t partials = cast<MemRefType>(squares.getType()).getNumElements();
  int64_t range =
      llvm::alignTo(llvm::divideCeilSigned(elements, partials), block);
  FailureOr<SmallVector<Value>> place = k.blockCoordinates({partials});
  if (failed(place))
    return failure();
  Value view = k.flatView(input);
  Value begin = k.mul(place->front(), range);
  Value end = b.createOrFold<arith::MinUIOp>(k.add(begin, k.index(range)),
                                             k.index(elements));
  auto loop =
      scf::ForOp::create(b, begin, end, k.index(block), k.tile({block}, 0));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value x = k.load(view, loop.getInductionVar(), {block});
    Value sum = arith::AddFOp::create(b, loop.getRegionIterArg(0),
                                      arith::MulFOp::create(b, x, x));
    scf::YieldOp::create(b, sum);
  }
  k.store(k.reduceAxis(loop.getResult(0), 0, tile::ReduceKind::Add),
          k.flatView(squares), place->front());
  return success();
}

namespace {
/// AdamW on one block of elements (Loshchilov and Hutter 2019, algorithm 2);
/// train.adamw states the formula.
struct AdamWBlock {
  KernelBuilder &k;
  Value hyper;
  int64_t block;
  Value place; // null where elements count from 0

  Value scalar(LlmcHyper field) {
    Value value = k.loadScalar(hyper, k.index(field));
    k.setName(value.getDefiningOp(), nameOf(field));
    return value;
  }
  static std::string nameOf(LlmcHyper field) {
#define LLMC_NAME(name) #name,
    static constexpr const char *names[] = {LLMC_HYPER_FIELDS(LLMC_NAME)};
#undef LLMC_NAME
    return llvm::convertToSnakeFromCamelCase(names[field]);
  }
  Value spread(Value scalar) { return k.splat(scalar, {block}); }
  Value add(Value x, Value y) { return arith::AddFOp::create(k.b, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(k.b, x, y); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(k.b, x, y); }
  Value div(Value x, Value y) { return arith::DivFOp::create(k.b, x, y); }

  /// gradient_scale * min(1, clip / norm), without the second factor when clip
  /// is 0.
  Value gradientFactor(Value norm) {
    Value one = k.scalar(1), clip = scalar(LlmcHyperClip);
    Value off = arith::CmpFOp::create(k.b, arith::CmpFPredicate::OEQ, clip,
                                      k.scalar(0));
    Value within =
        arith::CmpFOp::create(k.b, arith::CmpFPredicate::OLE, norm, clip);
    Value keep = arith::OrIOp::create(k.b, off, within);
    Value factor = arith::SelectOp::create(k.b, keep, one, div(clip, norm));
    return mul(scalar(LlmcHyperGradientScale), factor);
  }

  /// beta * average + (1 - beta) * value
  Value average(LlmcHyper betaField, Value before, Value value) {
    Value beta = scalar(betaField);
    return add(mul(spread(beta), before),
               mul(spread(sub(k.scalar(1), beta)), value));
  }

  /// The weight decay of each element: that of `hyper` below `decayElements`,
  /// else 0. Positions count from the block's begin, since all elements of a
  /// large model do not fit i32.
  Value decay(Value begin, int64_t decayElements) {
    Value limit = k.index(decayElements);
    Value left = arith::SubIOp::create(
        k.b, arith::MaxUIOp::create(k.b, limit, begin), begin);
    left = arith::MinUIOp::create(k.b, left, k.index(block));
    Value count = arith::IndexCastOp::create(k.b, k.b.getI32Type(), left);
    Value decays = arith::CmpIOp::create(k.b, arith::CmpIPredicate::slt,
                                         k.iota(k.index(0), {block}, 0),
                                         k.splat(count, {block}));
    return arith::SelectOp::create(
        k.b, decays, spread(scalar(LlmcHyperWeightDecay)), k.tile({block}, 0));
  }

  //===--- stochastic rounding to bf16 ------------------------------------===//

  /// An i32 for `like`, a scalar or a tile.
  Value bits(uint32_t value, Value like) {
    Value number = arith::ConstantIntOp::create(k.b, k.b.getI32Type(),
                                                static_cast<int32_t>(value));
    return isa<RankedTensorType>(like.getType()) ? spread(number) : number;
  }
  Value bitAnd(Value x, uint32_t mask) {
    return arith::AndIOp::create(k.b, x, bits(mask, x));
  }

  /// A bijection of 32 bits whose every output bit depends on all input bits
  /// about equally: two rounds of xorshift and multiplication with Chris
  /// Wellons's constants (nullprogram.com/blog/2018/07/31, "lowbias32").
  Value mix(Value x) {
    auto fold = [&](unsigned shift) {
      Value high = arith::ShRUIOp::create(k.b, x, bits(shift, x));
      x = arith::XOrIOp::create(k.b, x, high);
    };
    fold(16);
    x = arith::MulIOp::create(k.b, x, bits(0x7feb352d, x));
    fold(15);
    x = arith::MulIOp::create(k.b, x, bits(0x846ca68b, x));
    fold(16);
    return x;
  }

  /// mix(index ^ mix(step)): 32 random bits an element, the same whenever this
  /// step is done again. Indices count from the place, modulo 2^32. Each
  /// `stream` has others: what stream 0 has, mixed with a number once more.
  Value randomBits(Value begin, uint32_t stream) {
    Type i32 = k.b.getI32Type();
    Value step = mix(arith::FPToSIOp::create(k.b, i32, scalar(LlmcHyperStep)));
    Value first = arith::IndexCastOp::create(k.b, i32, begin);
    if (place) {
      Value at = k.loadScalar(place, k.index(0));
      k.setName(at.getDefiningOp(), "first_index");
      first = arith::AddIOp::create(k.b, first, at);
    }
    Value index = arith::AddIOp::create(k.b, k.iota(k.index(0), {block}, 0),
                                        spread(first));
    Value random = mix(arith::XOrIOp::create(k.b, index, spread(step)));
    if (stream == 0)
      return random;
    // Multiples of the golden ratio differ in many bits.
    return mix(
        arith::XOrIOp::create(k.b, random, bits(stream * 0x9e3779b9u, random)));
  }

  /// `value` with the 16 bits that bf16 has no room for at 0. Adding a number
  /// of [0, 2^16) to them carries with the probability of what they stand for,
  /// so that the mean is `value`. What is not finite stays.
  Value roundStochastically(Value value, Value begin, uint32_t stream) {
    auto type = cast<RankedTensorType>(value.getType());
    Value pattern =
        arith::BitcastOp::create(k.b, type.clone(k.b.getI32Type()), value);
    Value raised = arith::AddIOp::create(
        k.b, pattern, bitAnd(randomBits(begin, stream), 0xffff));
    Value rounded =
        arith::BitcastOp::create(k.b, type, bitAnd(raised, 0xffff0000));
    constexpr uint32_t exponent = 0x7f800000;
    Value isFinite = arith::CmpIOp::create(k.b, arith::CmpIPredicate::ne,
                                           bitAnd(pattern, exponent),
                                           bits(exponent, pattern));
    return arith::SelectOp::create(k.b, isFinite, rounded, value);
  }
};
} // namespace

/// The first element of this block of `block` of all of `memref`.
static FailureOr<Value> beginOfBlock(KernelBuilder &k, Value memref,
                                     int64_t block) {
  int64_t elements = cast<MemRefType>(memref.getType()).getNumElements();
  FailureOr<SmallVector<Value>> place =
      k.blockCoordinates({llvm::divideCeilSigned(elements, block)});
  if (failed(place))
    return failure();
  return k.mul(place->front(), block);
}

static LogicalResult emitAdamW(KernelBuilder &k, train::AdamWOp op,
                               int64_t block) {
  ImplicitLocOpBuilder &b = k.b;
  b.setLoc(op.getLoc());
  SmallVector<Value> memrefs;
  for (Value operand : op->getOperands()) {
    memrefs.push_back(k.argument(operand));
    if (!memrefs.back())
      return op.emitOpError("operands must be arguments of the kernel");
  }
  FailureOr<Value> blockBegin = beginOfBlock(k, memrefs[0], block);
  if (failed(blockBegin))
    return failure();
  Value begin = *blockBegin;
  SmallVector<Value> views;
  for (Value memref : ArrayRef(memrefs).take_front(4))
    views.push_back(k.flatView(memref));
  AdamWBlock a{k, memrefs[5], block,
               op.getPlace() ? k.argument(op.getPlace()) : Value()};

  Value factor = a.gradientFactor(k.loadScalar(memrefs[4], {}));
  Value parameter = k.load(views[0], begin, {block});
  Value gradient = a.mul(k.load(views[1], begin, {block}), a.spread(factor));
  Value moment1 =
      a.average(LlmcHyperBeta1, k.load(views[2], begin, {block}), gradient);
  Value moment2 = a.average(LlmcHyperBeta2, k.load(views[3], begin, {block}),
                            a.mul(gradient, gradient));
  Value mean = a.div(moment1, a.spread(a.scalar(LlmcHyperCorrection1)));
  Value square = a.div(moment2, a.spread(a.scalar(LlmcHyperCorrection2)));
  Value root = a.add(math::SqrtOp::create(b, square),
                     a.spread(a.scalar(LlmcHyperEpsilon)));
  Value step =
      a.add(a.div(mean, root),
            a.mul(a.decay(begin, static_cast<int64_t>(op.getDecayElements())),
                  parameter));
  Value updated =
      a.sub(parameter, a.mul(a.spread(a.scalar(LlmcHyperLearningRate)), step));
  if (op.getStochastic())
    updated = a.roundStochastically(updated, begin, /*stream=*/0);
  // After the step, which takes them as they were computed.
  if (getElementTypeOrSelf(memrefs[2].getType()).isBF16()) {
    moment1 = a.roundStochastically(moment1, begin, /*stream=*/1);
    moment2 = a.roundStochastically(moment2, begin, /*stream=*/2);
  }
  k.store(updated, views[0], begin);
  k.store(moment1, views[2], begin);
  k.store(moment2, views[3], begin);
  // Rounded to nearest even.
  if (op.getCompute())
    k.store(updated, k.flatView(k.argument(op.getCompute())), begin);
  return success();
}

/// storage = value, or storage += value.
static LogicalResult emitStore(KernelBuilder &k, Operation *op, Value value,
                               Value storage, bool adds, int64_t block) {
  k.b.setLoc(op->getLoc());
  Value input = k.argument(value);
  storage = k.argument(storage);
  if (!input || !storage)
    return op->emitOpError("operands must be arguments of the kernel");
  FailureOr<Value> begin = beginOfBlock(k, input, block);
  if (failed(begin))
    return failure();
  Value view = k.flatView(storage);
  Value sum = adds ? k.load(view, *begin, {block}) : Value();
  Value loaded = k.load(k.flatView(input), *begin, {block});
  if (adds)
    loaded = arith::AddFOp::create(k.b, sum, loaded);
  k.store(loaded, view, *begin);
  return success();
}

static LogicalResult emitZero(KernelBuilder &k, train::ZeroOp op,
                              int64_t block) {
  k.b.setLoc(op.getLoc());
  Value storage = k.argument(op.getStorage());
  if (!storage)
    return op.emitOpError("the operand must be an argument of the kernel");
  FailureOr<Value> begin = beginOfBlock(k, storage, block);
  if (failed(begin))
    return failure();
  k.store(k.tile({block}, 0), k.flatView(storage), *begin);
  return success();
}

LogicalResult llmc::tiling::emitFlat(KernelBuilder &k) {
  FailureOr<int64_t> block = k.schedule("block");
  if (failed(block))
    return failure();
  if (llvm::hasSingleElement(k.group())) {
    Operation *op = &*k.group().begin();
    if (auto sum = dyn_cast<train::SumOfSquaresOp>(op))
      return emitSumOfSquares(k, sum, *block);
    if (auto adamw = dyn_cast<train::AdamWOp>(op))
      return emitAdamW(k, adamw, *block);
    if (auto round = dyn_cast<train::RoundOp>(op))
      return emitStore(k, op, round.getValue(), round.getStorage(),
                       /*adds=*/false, *block);
    if (auto add = dyn_cast<train::AddOp>(op))
      return emitStore(k, op, add.getValue(), add.getStorage(),
                       /*adds=*/!add.getFirst(), *block);
    if (auto zero = dyn_cast<train::ZeroOp>(op))
      return emitZero(k, zero, *block);
  }
  return k.error() << "needs exactly one train.sum_of_squares, train.adamw, "
                      "train.round, train.add or train.zero";
}
