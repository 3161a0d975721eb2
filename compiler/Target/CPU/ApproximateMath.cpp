//===- ApproximateMath.cpp - transcendental functions on vectors ----------===//
//
// math.exp %x : vector<8xf32> becomes about twenty operations on vectors.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CPU/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace llmc {
#define GEN_PASS_DEF_APPROXIMATEMATH
#include "compiler/Target/CPU/Passes.h.inc"
} // namespace llmc

using namespace mlir;

namespace {
struct ApproximateMath : llmc::impl::ApproximateMathBase<ApproximateMath> {
  using ApproximateMathBase::ApproximateMathBase;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    // exp2(x) is exp(x ln 2), which has a polynomial.
    math::populateExpansionPatterns(patterns, {"exp2"});
    // rsqrt is left alone: one over a square root is exact and fast enough.
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
      return name != math::RsqrtOp::getOperationName();
    });
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
