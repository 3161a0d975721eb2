//===- StepTime.cpp - how long a planned step takes -----------------------===//

#include "compiler/Schedule/StepTime.h"

#include "dialects/Dist/Dist.h"
#include "dialects/Tile/Tile.h"

#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace llmc;

static int64_t bytesOf(Value place) {
  auto type = cast<MemRefType>(place.getType());
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

/// What a collective works on as a whole: of its ends the larger one.
static int64_t getWholeBytes(plan::StartOp start) {
  return std::max(bytesOf(start.getSource()), bytesOf(start.getDestination()));
}

static FunctionTime simulate(plan::FuncOp function, SymbolTable &symbols,
                             const LinkModel &link, int64_t ranks) {
  FunctionTime time;
  double kernels = 0, collectives = 0; // the streams' clocks
  double copies[2] = {};               // of each direction
  llvm::DenseMap<Value, size_t> started;
  llvm::DenseMap<Value, double> copied; // when each copy ends
  for (Operation &op : function.getBody().front()) {
    if (auto launch = dyn_cast<plan::LaunchOp>(op)) {
      auto predicted = symbols.lookup(launch.getKernel())
                           ->getAttrOfType<FloatAttr>("predicted_us");
      double seconds = predicted ? predicted.getValueAsDouble() * 1e-6 : 0;
      kernels += seconds;
      time.compute += seconds;
    } else if (auto start = dyn_cast<plan::StartOp>(op)) {
      int64_t bytes = getWholeBytes(start);
      CollectiveTime collective;
      collective.kind = stringifyCollectiveKind(start.getKind()).str();
      collective.bytes = LinkModel::getSentBytes(start.getKind(), bytes, ranks);
      // What it reads is complete once the kernels before it are.
      collective.begin = std::max(kernels, collectives);
      collective.end =
          collective.begin + link.getSeconds(start.getKind(), bytes, ranks);
      collectives = collective.end;
      started[start.getPending()] = time.collectives.size();
      time.collectives.push_back(collective);
    } else if (auto copy = dyn_cast<plan::CopyOp>(op)) {
      double &clock = copies[static_cast<unsigned>(copy.getDirection())];
      clock = std::max(kernels, clock) +
              static_cast<double>(bytesOf(copy.getSource())) /
                  link.copyBytesPerSecond;
      copied[copy.getPending()] = clock;
    } else if (auto wait = dyn_cast<plan::WaitOp>(op)) {
      if (auto copy = copied.find(wait.getPending()); copy != copied.end()) {
        double exposed = std::max(0.0, copy->second - kernels);
        time.exposed += exposed;
        kernels += exposed;
        continue;
      }
      CollectiveTime &collective =
          time.collectives[started.lookup(wait.getPending())];
      collective.exposed = std::max(0.0, collective.end - kernels);
      time.exposed += collective.exposed;
      kernels += collective.exposed;
    }
  }
  return time;
}

int64_t FunctionTime::sentBytes() const {
  int64_t bytes = 0;
  for (const CollectiveTime &collective : collectives)
    bytes += collective.bytes;
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
    return function ? simulate(function, symbols, link, step.ranks)
                    : FunctionTime();
  };
  step.evaluate = timeOf("evaluate");
  step.microStep = timeOf("micro_step");
  step.lastMicroStep = symbols.lookup("last_micro_step")
                           ? timeOf("last_micro_step")
                           : step.microStep;
  step.update = timeOf("update");
  return step;
}

double StepTime::backward() const {
  return (accumulation - 1) * microStep.compute + lastMicroStep.compute -
         forward();
}

double StepTime::exposed() const {
  return (accumulation - 1) * microStep.exposed + lastMicroStep.exposed +
         update.exposed;
}

int64_t StepTime::sentBytes() const {
  return (accumulation - 1) * microStep.sentBytes() +
         lastMicroStep.sentBytes() + update.sentBytes();
}
