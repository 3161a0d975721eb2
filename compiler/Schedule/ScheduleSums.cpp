//===- ScheduleSums.cpp - kernels that sum over ranks ---------------------===//
//
//   plan.start reduce_scatter %b into %s using %x adds @add_128
//   tile.func @add_128(%part, %sum) { train.add %part into %sum }
//
//===----------------------------------------------------------------------===//

#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/TargetModel.h"
#include "dialects/Dist/Dist.h"
#include "dialects/Plan/Plan.h"
#include "dialects/Tile/Tile.h"
#include "dialects/Train/Train.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

namespace llmc {
#define GEN_PASS_DEF_SCHEDULESUMS
#include "compiler/Schedule/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// The type of what one rank sends another one to be summed.
static RankedTensorType getPartType(plan::StartOp start, int64_t ranks) {
  auto whole = cast<MemRefType>(start.getSource().getType());
  return RankedTensorType::get({whole.getNumElements() / ranks},
                               whole.getElementType());
}

static tile::FuncOp createKernel(SymbolTable &symbols, OpBuilder &builder,
                                 Location loc, RankedTensorType part) {
  auto kernel = tile::FuncOp::create(
      builder, loc, ("add_" + Twine(part.getNumElements())).str(), "flat",
      {part, part});
  symbols.insert(kernel);
  OpBuilder::InsertionGuard guard(builder);
  Block &body = kernel.getBody().front();
  builder.setInsertionPointToEnd(&body);
  train::AddOp::create(builder, loc, body.getArgument(0), body.getArgument(1));
  tile::ReturnOp::create(builder, loc, ValueRange());
  return kernel;
}

namespace {
struct ScheduleSums : llmc::impl::ScheduleSumsBase<ScheduleSums> {
  using ScheduleSumsBase::ScheduleSumsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    dist::MeshOp mesh = dist::findMesh(module);
    std::unique_ptr<TargetModel> model =
        createModel(module.getLoc(), "cuda", arch);
    if (!model)
      return signalPassFailure();
    if (!mesh)
      return;
    SymbolTable symbols(module);
    OpBuilder builder(module.getBody(), module.getBody()->end());
    llvm::MapVector<Type, tile::FuncOp> kernels;
    WalkResult result = module.walk([&](plan::StartOp start) {
      if (start.getKind() == plan::CollectiveKind::AllGather)
        return WalkResult::advance();
      RankedTensorType part = getPartType(start, mesh.getRanks());
      tile::FuncOp &kernel = kernels[part];
      if (!kernel) {
        kernel = createKernel(symbols, builder, start.getLoc(), part);
        if (failed(scheduleKernel(kernel, *model)))
          return WalkResult::interrupt();
      }
      start.setAdds(kernel.getSymName());
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
