//===- VerifyCollectives.cpp - no rank waits for ever ---------------------===//
//
// Reads the plan, and trusts nothing of the passes that made it. A function is
// a straight line that all ranks run, so that the order of collectives is one
// by construction, provided that no rank runs the function alone and that each
// collective is over when its function is.
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/InFlight.h"
#include "compiler/Distribution/Passes.h"
#include "compiler/Support/TypeBytes.h"
#include "dialects/Plan/Plan.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"

namespace llmc {
#define GEN_PASS_DEF_VERIFYCOLLECTIVES
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

/// An op and the bytes that it works on.
struct Use {
  Operation *op;
  Extent extent;
};

class Verifier {
public:
  Verifier(ModuleOp module, dist::MeshOp mesh)
      : module(module), symbols(module), ranks(mesh.getRanks()),
        zero(mesh.getZero()), collectives(ranks) {}
  LogicalResult run();

private:
  LogicalResult verifyFunction(plan::FuncOp function);
  LogicalResult verifyStart(plan::StartOp start);
  LogicalResult verifySums(StringRef name);
  LogicalResult verifyCoverage(plan::FuncOp function);
  LogicalResult verifyWindows(plan::FuncOp function);
  LogicalResult verifyAdditions(plan::FuncOp function);
  LogicalResult verifyOnce(Operation *function, SmallVector<Use> uses,
                           Extent whole, StringRef what, StringRef how);
  Extent extentOf(Value place) { return getExtent(place, ranks); }
  /// `part` is this rank's part of `whole`, where it lies in it, or of a
  /// storage of which a rank has its own parts only.
  bool isOwnPart(Value part, Value whole);
  plan::ArenaOp arenaOf(Value place) {
    auto view = place.getDefiningOp<plan::ViewOp>();
    return symbols.lookup<plan::ArenaOp>(view.getArena());
  }

  ModuleOp module;
  SymbolTable symbols;
  int64_t ranks;
  int64_t zero;
  InFlight collectives; // in a function, up to an op
};

} // namespace

