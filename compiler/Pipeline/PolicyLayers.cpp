//===- PolicyLayers.cpp - how many layers are computed again --------------===//
//
// A layer that is not computed again spares its forward pass and keeps what
// that pass leaves: memory and time change by about as much with each layer. So
// two plans, none of the layers computed again and all of them, tell how many
// fit and how fast that is, before more is planned.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline/PolicySearch.h"

#include "compiler/Support/RecomputePolicy.h"
#include "dialects/Model/Model.h"

#include "llvm/ADT/DenseSet.h"

#include <cmath>

using namespace mlir;
using namespace llmc;

/// Layers of a module after Step.
static int64_t countLayers(ModuleOp module) {
  llvm::DenseSet<Attribute> layers;
  module.walk([&](Operation *op) {
    if (Attribute layer = op->getAttr(model::kLayerName))
      layers.insert(layer);
  });
  return layers.size();
}

/// Which part of the way from `tooLarge` to `fitting` memory ends.
static double findShare(const PlannedPolicy &tooLarge,
                        const PlannedPolicy &fitting,
                        const MemoryLimits &limits) {
  double share = 0;
  auto consider = [&](int64_t large, int64_t small,
                      std::optional<int64_t> limit) {
    if (limit && large > *limit)
      share = std::max(share, double(large - *limit) / (large - small));
  };
  consider(tooLarge.deviceBytes, fitting.deviceBytes, limits.device);
  consider(tooLarge.hostBytes, fitting.hostBytes, limits.host);
  return share;
}

/// Finds the fewest layers with which `candidate` fits, if all of them do and
/// it looks as if that were the fastest.
void PolicySearch::planLayers(PipelineOptions candidate) {
  candidate.recompute = "ops";
  PipelineOptions least = candidate;
  least.recompute = "layer";
  if (!isWorthIt(candidate) || !fits(least))
    return;
  const PlannedPolicy *fitting = &plan(least), *tooLarge = &plan(candidate);
  if (tooLarge->fits() || !tooLarge->failure.empty())
    return;
  double share = findShare(*tooLarge, *fitting, limits);
  double secondsPerToken = (1 - share) / tooLarge->time.tokensPerSecond() +
                           share / fitting->time.tokensPerSecond();
  if (1 / secondsPerToken < getBest()->time.tokensPerSecond())
    return;

  int64_t few = 0, many = countLayers(*steps.begin()->second);
  while (many - few > 1) {
    share = findShare(*tooLarge, *fitting, limits);
    int64_t count = std::clamp<int64_t>(few + std::ceil(share * (many - few)),
                                        few + 1, many - 1);
    RecomputePolicy policy = {/*ops=*/true, static_cast<uint64_t>(count)};
    candidate.recompute = policy.str();
    const PlannedPolicy &planned = plan(candidate);
    (planned.fits() ? many : few) = count;
    (planned.fits() ? fitting : tooLarge) = &planned;
  }
}

/// Where all layers are computed again to fit, some need not be, most of all
/// with a smaller micro-batch and with more on the host.
void PolicySearch::refineLayers() {
  if (options.recompute != "auto" || !options.isCuda() || !getBest() ||
      getBest()->options.recompute != "layer")
    return;
  const PipelineOptions found = getBest()->options;
  PipelineOptions candidate = found;
  candidate.autoOffload = options.autoOffload;
  SmallVector<OffloadSet> offloads = getOffloads(candidate);
  candidate.autoOffload = false;
  for (OffloadSet offload : offloads) {
    if (!offload.includes(found.offload))
      continue;
    candidate.offload = offload;
    for (int64_t quarters : {4, 3, 2}) {
      candidate.batch = found.batch * quarters / 4;
      if (quarters == 4 || (!options.batch && found.batch * quarters % 4 == 0))
        planLayers(candidate);
    }
  }
}
