//===- VerifyTransfers.cpp - nothing touches what a copy works on ---------===//
//
// Reads the plan, and trusts nothing of the passes that made it.
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/InFlight.h"
#include "compiler/Distribution/Passes.h"
#include "dialects/Plan/Plan.h"

namespace llmc {
#define GEN_PASS_DEF_VERIFYTRANSFERS
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

class Verifier {
public:
  Verifier(ModuleOp module, int64_t ranks) : symbols(module), copies(ranks) {}

  LogicalResult verify(plan::FuncOp function);

private:
  LogicalResult verifyOnDevice(Operation *op);

  SymbolTable symbols;
  InFlight copies; // in the function, up to an op
};

} // namespace

/// Launches and collectives work on the device.
LogicalResult Verifier::verifyOnDevice(Operation *op) {
  for (Value place : op->getOperands()) {
    auto view = place.getDefiningOp<plan::ViewOp>();
    if (!view)
      return op->emitOpError("expected plan.views as places");
    auto arena = symbols.lookup<plan::ArenaOp>(view.getArena());
    if (arena && arena.getHost())
      return op->emitOpError("works on bytes ")
             << view.getOffset() << " and on of '" << view.getArena()
             << "', which lies in the host's memory: expected a plan.copy to "
                "the device";
  }
  return success();
}

LogicalResult Verifier::verify(plan::FuncOp function) {
  copies.clear();
  for (Operation &op : function.getBody().front()) {
    if (auto wait = dyn_cast<plan::WaitOp>(op)) {
      copies.end(wait);
      continue;
    }
    auto copy = dyn_cast<plan::CopyOp>(op);
    if (!copy && !isa<plan::LaunchOp, plan::StartOp>(op))
      continue;
    if (!copy && failed(verifyOnDevice(&op)))
      return failure();
    if (failed(copies.verifyFree(&op)))
      return failure();
    if (!copy)
      continue;
    if (failed(InFlight::verifyOneWait(copy, copy.getPending())))
      return failure();
    copies.begin(
        copy, copy.getPending(), copy.getSource(), copy.getDestination(),
        ("the copy " + stringifyCopyDirection(copy.getDirection())).str());
  }
  return success();
}

namespace {
struct VerifyTransfers : llmc::impl::VerifyTransfersBase<VerifyTransfers> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    dist::MeshOp mesh = dist::findMesh(module);
    Verifier verifier(module, mesh ? mesh.getRanks() : 1);
    for (auto function : module.getOps<plan::FuncOp>())
      if (failed(verifier.verify(function)))
        return signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
