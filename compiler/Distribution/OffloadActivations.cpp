//===- OffloadActivations.cpp - activations wait in the host's memory -----===//
//
//   %x = tile.launch @layer(..)     %x = tile.launch @layer(..)
//   tile.launch @next(%x)           tile.launch @next(%x)
//   ..                              %out = dist.to_host_start %x into %home
//   ..                         ->   ..
//   ..                              dist.wait %out
//   ..                              ..
//   ..                              %in = dist.to_device_start %home into %w
//   ..                              dist.wait %in
//   tile.launch @grad(%x)           tile.launch @grad(%w)
//
// Behind all else that Distribution does, when launches are final. What leaves,
// and when, is a policy of its own: SavedActivations.
//
//===----------------------------------------------------------------------===//

#include "compiler/Distribution/LaunchTimes.h"
#include "compiler/Distribution/Passes.h"
#include "compiler/Distribution/SavedActivations.h"
#include "compiler/Support/TypeBytes.h"
#include "dialects/Tile/RowPitch.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

namespace llmc {
#define GEN_PASS_DEF_OFFLOADACTIVATIONS
#include "compiler/Distribution/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

/// Bytes to which places on the host are aligned, as arenas are.
static constexpr int64_t kSavedAlignment = 64;
/// Launches that a copy takes where no model predicts times.
static constexpr double kCopyLaunches = 2;

namespace {

class ActivationOffloader {
public:
  ActivationOffloader(func::FuncOp function, SymbolTable &symbols)
      : function(function), symbols(symbols),
        b(function.getLoc(), OpBuilder(function)) {}

  void run(const LinkModel &link, int64_t mostBytes);

private:
  void findLaunches();
  void findTensors();
  std::vector<HostStay> choose(const LinkModel &link, int64_t mostBytes) const;
  bool mayLeave(OpResult result);
  void leave(const HostStay &stay, int64_t first);
  void comeBack(ArrayRef<HostStay> stays);

