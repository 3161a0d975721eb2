//===- VerifyMemoryPlan.cpp - checks that every place is sound ------------===//
//
// Knows nothing of the planner: reads lifetimes off the uses of the views and
// sweeps over time with the set of places that are alive, sorted by offset.
// A new place needs to be compared with its neighbours in that order only.
// Parts of a place share its fate: it is alive from the first part's write to
// the last read of any; each byte is written once, and before it is read. Parts
// that are columns have gaps: what is written is counted within a row then.
// Windows are places that collectives and kernels work on: a gather writes its
// destination, a kernel an argument that it only overwrites, and a
// reduce-scatter leaves a rank nothing of its source but its own shard.
// Gradients live on, but the micro-step that a step begins with must not read
// what the step before left of them.
//
//===----------------------------------------------------------------------===//

#include "compiler/MemoryPlan/Lifetimes.h"
#include "compiler/MemoryPlan/Passes.h"
#include "compiler/MemoryPlan/WrittenBytes.h"
#include "dialects/Dist/Dist.h"
#include "dialects/Plan/Plan.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/DenseSet.h"

#include <map>

namespace llmc {
#define GEN_PASS_DEF_VERIFYMEMORYPLAN
#include "compiler/MemoryPlan/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

struct Place {
  plan::ViewOp view;
  int64_t last;
};

// Columns begin where an access may.
constexpr int64_t columnAlignment = 16;

class Verifier {
public:
  explicit Verifier(ModuleOp module) : module(module), symbols(module) {}

  LogicalResult run();

private:
  LogicalResult verifyView(plan::ViewOp view);
  LogicalResult verifyFunction(plan::FuncOp function);
  LogicalResult verifyLaunch(plan::LaunchOp launch, int64_t time);
  LogicalResult verifySum(plan::LaunchOp launch, plan::ViewOp gradient,
                          bool isOverwritten);
  LogicalResult verifyStart(plan::StartOp start);
  LogicalResult verifyCopy(plan::CopyOp copy);
  LogicalResult verifyNeighbours(Operation *writer, plan::ViewOp view);
  bool mayShare(plan::LaunchOp launch, Value written, Value read);
  LogicalResult verifyColumns(plan::ViewOp view, int64_t pitch);
  LogicalResult write(Operation *writer, plan::ViewOp view);
  bool isWritten(plan::ViewOp view) {
    return written[view.getRoot()].contains(view, ranks);
  }
  void endLifetimes(ValueRange operands, int64_t time);
  bool isOf(plan::ArenaKind kind, plan::ViewOp view) {
    return symbols.lookup<plan::ArenaOp>(view.getArena()).getKind() == kind;
  }
  bool isActivation(plan::ViewOp view) {
    return isOf(plan::ArenaKind::Activation, view);
  }

  ModuleOp module;
  SymbolTable symbols;
  int64_t ranks = 1;
  std::map<int64_t, Place> alive; // by offset
  /// Of each place that is no part: its last use, and the byte ranges written.
  DenseMap<plan::ViewOp, int64_t> last;
  DenseMap<plan::ViewOp, Written> written;
  /// Of the gradients, in the micro-step that a step begins with.
  std::optional<Written> gradients;
};

} // namespace

LogicalResult Verifier::verifyView(plan::ViewOp view) {
  auto arena = symbols.lookup<plan::ArenaOp>(view.getArena());
  if (!arena)
    return view.emitOpError()
           << "'" << view.getArena() << "' is not a plan.arena";
  int64_t offset = view.getOffset(), alignment = arena.getAlignment();
  if (pitchOf(view))
    alignment = std::min(alignment, columnAlignment);
  if (offset < 0 || offset % alignment != 0)
    return view.emitOpError() << "expected an offset that is a multiple of "
                              << alignment << ", found " << offset;
  int64_t stride = view.getRankStride().value_or(0);
  if (stride < 0 || stride % alignment != 0)
    return view.emitOpError() << "expected a rank stride that is a multiple of "
                              << alignment << ", found " << stride;
  int64_t end = endOf(view) + (ranks - 1) * stride;
  if (end > static_cast<int64_t>(arena.getBytes()))
    return view.emitOpError() << "ends at byte " << end << " of an arena of "
                              << arena.getBytes() << " bytes";
  return success();
}