bool Verifier::isOwnPart(Value part, Value whole) {
  auto inner = part.getDefiningOp<plan::ViewOp>();
  auto outer = whole.getDefiningOp<plan::ViewOp>();
  if (arenaOf(part).getSharded() && !arenaOf(whole).getSharded())
    return !inner.getRankStride() && !outer.getRankStride();
  return inner.getArena() == outer.getArena() &&
         inner.getOffset() == outer.getOffset() && !outer.getRankStride() &&
         inner.getRankStride() == getElementBytes(inner.getType());
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

LogicalResult Verifier::verifyFunction(plan::FuncOp function) {
  collectives.clear();
  // Where no rank has all parameters, none can run anything alone.
  bool alone = zero < 3 && (function.getSymName() == "evaluate" ||
                            function.getSymName() == "generate");
  // What is summed over ranks before a step's last micro-batch would be summed
  // again with it.
  bool isLast = zero < 2 && (function.getSymName() == "last_micro_step" ||
                             function.getSymName() == "only_micro_step");
  for (Operation &op : function.getBody().front()) {
    if (auto wait = dyn_cast<plan::WaitOp>(op)) {
      collectives.end(wait);
      continue;
    }
    auto start = dyn_cast<plan::StartOp>(op);
    if (!start && !isa<plan::LaunchOp, plan::CopyOp>(op))
      continue;
    if (start) {
      if (alone)
        return start.emitOpError("is in @")
               << function.getSymName()
               << ", which one rank may run alone: it would wait for the "
                  "others for ever";
      if (failed(InFlight::verifyOneWait(start, start.getPending())) ||
          failed(verifyStart(start)))
        return failure();
      if (!isLast && start.getKind() != plan::CollectiveKind::AllGather &&
          arenaOf(start.getSource()).getKind() == plan::ArenaKind::Gradient)
        return start.emitOpError("sums gradients over ranks in @")
               << function.getSymName()
               << ", where a step's gradients are not complete";
    }
    // One scratch serves all: they run one at a time.
    if (failed(
            collectives.verifyFree(&op, start ? start.getScratch() : Value())))
      return failure();
    if (start)
      collectives.begin(
          start, start.getPending(), start.getSource(), start.getDestination(),
          ("the " + stringifyCollectiveKind(start.getKind()) + " of them")
              .str());
  }
  return success();
}

/// Each byte of `whole` is among the `uses` once: "bytes 0 to 64 of WHAT are
/// not HOW, expected once".
LogicalResult Verifier::verifyOnce(Operation *function, SmallVector<Use> uses,
                                   Extent whole, StringRef what,
                                   StringRef how) {
  llvm::sort(uses, [](const Use &a, const Use &b) {
    return std::tie(a.extent.begin, a.extent.end) <
           std::tie(b.extent.begin, b.extent.end);
  });
  int64_t at = whole.begin;
  auto report = [&](Operation *op, int64_t begin, int64_t end, StringRef no,
                    StringRef times) {
    return op->emitError("bytes ")
           << begin << " to " << end << " of " << what << " are " << no << how
           << times << ", expected once";
  };
  for (const Use &use : uses) {
    if (use.extent.begin < at)
      return report(use.op, use.extent.begin, std::min(at, use.extent.end), "",
                    " twice");
    if (use.extent.begin > at)
      return report(function, at, use.extent.begin, "not ", "");
    at = use.extent.end;
  }
  if (at < whole.end)
    return report(function, at, whole.end, "not ", "");
  return success();
}

/// Stages 0 and 1: gradients are summed where they are.
LogicalResult Verifier::verifyCoverage(plan::FuncOp function) {
  for (auto arena : module.getOps<plan::ArenaOp>()) {
    if (arena.getKind() != plan::ArenaKind::Gradient)
      continue;
    SmallVector<Use> sums;
    for (auto start : function.getBody().front().getOps<plan::StartOp>())
      if (start.getKind() != plan::CollectiveKind::AllGather &&
          arenaOf(start.getSource()) == arena)
        sums.push_back({start, extentOf(start.getSource())});
    Extent whole{arena.getSymName(), 0, static_cast<int64_t>(arena.getBytes())};
    if (failed(verifyOnce(
            function, sums, whole, "the gradients",
            ("summed over ranks in @" + function.getSymName()).str())))
      return failure();
  }
  return success();
}

/// Stages 2 and 3: a window of which something is summed is summed as a whole.
LogicalResult Verifier::verifyWindows(plan::FuncOp function) {
  llvm::MapVector<plan::ViewOp, SmallVector<Use>> windows;
  for (auto start : function.getBody().front().getOps<plan::StartOp>())
    if (start.getKind() == plan::CollectiveKind::ReduceScatter)
      windows[start.getSource().getDefiningOp<plan::ViewOp>().getRoot()]
          .push_back({start, extentOf(start.getSource())});
  for (auto &[window, sums] : windows)
    if (failed(verifyOnce(window, sums, extentOf(window), "a window",
                          "summed over ranks")))
      return failure();
  return success();
}

/// Stages 2 and 3: what ranks have summed, and nothing else, is added to each
/// shard of the gradients, once. Shards that lie on the host are added to where
/// a copy has brought them, and taken back; those of a step's first micro-step
/// are made in the place that they are taken from.
LogicalResult Verifier::verifyAdditions(plan::FuncOp function) {
  SmallVector<Use> additions, returns;
  // Where shards of the host are on the device.
  DenseMap<Value, Extent> brought;
  SmallVector<plan::ViewOp> sums;
  plan::ArenaOp gradients;
  for (auto arena : module.getOps<plan::ArenaOp>())
    if (arena.getKind() == plan::ArenaKind::Gradient)
      gradients = arena;
  if (!gradients)
    return module.emitError("expected a plan.arena of gradients");
  Block &body = function.getBody().front();
  if (function.getSymName() == "first_micro_step")
    for (auto copy : body.getOps<plan::CopyOp>())
      if (arenaOf(copy.getDestination()) == gradients)
        brought[copy.getSource()] = extentOf(copy.getDestination());
  for (Operation &op : body) {
    if (auto wait = dyn_cast<plan::WaitOp>(op)) {
      auto start = wait.getPending().getDefiningOp<plan::StartOp>();
      if (start && start.getKind() == plan::CollectiveKind::ReduceScatter)
        sums.push_back(start.getDestination().getDefiningOp<plan::ViewOp>());
      continue;
    }
    if (auto copy = dyn_cast<plan::CopyOp>(op)) {
      if (arenaOf(copy.getSource()) == gradients)
        brought[copy.getDestination()] = extentOf(copy.getSource());
      if (arenaOf(copy.getDestination()) != gradients)
        continue;
      Extent home = extentOf(copy.getDestination());
      auto found = brought.find(copy.getSource());
      if (found == brought.end() || found->second.begin != home.begin)
        return copy.emitOpError("takes to the gradients what was not brought "
                                "from there");
      returns.push_back({copy, home});
      continue;
    }
    auto launch = dyn_cast<plan::LaunchOp>(op);
    if (!launch)
      continue;
    for (Value operand : launch.getOperands()) {
      auto onHost = brought.find(operand);
      if (onHost == brought.end() && arenaOf(operand) != gradients)
        continue;
      bool addsSum = llvm::any_of(launch.getOperands(), [&](Value other) {
        return llvm::is_contained(sums, other.getDefiningOp<plan::ViewOp>());
      });
      if (!addsSum)
        return launch.emitOpError("adds to the gradients what no "
                                  "reduce_scatter that was waited for has "
                                  "summed");
      additions.push_back({launch, onHost == brought.end() ? extentOf(operand)
                                                           : onHost->second});
    }
  }
  Extent whole{gradients.getSymName(), 0,
               static_cast<int64_t>(gradients.getBytes())};
  if (gradients.getHost() &&
      failed(verifyOnce(
          function, returns, whole, "this rank's gradients",
          ("taken back to the host in @" + function.getSymName()).str())))
    return failure();
  return verifyOnce(function, additions, whole, "this rank's gradients",
                    ("added to in @" + function.getSymName()).str());
}

/// In function `name` all gradients are summed over ranks.
LogicalResult Verifier::verifySums(StringRef name) {
  auto function = symbols.lookup<plan::FuncOp>(name);
  if (!function)
    return module.emitError("expected a plan.func @")
           << name << ", which sums gradients over ranks";
  if (zero < 2)
    return verifyCoverage(function);
  return success(succeeded(verifyWindows(function)) &&
                 succeeded(verifyAdditions(function)));
}

LogicalResult Verifier::run() {
  for (auto function : module.getOps<plan::FuncOp>())
    if (failed(verifyFunction(function)))
      return failure();
  if (failed(verifySums(zero < 2 ? "last_micro_step" : "micro_step")))
    return failure();
  if (!symbols.lookup("first_micro_step"))
    return success();
  return verifySums(zero < 2 ? "only_micro_step" : "first_micro_step");
}

namespace {
struct VerifyCollectives
    : llmc::impl::VerifyCollectivesBase<VerifyCollectives> {
  void runOnOperation() override {
    dist::MeshOp mesh = dist::findMesh(getOperation());
    if (mesh && failed(Verifier(getOperation(), mesh).run()))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