  func::FuncOp function;
  SymbolTable &symbols;
  ImplicitLocOpBuilder b;
  SmallVector<tile::LaunchOp> launches;
  llvm::DenseMap<Operation *, int64_t> numbers;
  std::vector<SavedTensor> tensors;
  std::vector<OpResult> values;        // of the tensors
  llvm::DenseMap<size_t, Value> homes; // of those that leave
};

} // namespace

void ActivationOffloader::findLaunches() {
  for (auto launch : function.getOps<tile::LaunchOp>()) {
    numbers[launch] = launches.size();
    launches.push_back(launch);
  }
}

/// Not what is, or is made up of, parts of another place, and not rows with
/// gaps: a copy moves bytes that lie one behind the other.
bool ActivationOffloader::mayLeave(OpResult result) {
  auto launch = cast<tile::LaunchOp>(result.getOwner());
  auto kernel = symbols.lookup<tile::FuncOp>(launch.getKernel());
  return isa<FloatType>(getElementTypeOrSelf(result)) &&
         llvm::all_of(result.getUsers(), llvm::IsaPred<tile::LaunchOp>) &&
         tile::getResultStorage(kernel, result.getResultNumber())
             .getLayout()
             .isIdentity();
}

void ActivationOffloader::findTensors() {
  for (tile::LaunchOp launch : launches)
    for (OpResult result : launch->getResults()) {
      SavedTensor tensor;
      tensor.bytes = getElementBytes(cast<ShapedType>(result.getType()));
      tensor.mayLeave = mayLeave(result);
      tensor.uses.push_back(numbers.lookup(launch));
      for (Operation *user : result.getUsers())
        if (isa<tile::LaunchOp>(user))
          tensor.uses.push_back(numbers.lookup(user));
      llvm::sort(tensor.uses);
      tensors.push_back(std::move(tensor));
      values.push_back(result);
    }
}

void ActivationOffloader::leave(const HostStay &stay, int64_t first) {
  OpResult value = values[stay.tensor];
  b.setLoc(value.getLoc());
  b.setInsertionPointAfter(launches[stay.leavesBehind]);
  Value home = dist::SavedOp::create(b, value.getType(), first);
  Value out = dist::ToHostStartOp::create(b, value, home);
  b.setInsertionPoint(launches[stay.goneBefore]);
  dist::WaitOp::create(b, out);
  homes[stay.tensor] = home;
}

void ActivationOffloader::comeBack(ArrayRef<HostStay> stays) {
  SmallVector<Value> arriving;
  for (const HostStay &stay : stays) {
    OpResult value = values[stay.tensor];
    auto made = cast<tile::LaunchOp>(value.getOwner());
    b.setLoc(value.getLoc());
    b.setInsertionPoint(launches[stay.bringBefore]);
    Value window = dist::WindowOp::create(b, value.getType(), made.getKernel());
    arriving.push_back(
        dist::ToDeviceStartOp::create(b, homes[stay.tensor], window));
    value.replaceUsesWithIf(window, [&](OpOperand &use) {
      return isa<tile::LaunchOp>(use.getOwner()) &&
             numbers.lookup(use.getOwner()) >= stay.backBefore;
    });
  }
  // Behind what is started at the same place: that must not wait for these.
  for (auto [stay, in] : llvm::zip_equal(stays, arriving)) {
    b.setInsertionPoint(launches[stay.backBefore]);
    dist::WaitOp::create(b, in);
  }
}

std::vector<HostStay> ActivationOffloader::choose(const LinkModel &link,
                                                  int64_t mostBytes) const {
  BusTimes times;
  std::optional<LaunchTimes> predicted =
      LaunchTimes::find(function, symbols, link);
  if (!predicted) {
    for (size_t launch = 0; launch <= launches.size(); ++launch)
      times.begins.push_back(launch);
    times.copySeconds = [](int64_t) { return kCopyLaunches; };
    return chooseHostStays(times, tensors, mostBytes);
  }
  times.begins = predicted->begins;
  for (const BusClock::Share &share : predicted->toHost)
    times.toHost.limit(share.begin, share.end, share.share);
  for (const BusClock::Share &share : predicted->toDevice)
    times.toDevice.limit(share.begin, share.end, share.share);
  auto copySeconds = [&](int64_t bytes) { return link.getCopySeconds(bytes); };
  times.copySeconds = copySeconds;
  return chooseHostStays(times, tensors, mostBytes);
}

void ActivationOffloader::run(const LinkModel &link, int64_t mostBytes) {
  findLaunches();
  findTensors();
  std::vector<HostStay> stays = choose(link, mostBytes);
  int64_t bytes = 0;
  SmallVector<int64_t> places;
  for (const HostStay &stay : stays) {
    places.push_back(bytes);
    bytes += llvm::alignTo(tensors[stay.tensor].bytes, kSavedAlignment);
  }
  // Of those that leave behind one launch the first one last, so that it stands
  // first.
  for (size_t index = stays.size(); index-- > 0;)
    leave(stays[index], places[index]);
  llvm::sort(stays, [](const HostStay &a, const HostStay &b) {
    return std::tie(a.backBefore, a.tensor) < std::tie(b.backBefore, b.tensor);
  });
  comeBack(stays);
  remark::analysis(function.getLoc(),
                   remark::RemarkOpts::name("offload").category("distribution"))
      << remark::add("@{0}: {1} activations, {2} bytes, wait on the host while "
                     "launch {3} of {4} runs",
                     function.getSymName(), stays.size(), bytes,
                     findPeak(launches.size(), tensors) + 1, launches.size());
}

namespace {
struct OffloadActivations
    : llmc::impl::OffloadActivationsBase<OffloadActivations> {
  using OffloadActivationsBase::OffloadActivationsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<LinkModel> found = findLink(module, link);
    if (failed(found))
      return signalPassFailure();
    if (rate < 0 || latency < 0) {
      module.emitError("expected a rate and a latency of at least 0, found ")
          << rate << " and " << latency;
      return signalPassFailure();
    }
    if (mostBytes < 0) {
      module.emitError("expected at least 0 bytes on the host, found ")
          << mostBytes.getValue();
      return signalPassFailure();
    }
    if (rate > 0) {
      found->copyBytesPerSecond = rate;
      found->copyLatency = latency;
    }
    if (!module.lookupSymbol<func::FuncOp>("micro_step")) {
      module.emitError("expected a function @micro_step");
      return signalPassFailure();
    }
    SymbolTable symbols(module);
    // Each runs alone, so that they share the places on the host.
    for (auto function : module.getOps<func::FuncOp>())
      if (function.getSymName().ends_with("micro_step"))
        ActivationOffloader(function, symbols).run(*found, mostBytes);
  }
};
} // namespace
