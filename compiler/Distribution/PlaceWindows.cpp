//===- PlaceWindows.cpp - when windows are filled and emptied -------------===//
//
//   gather 0, 1, 2               start 0, start 1, wait 0
//   zero 0, 1                    launch .. 0
//   launch .. 0                  start 2, wait 1
//   launch .. 1            ->    launch .. 1
//   launch .. 2                  ..
//   launch .. 1                  zero 1, launch .. 1, start of 1's sum
//   launch .. 0                  zero 0, launch .. 0, start of 0's sum
//   sum of 0, 1                  wait for 1's, add, ..
//
// After Schedule, when launches are final: windows and what works on them move,
// launches stay where they are. MemoryPlan then finds that windows whose times
// do not meet have room in one place.
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/Passes.h"
#include "compiler/Distribution/WindowUses.h"

#include "mlir/IR/Remarks.h"

namespace llmc {
#define GEN_PASS_DEF_PLACEWINDOWS
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

/// Moves the sums of one function's gradient windows.
class SumPlacer {
public:
  explicit SumPlacer(FunctionWindows &windows) : windows(windows) {}
  void run();

private:
  struct Sum {
    WindowCollective *collective;
    WindowUses *window;
    tile::LaunchOp writer;
  };
  void finish(Sum &sum, Operation *before);
  void remarkOverlap(Sum &sum);

  FunctionWindows &windows;
};

/// Moves the gathers of one function's parameter windows.
class GatherPlacer {
public:
  explicit GatherPlacer(FunctionWindows &windows) : windows(windows) {}
  void run();

private:
  /// Launches that use a window between one gather and the next.
  struct Cluster {
    WindowUses window;
    int64_t first;
    int64_t last;
    size_t number;     // of those with an equal first use
    int64_t start = 0; // the launch before which it is gathered
  };
  enum class Distance { Near, Apart, Far };
  Distance measure(WindowUses &window, int64_t from, int64_t to);
  void cut(WindowUses &window);
  WindowUses gatherAgain(WindowUses &window, ArrayRef<tile::LaunchOp> users);
  int64_t findBeginBefore(int64_t launch) const;
  void startEarly();
  void overtakeSums(Operation *launch);

  FunctionWindows &windows;
  std::vector<Cluster> clusters;
  /// Where a window is used for the first time, or again after others.
  SmallVector<int64_t> begins;
};

} // namespace

void SumPlacer::finish(Sum &sum, Operation *before) {
  sum.collective->wait->moveBefore(before);
  for (tile::LaunchOp add : sum.collective->users)
    add->moveBefore(before);
}

void SumPlacer::remarkOverlap(Sum &sum) {
  int64_t launch = windows.numberOf(sum.writer);
  remark::analysis(sum.writer.getLoc(),
                   remark::RemarkOpts::name("overlap").category("distribution"))
      << remark::add("gradients {0} to {1} of '{2}' are complete after launch "
                     "{3} of {4}",
                     sum.collective->first,
                     sum.collective->first + sum.collective->elements,
                     sum.window->op.getUnit(), launch + 1,
                     windows.launches.size());
}

void SumPlacer::run() {
  SmallVector<Sum> sums;
  DenseMap<Operation *, SmallVector<WindowUses *, 1>> begins;
  for (WindowUses &window : windows.windows) {
    if (window.sums.empty())
      continue;
    begins[windows.launches[window.firstUse()]].push_back(&window);
    for (WindowCollective &sum : window.sums)
      sums.push_back({&sum, &window, window.lastUserOf(sum)});
  }
  // Those of one writer start in the order of storage.
  auto keyOf = [&](const Sum &sum) {
    return std::make_tuple(windows.numberOf(sum.writer), sum.window,
                           sum.collective->first);
  };
  llvm::sort(sums,
             [&](const Sum &a, const Sum &b) { return keyOf(a) < keyOf(b); });

  auto next = sums.begin();
  SmallVector<Sum> pending;
  for (tile::LaunchOp launch : windows.launches) {
    if (auto found = begins.find(launch); found != begins.end()) {
      // Of those that are under way the latest window's alone is left: a new
      // window takes the place of the one before.
      WindowUses *latest = pending.empty() ? nullptr : pending.back().window;
      for (Sum &sum : pending)
        if (sum.window != latest)
          finish(sum, launch);
      llvm::erase_if(pending, [&](Sum &sum) { return sum.window != latest; });
      for (WindowUses *window : found->second)
        window->zero->moveBefore(launch);
    }
    Operation *behind = launch;
    for (; next != sums.end() && next->writer == launch; ++next) {
      next->collective->start->moveAfter(behind);
      behind = next->collective->start;
      pending.push_back(*next);
      remarkOverlap(*next);
    }
  }
  for (Sum &sum : pending)
    finish(sum, windows.function.getBody().front().getTerminator());
}

/// A window of less than such a part of another's is in nobody's way: the norms
/// are used between any two uses of a layer's matrices.
static constexpr int64_t kLeastPart = 32;

/// How far two uses of a window lie from each other: apart with two others in
/// between, and far if these need more room than it does. Then its place is
/// better given away.
GatherPlacer::Distance GatherPlacer::measure(WindowUses &window, int64_t from,
                                             int64_t to) {
  int64_t others = 0, elements = 0;
  for (WindowUses &other : windows.windows) {
    if (other.op == window.op || other.gathers.empty() ||
        !other.isUsedBetween(from, to))
      continue;
    others += other.elements() * kLeastPart >= window.elements();
    elements += other.elements();
  }
  if (others < 2)
    return Distance::Near;
  return elements > window.elements() ? Distance::Far : Distance::Apart;
}