/// True if the kernel of `launch` may write its result over its argument.
bool Verifier::mayShare(plan::LaunchOp launch, Value written, Value read) {
  auto kernel = symbols.lookup<tile::FuncOp>(launch.getKernel());
  if (!kernel || !kernel.getInplace())
    return false;
  ArrayRef<int64_t> pairs = *kernel.getInplace();
  int64_t inputs = kernel.getFunctionType().getNumInputs();
  for (size_t pair = 0; pair + 1 < pairs.size(); pair += 2)
    if (launch.getOperand(inputs + pairs[pair]) == written &&
        launch.getOperand(pairs[pair + 1]) == read)
      return true;
  return false;
}

/// "kernel 'k' writes", "a copy writes", "an all_gather writes".
static std::string describe(Operation *writer) {
  if (auto launch = dyn_cast<plan::LaunchOp>(writer))
    return ("kernel '" + launch.getKernel() + "'").str();
  if (isa<plan::CopyOp>(writer))
    return "a copy";
  auto kind = cast<plan::StartOp>(writer).getKind();
  return ("an " + stringifyCollectiveKind(kind)).str();
}

LogicalResult Verifier::verifyNeighbours(Operation *writer, plan::ViewOp view) {
  auto report = [&](plan::ViewOp other) -> LogicalResult {
    InFlightDiagnostic diagnostic = view.emitOpError()
                                    << "bytes " << view.getOffset() << " to "
                                    << endOf(view) << " are taken when "
                                    << describe(writer) << " writes them";
    diagnostic.attachNote(other.getLoc())
        << "bytes " << other.getOffset() << " to " << endOf(other)
        << " are still needed";
    return diagnostic;
  };
  int64_t offset = view.getOffset();
  auto next = alive.lower_bound(offset);
  if (next != alive.end() && next->first < endOf(view))
    return report(next->second.view);
  if (next != alive.begin()) {
    plan::ViewOp previous = std::prev(next)->second.view;
    if (endOf(previous) > offset)
      return report(previous);
  }
  return success();
}

/// Checks that a part of a place whose rows have `pitch` bytes holds columns of
/// all of its rows; with 0, that it has no gaps.
LogicalResult Verifier::verifyColumns(plan::ViewOp view, int64_t pitch) {
  if (pitchOf(view) != pitch)
    return view.emitOpError()
           << "expected rows " << pitch
           << " bytes apart, as in the other parts of the whole, found "
           << pitchOf(view);
  if (!pitch)
    return success();
  plan::ViewOp root = view.getRoot();
  int64_t column = view.getOffset() - root.getOffset();
  int64_t rows = endOf(root) - root.getOffset();
  if (rowBytes(root) == pitch && column + rowBytes(view) <= pitch &&
      bytesOf(view.getType()) == rows)
    return success();
  return view.emitOpError()
         << "expected columns of all rows of the whole " << root.getType();
}

/// Takes the place that `writer` writes.
LogicalResult Verifier::write(Operation *writer, plan::ViewOp view) {
  plan::ViewOp root = view.getRoot();
  Written &sofar = written[root];
  std::map<int64_t, int64_t> &ranges = sofar.ranges;
  auto place = alive.find(root.getOffset());
  bool begun = place != alive.end() && place->second.view == root;
  if (!begun) {
    ranges.clear();
    sofar.shards.clear();
    sofar.pitch = pitchOf(view);
    if (failed(verifyNeighbours(writer, root)))
      return failure();
    alive[root.getOffset()] = {root, last[root]};
  }
  if (failed(verifyColumns(view, sofar.pitch)))
    return failure();
  auto [begin, end] = sofar.rangeOf(view);
  auto next = ranges.lower_bound(begin);
  if ((next != ranges.end() && next->first < end) ||
      (next != ranges.begin() && std::prev(next)->second > begin))
    return view.emitOpError()
           << "bytes " << view.getOffset() << " to " << endOf(view)
           << " are written for the second time by " << describe(writer);
  ranges[begin] = end;
  return success();
}

