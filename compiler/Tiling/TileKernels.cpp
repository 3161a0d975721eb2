//===- TileKernels.cpp - turn each kernel into a tile program -------------===//
//
// See Passes.td for the IR before and after. The kind decides which emitter
// builds the loops; the emitters ask the rule table what each op of the group
// does to a tile.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/Kinds/Kinds.h"
#include "compiler/Tiling/Passes.h"
#include "compiler/Tiling/TileColumns.h"

#include "dialects/Model/Model.h"
#include "dialects/Tile/Tile.h"
#include "dialects/Train/Train.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"
#include "llvm/ADT/StringSwitch.h"

namespace llmc {
#define GEN_PASS_DEF_TILEKERNELS
#include "compiler/Tiling/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

namespace {
using Emitter = LogicalResult (*)(KernelBuilder &);

Emitter emitterOf(StringRef kind) {
  return llvm::StringSwitch<Emitter>(kind)
      .Case("gemm", emitGemm)
      .Case("rows", emitRows)
      .Case("attention", emitAttention)
      .Case("attention_query_grad", emitAttentionQueryGrad)
      .Case("attention_key_value_grad", emitAttentionKeyValueGrad)
      .Case("embedding_grad", emitEmbeddingGrad)
      .Case("flat", emitFlat)
      .Case("reduce", emitReduce)
      .Case("column_sum", emitColumnSum)
      .Default(nullptr);
}

/// What an emitter relies on: static shapes throughout.
LogicalResult verifyInput(tile::FuncOp func) {
  WalkResult result = func.walk([&](Operation *op) {
    for (Type type : llvm::concat<const Type>(op->getOperandTypes(),
                                              op->getResultTypes())) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor || tensor.hasStaticShape())
        continue;
      op->emitOpError("needs static shapes before Tiling, found ") << tensor;
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult tileKernel(tile::FuncOp func) {
  StringRef kind = func.getKind().value_or("");
  Emitter emitter = emitterOf(kind);
  if (!emitter)
    return func.emitOpError("is of kind '")
           << kind << "', which Tiling has no emitter for";
  if (failed(verifyInput(func)))
    return failure();
  KernelBuilder k(func);
  if (failed(emitter(k)))
    return failure();
  std::optional<int64_t> part = k.optionalSchedule("block_columns");
  k.finish();
  // Rules load and compute what they need, each for itself.
  IRRewriter rewriter(func.getContext());
  DominanceInfo dominance(func);
  eliminateCommonSubExpressions(rewriter, dominance, func);
  return part ? tileColumns(func, *part) : success();
}

struct TileKernelsPass : llmc::impl::TileKernelsBase<TileKernelsPass> {
  using TileKernelsBase::TileKernelsBase;

  void runOnOperation() override {
    for (auto func : getOperation().getOps<tile::FuncOp>())
      if (failed(tileKernel(func)))
        return signalPassFailure();
    WalkResult result = getOperation().walk([](Operation *op) {
      if (!isa_and_present<model::ModelDialect, train::TrainDialect>(
              op->getDialect()))
        return WalkResult::advance();
      op->emitOpError("must not be left after Tiling");
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
