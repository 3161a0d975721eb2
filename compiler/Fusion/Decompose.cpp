//===- Decompose.cpp - ops become steps that are kernels ------------------===//
//
// Before:  %s = model.sum_rows %x : [4,64,768] -> [768]
// After:   %p = model.sum_rows %x {splits = 64} : [4,64,768] -> [64,768]
//          %s = model.sum_rows %p : [64,768] -> [768]
//
// and in the same manner the other ops that need more than one kernel.
//
//===----------------------------------------------------------------------===//

#include "compiler/Fusion/FusionOpInterface.h"
#include "compiler/Fusion/Passes.h"
#include "compiler/Support/Divisors.h"
#include "dialects/Model/Model.h"
#include "dialects/Train/Train.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace llmc {
#define GEN_PASS_DEF_DECOMPOSE
#include "compiler/Fusion/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;
using namespace llmc::model;

/// What is left of a sum over rows when its partial sums, [splits, C], are
/// computed.
static void replaceBySumOf(PatternRewriter &rewriter, Operation *op,
                           Value partials) {
  rewriter.replaceOpWithNewOp<SumRowsOp>(op, op->getResult(0).getType(),
                                         partials, /*splits=*/nullptr);
}

namespace {
/// Sums over rows, whose attribute `splits` asks for partial sums.
template <typename SumOp> struct SplitRowSum : OpRewritePattern<SumOp> {
  SplitRowSum(MLIRContext *context, int64_t maxSplits)
      : OpRewritePattern<SumOp>(context), maxSplits(maxSplits) {}

  LogicalResult matchAndRewrite(SumOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    if (op.getSplits() || !type.hasStaticShape())
      return failure();
    int64_t rows = getRowCount(type);
    // A plain sum over few rows is the last step itself.
    if (std::is_same_v<SumOp, SumRowsOp> && type.getRank() == 2 &&
        rows <= maxSplits)
      return failure();
    int64_t splits = getLargestDivisor(rows, maxSplits);
    auto sumType = cast<RankedTensorType>(op->getResult(0).getType());
    auto partial = cast<SumOp>(rewriter.clone(*op));
    partial.setSplits(splits);
    partial->getResult(0).setType(
        sumType.clone({splits, sumType.getShape().back()}));
    replaceBySumOf(rewriter, op, partial->getResult(0));
    return success();
  }

  int64_t maxSplits;
};

struct DecomposeCrossEntropy : OpRewritePattern<CrossEntropyOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(CrossEntropyOp op,
                                PatternRewriter &rewriter) const override {
    auto tokens = cast<RankedTensorType>(op.getTargets().getType());
    auto loss = cast<RankedTensorType>(op.getLoss().getType());
    Value losses = TokenLossOp::create(rewriter, op.getLoc(),
                                       loss.clone(tokens.getShape()),
                                       op.getLogits(), op.getTargets());
    rewriter.replaceOpWithNewOp<MeanOp>(op, loss, losses);
    return success();
  }
};

struct DecomposeAttentionGrad : OpRewritePattern<AttentionGradOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionGradOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value delta = AttentionDeltaOp::create(rewriter, loc, op.getLse().getType(),
                                           op.getOutput(), op.getGrad(),
                                           op.getHeadsAttr());
    auto queryGrad = AttentionQueryGradOp::create(
        rewriter, loc, op.getQueryGrad().getType(), op.getQuery(), op.getKey(),
        op.getValue(), op.getGrad(), op.getLse(), delta, op.getHeadsAttr(),
        op.getKvHeadsAttr(), op.getWindowAttr());
    auto keyValueGrad = AttentionKeyValueGradOp::create(
        rewriter, loc,
        TypeRange{op.getKeyGrad().getType(), op.getValueGrad().getType()},
        op.getQuery(), op.getKey(), op.getValue(), op.getGrad(), op.getLse(),
        delta, op.getHeadsAttr(), op.getKvHeadsAttr(), op.getWindowAttr());
    rewriter.replaceOp(op, {queryGrad.getQueryGrad(), keyValueGrad.getKeyGrad(),
                            keyValueGrad.getValueGrad()});
    return success();
  }
};

struct DecomposeGradientNorm : OpRewritePattern<train::GradientNormOp> {
  DecomposeGradientNorm(MLIRContext *context, int64_t maxSplits)
      : OpRewritePattern(context), maxSplits(maxSplits) {}

  LogicalResult matchAndRewrite(train::GradientNormOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getGradients().getType());
    auto norm = cast<RankedTensorType>(op.getNorm().getType());
    // The ranges need not be equal: the last ones may be short or empty.
    int64_t splits = std::min(type.getNumElements(), maxSplits);
    Value squares = train::SquaresOp::create(rewriter, op.getLoc(),
                                             norm.clone({splits}), 0);
    train::SumOfSquaresOp::create(rewriter, op.getLoc(), op.getGradients(),
                                  squares);
    rewriter.replaceOpWithNewOp<train::NormOp>(op, norm, squares, op.getHyper(),
                                               /*clear=*/false);
    return success();
  }

  int64_t maxSplits;
};

struct Decompose : llmc::impl::DecomposeBase<Decompose> {
  using DecomposeBase::DecomposeBase;

  void runOnOperation() override {
    MLIRContext *context = &getContext();
    if (maxSplits < 1 || normSplits < 1) {
      emitError(getOperation().getLoc())
          << "expected max-splits and norm-splits of at least 1, found "
          << maxSplits.getValue() << " and " << normSplits.getValue();
      return signalPassFailure();
    }
    RewritePatternSet patterns(context);
    patterns.add<SplitRowSum<SumRowsOp>, SplitRowSum<LayerNormWeightGradOp>,
                 SplitRowSum<RMSNormWeightGradOp>>(context, maxSplits);
    patterns.add<DecomposeCrossEntropy, DecomposeAttentionGrad>(context);
    patterns.add<DecomposeGradientNorm>(context, normSplits);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};
} // namespace