/// Whether the kernel only writes its argument, as one that zeroes it.
static bool isOverwritten(BlockArgument argument) {
  return !argument.use_empty() &&
         llvm::all_of(argument.getUsers(), [&](Operation *user) {
           SmallVector<MemoryEffects::EffectInstance> effects;
           if (auto known = dyn_cast<MemoryEffectOpInterface>(user))
             known.getEffectsOnValue(argument, effects);
           return !effects.empty() &&
                  llvm::all_of(effects, [](const auto &effect) {
                    return isa<MemoryEffects::Write>(effect.getEffect());
                  });
         });
}

/// A sum of gradients begins with what is stored, not with what is there.
LogicalResult Verifier::verifySum(plan::LaunchOp launch, plan::ViewOp gradient,
                                  bool isOverwritten) {
  if (gradients->contains(gradient, ranks))
    return success();
  if (!isOverwritten)
    return launch.emitOpError()
           << "adds to bytes " << gradient.getOffset() << " to "
           << endOf(gradient)
           << " of the gradients before anything was stored there";
  gradients->ranges[gradient.getOffset()] = endOf(gradient);
  return success();
}

LogicalResult Verifier::verifyLaunch(plan::LaunchOp launch, int64_t time) {
  auto kernel = symbols.lookup<tile::FuncOp>(launch.getKernel());
  if (!kernel)
    return launch.emitOpError()
           << "expected '" << launch.getKernel() << "' to be a tile.func";
  unsigned inputs = kernel.getFunctionType().getNumInputs();
  unsigned results = kernel.getFunctionType().getNumResults();
  if (launch.getNumOperands() != inputs + results)
    return launch.emitOpError()
           << "expected " << inputs << " arguments and " << results
           << " results, found " << launch.getNumOperands() << " operands";
  for (auto [index, operand] : llvm::enumerate(launch.getOperands())) {
    auto view = operand.getDefiningOp<plan::ViewOp>();
    if (!view)
      continue;
    bool overwrites =
        index < inputs && isOverwritten(kernel.getBody().getArgument(index));
    if (gradients && isOf(plan::ArenaKind::Gradient, view) &&
        failed(verifySum(launch, view, overwrites)))
      return failure();
    if (!isActivation(view))
      continue;
    if (index < inputs) {
      // What is there may be overwritten, and is there afterwards, too.
      if (isWritten(view))
        continue;
      if (!overwrites)
        return launch.emitOpError()
               << "reads activation " << index << " before it is written";
    }
    // An argument which the kernel may overwrite and nobody needs after it
    // gives its place up.
    auto same = alive.find(view.getOffset());
    if (same != alive.end() && same->second.last == time &&
        endOf(same->second.view) == endOf(view) &&
        mayShare(launch, operand, same->second.view))
      alive.erase(same);
    if (failed(write(launch, view)))
      return failure();
  }
  return success();
}

/// What a collective reads of a window must be there; what it brings is.
LogicalResult Verifier::verifyStart(plan::StartOp start) {
  auto source = start.getSource().getDefiningOp<plan::ViewOp>();
  auto destination = start.getDestination().getDefiningOp<plan::ViewOp>();
  if (source && isActivation(source) && !isWritten(source))
    return start.emitOpError() << "reads its source before it is written";
  if (!destination || !isActivation(destination))
    return success();
  if (start.getKind() == plan::CollectiveKind::AllGather)
    return write(start, destination);
  if (start.getKind() == plan::CollectiveKind::ReduceScatter && source)
    written[source.getRoot()].scatter(source, destination);
  return success();
}

