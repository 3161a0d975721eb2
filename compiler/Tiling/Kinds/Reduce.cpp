//===- Reduce.cpp - kernels that give one number --------------------------===//
//
// One block sums all elements, `block` at a time, in a fixed order.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/Kinds/Kinds.h"

#include "dialects/Model/Model.h"
#include "dialects/Train/Train.h"
#include "runtime/abi/ProgramAbi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

/// The sum of all elements of `memref`, which are zero afterwards if `clear`:
/// [1].
static Value emitSum(KernelBuilder &k, Value memref, int64_t block,
                     bool clear) {
  int64_t elements = cast<MemRefType>(memref.getType()).getNumElements();
  Value view = k.flatView(memref);
  auto loop = scf::ForOp::create(k.b, k.index(0), k.index(elements),
                                 k.index(block), k.tile({block}, 0));
  {
    OpBuilder::InsertionGuard guard(k.b);
    k.b.setInsertionPointToStart(loop.getBody());
    Value x = k.load(view, loop.getInductionVar(), {block});
    if (clear)
      k.store(k.tile({block}, 0), view, loop.getInductionVar());
    Value sum = arith::AddFOp::create(k.b, loop.getRegionIterArg(0), x);
    scf::YieldOp::create(k.b, sum);
  }
  return k.reduceAxis(loop.getResult(0), 0, tile::ReduceKind::Add);
}

LogicalResult llmc::tiling::emitReduce(KernelBuilder &k) {
  auto mean = k.only<model::MeanOp>();
  auto norm = k.only<train::NormOp>();
  if (bool(mean) == bool(norm) || !llvm::hasSingleElement(k.group()))
    return k.error() << "needs exactly one model.mean or train.norm";
  Operation *op = mean ? mean.getOperation() : norm.getOperation();
  ImplicitLocOpBuilder &b = k.b;
  b.setLoc(op->getLoc());
  FailureOr<int64_t> block = k.schedule("block");
  Value input = k.argument(op->getOperand(0));
  Value result = k.resultOf(op->getResult(0));
  if (failed(block) || failed(k.blockCoordinates({})))
    return failure();
  if (!input || !result)
    return op->emitOpError("input must be an argument of the kernel, output "
                           "its result");

  Value sum = emitSum(k, input, *block, norm && norm.getClear());
  Value value;
  if (mean) {
    int64_t elements = cast<MemRefType>(input.getType()).getNumElements();
    value = arith::DivFOp::create(b, sum, k.tile({1}, elements));
  } else {
    Value hyper = k.argument(norm.getHyper());
    Value scale =
        k.splat(k.loadScalar(hyper, k.index(LlmcHyperGradientScale)), {1});
    value = arith::MulFOp::create(b, math::SqrtOp::create(b, sum), scale);
  }
  k.store(value, k.flatView(result), k.index(0));
  return success();
}
