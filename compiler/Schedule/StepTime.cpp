//===- StepTime.cpp - how long a planned step takes -----------------------===//

#include "compiler/Schedule/StepTime.h"

#include "compiler/Support/BusClock.h"
#include "compiler/Support/TypeBytes.h"
#include "dialects/Dist/Dist.h"
#include "dialects/Tile/Tile.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llmc;

static int64_t getBytes(Value place) {
  return getElementBytes(cast<ShapedType>(place.getType()));
}

/// What a collective works on as a whole: of its ends the larger one.
static int64_t getWholeBytes(plan::StartOp start) {
  return std::max(getBytes(start.getSource()),
                  getBytes(start.getDestination()));
}

namespace {
/// The clocks of one run of a function.
class Simulation {
public:
  Simulation(SymbolTable &symbols, const LinkModel &link, int64_t ranks)
      : symbols(symbols), ranks(ranks), bus(link, ranks) {}

  FunctionTime run(plan::FuncOp function);

private:
  void launch(plan::LaunchOp op);
  void start(plan::StartOp op);
  void start(plan::CopyOp op);
  void wait(plan::WaitOp op);
  SymbolTable &symbols;
  int64_t ranks;
  FunctionTime time;
  BusClock bus;
  double kernels = 0; // their clock
  llvm::DenseMap<Value, size_t> started;
};
} // namespace

void Simulation::launch(plan::LaunchOp op) {
  Operation *kernel = symbols.lookup(op.getKernel());
  double seconds = tile::getPredictedMicroseconds(kernel).value_or(0) * 1e-6;
  kernels += seconds;
  time.compute += seconds;
}

void Simulation::start(plan::StartOp op) {
  int64_t bytes = getWholeBytes(op);
  TransferTime transfer;
  transfer.kind = stringifyCollectiveKind(op.getKind()).str();
  transfer.bytes = LinkModel::getSentBytes(op.getKind(), bytes, ranks);
  time.transfers.push_back(std::move(transfer));
  started[op.getPending()] = bus.startCollective(op.getKind(), bytes, kernels);
}

void Simulation::start(plan::CopyOp op) {
  TransferTime transfer;
  transfer.kind = stringifyCopyDirection(op.getDirection()).str();
  transfer.isCopy = true;
  transfer.bytes = getBytes(op.getSource());
  started[op.getPending()] =
      bus.startCopy(op.getDirection(), transfer.bytes, kernels);
  time.transfers.push_back(std::move(transfer));
}

void Simulation::wait(plan::WaitOp op) {
  size_t number = started.lookup(op.getPending());
  TransferTime &transfer = time.transfers[number];
  transfer.exposed = std::max(0.0, bus.finish(number) - kernels);
  (transfer.isCopy ? time.exposedCopies : time.exposed) += transfer.exposed;
  kernels += transfer.exposed;
}

FunctionTime Simulation::run(plan::FuncOp function) {
  for (Operation &op : function.getBody().front())
    llvm::TypeSwitch<Operation *>(&op)
        .Case([&](plan::LaunchOp op) { launch(op); })
        .Case<plan::StartOp, plan::CopyOp>([&](auto op) { start(op); })
        .Case([&](plan::WaitOp op) { wait(op); });
  for (auto [number, transfer] : llvm::enumerate(time.transfers)) {
    transfer.end = bus.finish(number);
    transfer.begin = bus.beginOf(number);
  }
  return std::move(time);
}

int64_t FunctionTime::sumBytes(bool copies) const {
  int64_t bytes = 0;
  for (const TransferTime &transfer : transfers)
    if (transfer.isCopy == copies)
      bytes += transfer.bytes;
  return bytes;
}

StepTime StepTime::build(ModuleOp module, const LinkModel &link,
                         int64_t tokens) {
  StepTime step;
  dist::MeshOp mesh = dist::findMesh(module);
  step.ranks = mesh ? static_cast<int64_t>(mesh.getRanks()) : 1;
  step.link = link.text;
  step.isNetwork = link.isNetwork;
  auto numberOf = [&](StringRef name) {
    auto value = module->getAttrOfType<IntegerAttr>(name);
    return value ? value.getInt() : 1;
  };
  step.batch = numberOf("llmc.batch");
  step.sequence = numberOf("llmc.sequence");
  step.accumulation =
      std::max<int64_t>(1, tokens / (step.ranks * step.batch * step.sequence));
  SymbolTable symbols(module);
  auto timeOf = [&](StringRef name) {
    auto function = symbols.lookup<plan::FuncOp>(name);
    return function ? Simulation(symbols, link, step.ranks).run(function)
                    : FunctionTime();
  };
  step.evaluate = timeOf("evaluate");
  step.update = timeOf("update");
  // The last one runs as those before where nothing else tells it apart.
  bool hasLast = symbols.lookup("last_micro_step") != nullptr;
  auto add = [&](StringRef name, int64_t count) {
    if (count > 0)
      step.microSteps.push_back({name.str(), count, timeOf(name)});
  };
  if (step.accumulation == 1) {
    add(hasLast ? "only_micro_step" : "first_micro_step", 1);
    return step;
  }
  add("first_micro_step", 1);
  add("micro_step", step.accumulation - (hasLast ? 2 : 1));
  if (hasLast)
    add("last_micro_step", 1);
  return step;
}

double StepTime::backward() const {
  return sum<double>([](const FunctionTime &time) { return time.compute; }) -
         update.compute - forward();
}

double StepTime::exposed() const {
  return sum<double>([](const FunctionTime &time) { return time.exposed; });
}

double StepTime::exposedCopies() const {
  return sum<double>(
      [](const FunctionTime &time) { return time.exposedCopies; });
}

int64_t StepTime::sentBytes() const {
  return sum<int64_t>(
      [](const FunctionTime &time) { return time.sentBytes(); });
}

int64_t StepTime::copiedBytes() const {
  return sum<int64_t>(
      [](const FunctionTime &time) { return time.copiedBytes(); });
}
