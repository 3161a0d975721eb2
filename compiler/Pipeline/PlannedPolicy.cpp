//===- PlannedPolicy.cpp - a policy, its memory and its time --------------===//

#include "compiler/Pipeline/PlannedPolicy.h"

#include "compiler/Schedule/Chip.h"
#include "compiler/Support/LinkModel.h"
#include "runtime/abi/NcclMemory.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Threading.h"

using namespace mlir;
using namespace llmc;

MemoryLimits llmc::withUsualBoard(MemoryLimits limits,
                                  const PipelineOptions &options) {
  if (!limits.device && options.isCuda() && options.arch != "emulated")
    limits.device = findChip(options.arch)->memoryBytes;
  return limits;
}

int64_t MemoryLimits::countThreads() const {
  return threads ? threads
                 : llvm::hardware_concurrency().compute_thread_count();
}

std::string PlannedPolicy::describe() const {
  std::string text;
  if (options.ranks > 1)
    text = llvm::formatv("ZeRO {0}, ", options.getZero());
  if (!options.offload.empty())
    text += "offload " + options.offload.str() + ", ";
  return text + llvm::formatv("recompute {0}, batch {1}",
                              options.getRecompute(), options.getBatch())
                    .str();
}

int32_t llmc::ncclChannels(const PipelineOptions &options) {
  if (!options.isCuda() || options.ranks == 1)
    return 0;
  return LinkModel::find(options.link)->sharesWires ? kNcclPcieChannels
                                                    : kNcclNvlinkChannels;
}

int64_t llmc::ncclReserve(const PipelineOptions &options) {
  return ncclDeviceBytes(options.isCuda() ? options.ranks : 1,
                         ncclChannels(options));
}

int64_t llmc::deviceReserve(const PipelineOptions &options) {
  return options.isCuda() ? kDriverReserve + ncclReserve(options) : 0;
}

PlannedPolicy PlannedPolicy::build(ModuleOp module, const MemoryReport &report,
                                   const PipelineOptions &options,
                                   const MemoryLimits &limits) {
  PlannedPolicy policy;
  policy.options = options;
  policy.time = StepTime::build(module, *LinkModel::find(options.link),
                                options.stepTokens);
  policy.setMemory(report, limits);
  return policy;
}

void PlannedPolicy::setMemory(const MemoryReport &report,
                              const MemoryLimits &limits) {
  memory = report.getTotals();
  deviceBytes = memory.deviceBytes() + deviceReserve(options);
  hostBytes = options.ranks * memory.hostBytes();
  // Here the device is the host.
  if (!options.isCuda())
    hostBytes += options.ranks * memory.deviceBytes();
  auto excess = [](int64_t bytes, std::optional<int64_t> limit) {
    return limit ? std::max<int64_t>(0, bytes - *limit) : 0;
  };
  excessDevice = excess(deviceBytes, limits.device);
  excessHost = excess(hostBytes, limits.host);
}

bool PlannedPolicy::isFasterThan(const PlannedPolicy &other) const {
  if (time.isPredicted())
    return time.tokensPerSecond() > other.time.tokensPerSecond();
  if (time.sentBytes() != other.time.sentBytes())
    return time.sentBytes() < other.time.sentBytes();
  return options.getRecompute() == other.options.getRecompute() &&
         options.getBatch() > other.options.getBatch();
}
