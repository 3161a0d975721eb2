//===- LaunchTimes.cpp - when launches begin ------------------------------===//

#include "compiler/Distribution/LaunchTimes.h"

#include "compiler/Support/TypeBytes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llmc;

static int64_t getBytes(Value value) {
  return getElementBytes(cast<ShapedType>(value.getType()));
}

FailureOr<LinkModel> llmc::findLink(ModuleOp module, StringRef name) {
  if (std::optional<LinkModel> link = LinkModel::find(name))
    return *link;
  return module.emitError("expected one of ")
         << LinkModel::getNames() << ", or GB/s, as a link, found '" << name
         << "'";
}

std::optional<LaunchTimes> LaunchTimes::find(func::FuncOp function,
                                             SymbolTable &symbols,
                                             const LinkModel &link) {
  dist::MeshOp mesh = dist::findMesh(function);
  int64_t ranks = mesh ? static_cast<int64_t>(mesh.getRanks()) : 1;
  BusClock bus(link, ranks);
  LaunchTimes times;
  double kernels = 0;
  bool isTimed = true;
  llvm::DenseMap<Value, size_t> started;
  auto startCollective = [&](plan::CollectiveKind kind, Value pending,
                             int64_t bytes) {
    started[pending] = bus.startCollective(kind, bytes, kernels);
  };
  auto startCopy = [&](plan::CopyDirection direction, Value pending,
                       int64_t bytes) {
    started[pending] = bus.startCopy(direction, bytes, kernels);
  };
  for (Operation &op : function.getBody().front())
    llvm::TypeSwitch<Operation *>(&op)
        .Case([&](tile::LaunchOp op) {
          std::optional<double> predicted =
              tile::getPredictedMicroseconds(symbols.lookup(op.getKernel()));
          isTimed &= predicted.has_value();
          times.begins.push_back(kernels);
          kernels += predicted.value_or(0) * 1e-6;
        })
        .Case([&](dist::AllReduceStartOp op) {
          startCollective(plan::CollectiveKind::AllReduce, op.getPending(),
                          getBytes(op.getInput()));
        })
        .Case([&](dist::ReduceScatterStartOp op) {
          startCollective(plan::CollectiveKind::ReduceScatter, op.getPending(),
                          getBytes(op.getInput()));
        })
        .Case([&](dist::AllGatherStartOp op) {
          startCollective(plan::CollectiveKind::AllGather, op.getPending(),
                          ranks * getBytes(op.getInput()));
        })
        .Case([&](dist::ToHostStartOp op) {
          startCopy(plan::CopyDirection::ToHost, op.getPending(),
                    getBytes(op.getSource()));
        })
        .Case([&](dist::ToDeviceStartOp op) {
          startCopy(plan::CopyDirection::ToDevice, op.getPending(),
                    getBytes(op.getSource()));
        })
        .Case([&](dist::WaitOp op) {
          kernels =
              std::max(kernels, bus.finish(started.lookup(op->getOperand(0))));
        });
  if (!isTimed)
    return std::nullopt;
  times.begins.push_back(kernels);
  times.toHost = bus.findCopyShares(plan::CopyDirection::ToHost);
  times.toDevice = bus.findCopyShares(plan::CopyDirection::ToDevice);
  return times;
}