/// The window and its gathers again, for the launches `users`.
WindowUses GatherPlacer::gatherAgain(WindowUses &window,
                                     ArrayRef<tile::LaunchOp> users) {
  IRMapping again;
  OpBuilder builder(window.op->getContext());
  builder.setInsertionPointAfter(window.op);
  WindowUses copy = window;
  copy.op = cast<dist::WindowOp>(builder.clone(*window.op, again));
  for (Operation *handle : window.handles)
    builder.clone(*handle, again);
  for (auto [gather, from] : llvm::zip_equal(copy.gathers, window.gathers)) {
    gather.start = builder.clone(*from.start, again);
    gather.wait = cast<dist::WaitOp>(builder.clone(*from.wait, again));
  }
  for (tile::LaunchOp user : users)
    for (OpOperand &operand : user->getOpOperands())
      operand.set(again.lookupOrDefault(operand.get()));
  return copy;
}

void GatherPlacer::cut(WindowUses &window) {
  ArrayRef<int64_t> uses = window.uses;
  // From the end, so that what is left is the first cluster.
  size_t end = uses.size();
  for (size_t at = end; at-- > 0;) {
    Distance distance =
        at ? measure(window, uses[at - 1], uses[at]) : Distance::Far;
    if (distance != Distance::Near)
      begins.push_back(uses[at]);
    if (distance != Distance::Far)
      continue;
    Cluster cluster{window, uses[at], uses[end - 1], clusters.size()};
    if (at > 0) {
      SmallVector<tile::LaunchOp> users;
      for (int64_t use : uses.slice(at, end - at))
        users.push_back(windows.launches[use]);
      cluster.window = gatherAgain(window, users);
    }
    clusters.push_back(cluster);
    end = at;
  }
}

int64_t GatherPlacer::findBeginBefore(int64_t launch) const {
  const auto *next = llvm::lower_bound(begins, launch);
  return next == begins.begin() ? 0 : *std::prev(next);
}

/// A window may come earlier where it then lies in the place of one that is no
/// longer used: blocks of a layer differ in size, and so in what hides behind
/// them, and in the backward pass they come in pairs. It takes no more than the
/// most that windows take since the begin before the one it would start at.
void GatherPlacer::startEarly() {
  // Elements of those that were placed, by launch.
  std::vector<int64_t> alive(windows.launches.size());
  int64_t before = 0; // gathers start in the order of their uses
  for (Cluster &cluster : clusters) {
    int64_t elements = cluster.window.elements();
    for (int64_t at = cluster.start; at <= cluster.last; ++at)
      alive[at] += elements;
    int64_t since = findBeginBefore(cluster.start);
    int64_t most = *std::max_element(alive.begin() + since,
                                     alive.begin() + cluster.first + 1);
    while (cluster.start > std::max(before, since) &&
           alive[cluster.start - 1] + elements <= most)
      alive[--cluster.start] += elements;
    before = cluster.start;
  }
}

/// Collectives run one behind the other, and what is gathered is needed sooner
/// than a sum: sums that start a launch or two before gathers, which stand
/// before `launch`, start behind them.
void GatherPlacer::overtakeSums(Operation *launch) {
  constexpr int mostLaunches = 2;
  SmallVector<Operation *> sums;
  llvm::SmallPtrSet<Operation *, 8> waits;
  int passed = 0;
  for (Operation *op = launch->getPrevNode(); op && passed <= mostLaunches;
       op = op->getPrevNode()) {
    if (isa<tile::LaunchOp>(op))
      ++passed;
    else if (isa<dist::WaitOp>(op))
      waits.insert(op);
    else if (isa<dist::ReduceScatterStartOp>(op) &&
             !waits.contains(*op->user_begin()))
      sums.push_back(op);
  }
  for (Operation *sum : llvm::reverse(sums))
    sum->moveBefore(launch);
}

void GatherPlacer::run() {
  for (WindowUses &window : windows.windows)
    if (!window.gathers.empty())
      cut(window);
  llvm::sort(clusters, [](const Cluster &a, const Cluster &b) {
    return std::tie(a.first, a.number) < std::tie(b.first, b.number);
  });
  llvm::sort(begins);
  // While the one before is used this one comes.
  for (Cluster &cluster : clusters)
    cluster.start = findBeginBefore(cluster.first);
  startEarly();
  for (Cluster &cluster : clusters) {
    Operation *start = windows.launches[cluster.start];
    for (WindowCollective &gather : cluster.window.gathers)
      gather.start->moveBefore(start);
    overtakeSums(start);
    remark::analysis(
        cluster.window.op.getLoc(),
        remark::RemarkOpts::name("gather").category("distribution"))
        << remark::add("parameters of '{0}' are gathered from launch {1} on "
                       "for launches {2} to {3} of {4}",
                       cluster.window.op.getUnit(), cluster.start + 1,
                       cluster.first + 1, cluster.last + 1,
                       windows.launches.size());
  }
  // Behind what is started at the same place: that must not wait for these.
  for (Cluster &cluster : clusters)
    for (WindowCollective &gather : cluster.window.gathers)
      gather.wait->moveBefore(windows.launches[cluster.first]);
}

namespace {
struct PlaceWindows : llmc::impl::PlaceWindowsBase<PlaceWindows> {
  using PlaceWindowsBase::PlaceWindowsBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      FailureOr<FunctionWindows> windows = FunctionWindows::find(function);
      if (failed(windows))
        return signalPassFailure();
      SumPlacer(*windows).run();
      GatherPlacer(*windows).run();
    }
  }
};
} // namespace