/// As of a collective.
LogicalResult Verifier::verifyCopy(plan::CopyOp copy) {
  auto source = copy.getSource().getDefiningOp<plan::ViewOp>();
  auto destination = copy.getDestination().getDefiningOp<plan::ViewOp>();
  if (isActivation(source) && !isWritten(source))
    return copy.emitOpError() << "reads its source before it is written";
  return isActivation(destination) ? write(copy, destination) : success();
}

void Verifier::endLifetimes(ValueRange operands, int64_t time) {
  for (Value operand : operands) {
    auto view = operand.getDefiningOp<plan::ViewOp>();
    if (!view)
      continue;
    view = view.getRoot();
    auto place = alive.find(view.getOffset());
    if (place != alive.end() && place->second.view == view &&
        place->second.last == time)
      alive.erase(place);
  }
}

LogicalResult Verifier::verifyFunction(plan::FuncOp function) {
  alive.clear();
  last.clear();
  written.clear();
  gradients.reset();
  if (function.getSymName() == "first_micro_step" ||
      function.getSymName() == "only_micro_step")
    gradients.emplace();
  // A collective works on its operands until it was waited for.
  struct Step {
    Operation *op;
    ValueRange operands;
  };
  SmallVector<Step> steps;
  for (Operation &op : function.getBody().front()) {
    auto wait = dyn_cast<plan::WaitOp>(op);
    if (wait)
      steps.push_back({&op, wait.getPending().getDefiningOp()->getOperands()});
    else if (isa<plan::LaunchOp, plan::StartOp, plan::CopyOp>(op))
      steps.push_back({&op, op.getOperands()});
  }
  for (auto [time, step] : llvm::enumerate(steps))
    for (Value operand : step.operands)
      if (auto view = operand.getDefiningOp<plan::ViewOp>())
        last[view.getRoot()] = time;

  for (auto [time, step] : llvm::enumerate(steps)) {
    auto launch = dyn_cast<plan::LaunchOp>(step.op);
    auto start = dyn_cast<plan::StartOp>(step.op);
    auto copy = dyn_cast<plan::CopyOp>(step.op);
    if ((launch && failed(verifyLaunch(launch, time))) ||
        (start && failed(verifyStart(start))) ||
        (copy && failed(verifyCopy(copy))))
      return failure();
    endLifetimes(step.operands, time);
  }
  return success();
}

LogicalResult Verifier::run() {
  if (dist::MeshOp mesh = dist::findMesh(module))
    ranks = mesh.getRanks();
  for (Operation &op : *module.getBody()) {
    if (!isa<plan::PlanDialect>(op.getDialect()) &&
        !isa<tile::FuncOp, dist::MeshOp, dist::UnitOp, dist::BucketOp>(op))
      return op.emitOpError()
             << "expected only plan ops and kernels after memory planning";
    auto function = dyn_cast<plan::FuncOp>(op);
    if (!function)
      continue;
    for (Operation &inner : function.getBody().front()) {
      if (!isa<plan::ViewOp, plan::LaunchOp, plan::StartOp, plan::CopyOp,
               plan::WaitOp>(inner))
        return inner.emitOpError()
               << "expected plan.view, plan.launch, plan.start, plan.copy or "
                  "plan.wait in a plan.func";
      if (auto view = dyn_cast<plan::ViewOp>(inner))
        if (failed(verifyView(view)))
          return failure();
    }
    if (failed(verifyFunction(function)))
      return failure();
  }
  return success();
}

namespace {
struct VerifyMemoryPlan : llmc::impl::VerifyMemoryPlanBase<VerifyMemoryPlan> {
  void runOnOperation() override {
    if (failed(Verifier(getOperation()).run()))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
