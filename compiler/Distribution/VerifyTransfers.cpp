//===- VerifyTransfers.cpp - nothing touches what a copy works on ---------===//
//
// Reads the plan, and trusts nothing of the passes that made it.
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/Extent.h"
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
  Verifier(ModuleOp module, int64_t ranks) : symbols(module), ranks(ranks) {}

  LogicalResult verify(plan::FuncOp function);

private:
  LogicalResult verifyOnDevice(Operation *op);
  LogicalResult verifyFree(Operation *op);

  /// A copy that is under way, and what it works on.
  struct Pending {
    plan::CopyOp copy;
    Extent source, destination;
  };

  SymbolTable symbols;
  int64_t ranks;
  SmallVector<Pending> pending; // in the function, up to an op
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

/// `op` leaves alone what the copies that are under way work on.
LogicalResult Verifier::verifyFree(Operation *op) {
  for (Value place : op->getOperands()) {
    Extent extent = getExtent(place, ranks);
    for (Pending &other : pending) {
      if (!extent.overlaps(other.source) && !extent.overlaps(other.destination))
        continue;
      InFlightDiagnostic diagnostic =
          op->emitOpError("touches bytes ")
          << extent.begin << " to " << extent.end << " of '" << extent.arena
          << "' before the copy "
          << stringifyCopyDirection(other.copy.getDirection())
          << " is waited for";
      diagnostic.attachNote(other.copy.getLoc()) << "it is started here";
      return diagnostic;
    }
  }
  return success();
}

LogicalResult Verifier::verify(plan::FuncOp function) {
  pending.clear();
  for (Operation &op : function.getBody().front()) {
    if (auto wait = dyn_cast<plan::WaitOp>(op)) {
      llvm::erase_if(pending, [&](Pending &other) {
        return other.copy.getPending() == wait.getPending();
      });
      continue;
    }
    auto copy = dyn_cast<plan::CopyOp>(op);
    if (!copy && !isa<plan::LaunchOp, plan::StartOp>(op))
      continue;
    if (!copy && failed(verifyOnDevice(&op)))
      return failure();
    if (failed(verifyFree(&op)))
      return failure();
    if (!copy)
      continue;
    int64_t waits = llvm::range_size(copy.getPending().getUses());
    if (waits != 1)
      return copy.emitOpError("expected one plan.wait for it, found ") << waits;
    pending.push_back({copy, getExtent(copy.getSource(), ranks),
                       getExtent(copy.getDestination(), ranks)});
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
