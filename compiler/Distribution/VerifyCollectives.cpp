//===- VerifyCollectives.cpp - no rank waits for ever ---------------------===//
//
// Reads the plan, and trusts nothing of the passes that made it. A function is
// a straight line that all ranks run, so that the order of collectives is one
// by construction, provided that no rank runs the function alone and that each
// collective is over when its function is.
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/Passes.h"
#include "dialects/Plan/Plan.h"

namespace llmc {
#define GEN_PASS_DEF_VERIFYCOLLECTIVES
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

int64_t bytesOf(MemRefType type) {
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

/// The bytes of a place, of all ranks' where it depends on the rank.
struct Extent {
  StringRef arena;
  int64_t begin;
  int64_t end;

  bool overlaps(const Extent &other) const {
    return arena == other.arena && begin < other.end && other.begin < end;
  }
};

class Verifier {
public:
  Verifier(ModuleOp module, int64_t ranks) : module(module), ranks(ranks) {}
  LogicalResult run();

private:
  LogicalResult verifyFunction(plan::FuncOp function);
  LogicalResult verifyStart(plan::StartOp start);
  LogicalResult verifyFree(Operation *op);
  LogicalResult verifyCoverage(plan::FuncOp function);
  Extent extentOf(Value place);
  /// `part` is this rank's part of `whole`, where it lies in it.
  bool isOwnPart(Value part, Value whole);

  ModuleOp module;
  int64_t ranks;
  SmallVector<plan::StartOp> pending;
};

} // namespace

Extent Verifier::extentOf(Value place) {
  auto view = place.getDefiningOp<plan::ViewOp>();
  auto begin = static_cast<int64_t>(view.getOffset());
  int64_t end = begin + bytesOf(cast<MemRefType>(view.getType())) +
                (ranks - 1) * view.getRankStride().value_or(0);
  return {view.getArena(), begin, end};
}

bool Verifier::isOwnPart(Value part, Value whole) {
  auto inner = part.getDefiningOp<plan::ViewOp>();
  auto outer = whole.getDefiningOp<plan::ViewOp>();
  return inner.getArena() == outer.getArena() &&
         inner.getOffset() == outer.getOffset() && !outer.getRankStride() &&
         inner.getRankStride() == bytesOf(cast<MemRefType>(inner.getType()));
}

LogicalResult Verifier::verifyStart(plan::StartOp start) {
  for (Value place : start->getOperands())
    if (!place.getDefiningOp<plan::ViewOp>())
      return start.emitOpError("expected plan.views as places");
  Value source = start.getSource(), destination = start.getDestination();
  bool gathers = start.getKind() == plan::CollectiveKind::AllGather;
  Value whole = gathers ? destination : source;
  Value part = gathers ? source : destination;
  int64_t elements = cast<MemRefType>(whole.getType()).getNumElements();
  if (elements % ranks != 0)
    return start.emitOpError("expected equal parts for ")
           << ranks << " ranks, found " << elements << " elements";
  int64_t partElements = cast<MemRefType>(part.getType()).getNumElements();
  if (start.getKind() != plan::CollectiveKind::AllReduce) {
    if (partElements * ranks != elements)
      return start.emitOpError("expected a part of ")
             << elements / ranks << " elements for each of " << ranks
             << " ranks, found " << partElements;
    if (!isOwnPart(part, whole))
      return start.emitOpError("expected this rank's own part of the whole, "
                               "found another place in it");
  }
  if (!start.getScratch())
    return success();
  auto scratch = cast<MemRefType>(start.getScratch().getType());
  if (scratch.getNumElements() < elements / ranks * (ranks - 1))
    return start.emitOpError("expected a scratch for ")
           << ranks - 1 << " parts of " << elements / ranks
           << " elements, found " << scratch.getNumElements();
  return success();
}

/// `op`, a launch or the start of a collective, leaves alone what others that
/// are under way work on.
LogicalResult Verifier::verifyFree(Operation *op) {
  auto start = dyn_cast<plan::StartOp>(op);
  for (Value operand : op->getOperands()) {
    // One scratch serves all: they run one at a time.
    if (start && operand == start.getScratch())
      continue;
    Extent extent = extentOf(operand);
    for (plan::StartOp other : pending) {
      if (!extent.overlaps(extentOf(other.getSource())) &&
          !extent.overlaps(extentOf(other.getDestination())))
        continue;
      InFlightDiagnostic diagnostic =
          op->emitOpError("touches bytes ")
          << extent.begin << " to " << extent.end << " of '" << extent.arena
          << "' before the " << stringifyCollectiveKind(other.getKind())
          << " of them is waited for";
      diagnostic.attachNote(other.getLoc()) << "it is started here";
      return diagnostic;
    }
  }
  return success();
}

LogicalResult Verifier::verifyFunction(plan::FuncOp function) {
  pending.clear();
  bool alone = function.getSymName() == "evaluate" ||
               function.getSymName() == "generate";
  for (Operation &op : function.getBody().front()) {
    if (auto wait = dyn_cast<plan::WaitOp>(op)) {
      llvm::erase_if(pending, [&](plan::StartOp start) {
        return start.getPending() == wait.getPending();
      });
      continue;
    }
    auto start = dyn_cast<plan::StartOp>(op);
    if (!start && !isa<plan::LaunchOp>(op))
      continue;
    if (start) {
      if (alone)
        return start.emitOpError("is in @")
               << function.getSymName()
               << ", which one rank may run alone: it would wait for the "
                  "others for ever";
      int64_t waits = llvm::range_size(start.getPending().getUses());
      if (waits != 1)
        return start.emitOpError("expected one plan.wait for it, found ")
               << waits;
      if (failed(verifyStart(start)))
        return failure();
    }
    if (failed(verifyFree(&op)))
      return failure();
    if (start)
      pending.push_back(start);
  }
  return success();
}

LogicalResult Verifier::verifyCoverage(plan::FuncOp function) {
  SmallVector<plan::StartOp> sums;
  for (auto start : function.getBody().front().getOps<plan::StartOp>())
    if (start.getKind() != plan::CollectiveKind::AllGather)
      sums.push_back(start);
  llvm::sort(sums, [&](plan::StartOp a, plan::StartOp b) {
    Extent first = extentOf(a.getSource()), second = extentOf(b.getSource());
    return std::tie(first.begin, first.end) <
           std::tie(second.begin, second.end);
  });
  for (auto arena : module.getOps<plan::ArenaOp>()) {
    if (arena.getKind() != plan::ArenaKind::Gradient)
      continue;
    int64_t at = 0;
    auto report = [&](Operation *op, int64_t begin, int64_t end,
                      StringRef how) {
      return op->emitError("bytes ")
             << begin << " to " << end << " of the gradients are " << how
             << " over ranks in @last_micro_step, expected once";
    };
    for (plan::StartOp start : sums) {
      Extent extent = extentOf(start.getSource());
      if (extent.arena != arena.getSymName())
        continue;
      if (extent.begin < at)
        return report(start, extent.begin, std::min(at, extent.end),
                      "summed twice");
      if (extent.begin > at)
        return report(function, at, extent.begin, "not summed");
      at = extent.end;
    }
    if (at < static_cast<int64_t>(arena.getBytes()))
      return report(function, at, arena.getBytes(), "not summed");
  }
  return success();
}

LogicalResult Verifier::run() {
  plan::FuncOp last;
  for (auto function : module.getOps<plan::FuncOp>()) {
    if (failed(verifyFunction(function)))
      return failure();
    if (function.getSymName() == "last_micro_step")
      last = function;
  }
  if (!last)
    return module.emitError("expected a plan.func @last_micro_step, which sums "
                            "gradients over ranks");
  return verifyCoverage(last);
}

namespace {
struct VerifyCollectives
    : llmc::impl::VerifyCollectivesBase<VerifyCollectives> {
  void runOnOperation() override {
    dist::MeshOp mesh = dist::findMesh(getOperation());
    if (mesh && failed(Verifier(getOperation(), mesh.getRanks()).run()))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
