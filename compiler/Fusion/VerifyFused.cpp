//===- VerifyFused.cpp - what Fusion leaves -------------------------------===//

#include "compiler/Fusion/FusionOpInterface.h"
#include "compiler/Fusion/Passes.h"
#include "dialects/Dist/Dist.h"
#include "dialects/Tile/Tile.h"
#include "dialects/Train/Train.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace llmc {
#define GEN_PASS_DEF_VERIFYFUSED
#include "compiler/Fusion/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
struct VerifyFused : llmc::impl::VerifyFusedBase<VerifyFused> {
  using VerifyFusedBase::VerifyFusedBase;

  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      for (Operation &op : func.getOps()) {
        if (isa<train::RefOp, train::FlatOp, train::SquaresOp, tile::LaunchOp,
                func::ReturnOp>(op) ||
            isPlace(&op) || isa<dist::DistDialect>(op.getDialect()))
          continue;
        op.emitOpError(
            "must not be left after Fusion; expected train.ref, "
            "train.flat, train.squares, tile.launch, ops of dist and "
            "places of tokens only");
        return signalPassFailure();
      }
    }
    for (auto kernel : getOperation().getOps<tile::FuncOp>()) {
      if (kernel.getKind())
        continue;
      kernel.emitOpError("expected the attribute `kind`, found none");
      return signalPassFailure();
    }
  }
};
} // namespace
