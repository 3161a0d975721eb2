//===- OffloadGradients.cpp - gradients in the host's memory --------------===//
//
//   %g = train.ref gradient @w       %w = dist.window "w"
//   tile.launch @a(..)               %in = dist.to_device_start %sum into %w
//   tile.launch @grad(.., %g)    ->  tile.launch @a(..)
//   tile.launch @b(..)               dist.wait %in
//                                    tile.launch @grad(.., part of %w)
//                                    %out = dist.to_host_start %w into %sum
//                                    tile.launch @b(..)
//                                    dist.wait %out
//
// After Fusion and Schedule: which launches add to a gradient is known only
// then, and the kernels are those of a program without offload. What
// @first_micro_step stores does not come from the host, it only goes there.
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/Buckets.h"
#include "compiler/Distribution/LaunchTimes.h"
#include "compiler/Distribution/Passes.h"
#include "dialects/Tile/Tile.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

namespace llmc {
#define GEN_PASS_DEF_OFFLOADGRADIENTS
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {

/// Gradients that share a window: consecutive elements of storage.
struct Group {
  std::string name;
  bool isMatrix = false;
  int64_t begin = 0;
  int64_t end = 0;
  SmallVector<std::pair<train::RefOp, int64_t>> refs; // and where they begin
  tile::LaunchOp first, last;                         // that work on them
};

class Offloader {
public:
  Offloader(func::FuncOp function, bool isFirst)
      : function(function), isFirst(isFirst),
        symbols(function->getParentOfType<ModuleOp>()),
        b(function.getLoc(), OpBuilder(function)) {}

  void run(int64_t elements, const LinkModel &link);

private:
  SmallVector<Group> findGroups();
  /// Before which launches they are brought.
  SmallVector<Operation *> findStarts(ArrayRef<Group> groups,
                                      const LinkModel &link);
  /// The window of a group, at its handles' place; returns it and its home.
  std::pair<Value, Value> open(const Group &group, Value storage);
  void wait(Value pending, Operation *before);
  /// What a first micro-step stores does not come. The padding between vectors
  /// is zero, and has to stay so.
  bool comes(const Group &group) const { return !isFirst || !group.isMatrix; }

  func::FuncOp function;
  bool isFirst;
  SymbolTable symbols;
  ImplicitLocOpBuilder b;
};

} // namespace

/// A matrix has a window of its own; vectors are small, and most of a step's
/// launches add to one, so that all of them share one. That has the padding
/// between them, too.
SmallVector<Group> Offloader::findGroups() {
  llvm::MapVector<Operation *, Group> groups; // null: of the vectors
  for (auto ref : function.getOps<train::RefOp>()) {
    if (ref.getSlot() != train::Slot::Gradient)
      continue;
    auto variable = symbols.lookup<train::VariableOp>(ref.getVariable());
    auto begin = static_cast<int64_t>(variable.getOffset());
    int64_t end = begin + cast<ShapedType>(ref.getType()).getNumElements();
    bool isMatrix = variable.getDecay();
    Group &group = groups[isMatrix ? variable.getOperation() : nullptr];
    if (group.refs.empty()) {
      group.name = isMatrix ? variable.getName().str() : "norms and biases";
      group.begin = begin;
      group.isMatrix = isMatrix;
    }
    group.begin = std::min(group.begin, begin);
    group.end = std::max(group.end, end);
    group.refs.push_back({ref, begin});
    for (Operation *user : ref->getUsers()) {
      auto launch = cast<tile::LaunchOp>(user);
      if (!group.first || launch->isBeforeInBlock(group.first))
        group.first = launch;
      if (!group.last || group.last->isBeforeInBlock(launch))
        group.last = launch;
    }
  }
  SmallVector<Group> sorted;
  for (auto &[variable, group] : groups)
    if (group.first)
      sorted.push_back(std::move(group));
  llvm::sort(sorted, [](const Group &a, const Group &b) {
    return a.first == b.first ? a.begin < b.begin
                              : a.first->isBeforeInBlock(b.first);
  });
  return sorted;
}

std::pair<Value, Value> Offloader::open(const Group &group, Value storage) {
  b.setInsertionPointAfter(storage.getDefiningOp());
  auto type = cast<RankedTensorType>(storage.getType())
                  .clone({group.end - group.begin});
  Value window = dist::WindowOp::create(b, type, group.name);
  for (auto [ref, begin] : group.refs) {
    Value part =
        dist::RangeOp::create(b, ref.getType(), window, begin - group.begin);
    ref.getValue().replaceAllUsesWith(part);
    ref->erase();
  }
  return {window, dist::RangeOp::create(b, type, storage, group.begin)};
}

/// While the one before begins to be added to, or earlier: by the predicted
/// times a copy, and those that follow, have to be there when they are needed.
/// (A head's window is the first one, and larger than what hides it.) But no
/// earlier than two copies of the same size before that: where the bus is too
/// slow for all of them, they would fill the device.
SmallVector<Operation *> Offloader::findStarts(ArrayRef<Group> groups,
                                               const LinkModel &link) {
  SmallVector<Operation *> starts;
  for (size_t i = 0; i != groups.size(); ++i)
    starts.push_back(groups[i ? i - 1 : 0].first);
  std::optional<LaunchTimes> times = LaunchTimes::find(function, symbols, link);
  if (!times)
    return starts;
  auto launches = llvm::to_vector(function.getOps<tile::LaunchOp>());
  llvm::DenseMap<Operation *, size_t> numbers;
  for (auto [number, launch] : llvm::enumerate(launches))
    numbers[launch] = number;
  ArrayRef<double> begins = times->begins;
  double next = begins.back();
  SmallVector<size_t> before(groups.size()); // which launch each starts
  for (size_t i = groups.size(); i-- > 0;) {
    const Group &group = groups[i];
    before[i] = numbers.at(starts[i]);
    if (!comes(group))
      continue;
    int64_t bytes = 4 * (group.end - group.begin);
    double seconds = kCopyMargin * link.getCopySeconds(bytes);
    double needed = begins[numbers.at(group.first)];
    next = std::max(std::min(needed, next) - seconds, needed - 2 * seconds);
    const double *after = llvm::upper_bound(begins, std::max(next, 0.0));
    before[i] = std::min<size_t>(before[i], after - begins.begin() - 1);
  }
  // In the order in which they are needed.
  for (size_t i = 1; i < groups.size(); ++i)
    before[i] = std::max(before[i], before[i - 1]);
  for (auto [start, number] : llvm::zip_equal(starts, before))
    start = launches[number];
  return starts;
}

void Offloader::wait(Value pending, Operation *before) {
  b.setInsertionPoint(before);
  dist::WaitOp::create(b, pending);
}

void Offloader::run(int64_t elements, const LinkModel &link) {
  SmallVector<Group> groups = findGroups();
  SmallVector<Operation *> starts = findStarts(groups, link);
  Block &body = function.getBody().front();
  b.setInsertionPointToStart(&body);
  Value storage = train::FlatOp::create(
      b, RankedTensorType::get({elements}, b.getF32Type()),
      train::Slot::Gradient, /*sharded=*/false, /*host=*/true);
  int64_t largest = 0;
  for (size_t i = 0; i != groups.size(); ++i) {
    const Group &group = groups[i];
    largest = std::max(largest, group.end - group.begin);
    auto [window, home] = open(group, storage);
    b.setLoc(group.first->getLoc());
    if (comes(group)) {
      b.setInsertionPoint(starts[i]);
      wait(dist::ToDeviceStartOp::create(b, home, window), group.first);
    }
    b.setInsertionPointAfter(group.last);
    Value out = dist::ToHostStartOp::create(b, window, home);
    // The place is free for the next one but one.
    size_t next = i + 1;
    while (next < groups.size() &&
           !group.last->isBeforeInBlock(groups[next].first))
      ++next;
    wait(out, next + 1 < groups.size() ? groups[next + 1].first
                                       : body.getTerminator());
  }
  remark::analysis(function.getLoc(),
                   remark::RemarkOpts::name("offload").category("distribution"))
      << remark::add("@{0}: {1} windows of gradients of at most {2} bytes {3}",
                     function.getSymName(), groups.size(), 4 * largest,
                     isFirst ? "go to the host"
                             : "come from the host and go back");
}

namespace {
struct OffloadGradients : llmc::impl::OffloadGradientsBase<OffloadGradients> {
  using OffloadGradientsBase::OffloadGradientsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    int64_t elements = dist::countStoredElements(module);
    auto function = module.lookupSymbol<func::FuncOp>("micro_step");
    if (elements == 0 || !function || dist::findMesh(module)) {
      module.emitError("expected dist.buckets of one rank and a function "
                       "@micro_step");
      return signalPassFailure();
    }
    FailureOr<LinkModel> found = findLink(module, link);
    if (failed(found))
      return signalPassFailure();
    Offloader(function, /*isFirst=*/false).run(elements, *found);
    if (auto first = module.lookupSymbol<func::FuncOp>("first_micro_step"))
      Offloader(first, /*isFirst=*/true).run(elements, *found);
  }
};
} // namespace
