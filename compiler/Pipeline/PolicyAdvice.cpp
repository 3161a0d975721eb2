//===- PolicyAdvice.cpp - what would make a plan fit ----------------------===//

#include "compiler/Pipeline/PolicySearch.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;

/// The shortest sequence that is advised.
static constexpr int64_t kLeastSequence = 256;
static constexpr int64_t kMostAdvisedRanks = 8;

/// The best policy under other options.
std::optional<PlannedPolicy>
PolicySearch::tryOptions(const PipelineOptions &options) {
  PolicySearch search(model, options, limits);
  search.run();
  if (const PlannedPolicy *best = search.getBest())
    return *best;
  return std::nullopt;
}

/// Whether the state that every policy left on a device is too much for it,
/// though it were shared by as many ranks as `changed` has: then no sequence or
/// micro-batch is of help. Of what was planned only, so that it costs nothing.
bool PolicySearch::hasTooMuchState(const PipelineOptions &changed) const {
  if (!options.isCuda() || !limits.device || !options.autoOffload ||
      options.zero != "auto" || options.recompute != "auto")
    return false;
  int64_t least = INT64_MAX;
  for (const PlannedPolicy &policy : planned)
    if (policy.failure.empty())
      least = std::min(least, policy.memory.stateBytes());
  return least / changed.ranks * options.ranks >
         *limits.device - deviceReserve(changed);
}

/// The best policy with as little more memory of the host as helps.
std::optional<PlannedPolicy>
PolicySearch::tryMoreHost(const PipelineOptions &options) {
  auto lacksHost = [](const PlannedPolicy &policy) {
    return policy.excessHost > 0;
  };
  if (limits.host
          ? llvm::none_of(planned, lacksHost) || hasTooMuchState(options)
          : !sparesHost())
    return std::nullopt;
  MemoryLimits more = limits;
  more.host = INT64_MAX;
  PolicySearch search(model, options, more);
  search.run();
  int64_t least = INT64_MAX;
  for (const PlannedPolicy &policy : search.planned)
    if (policy.fits())
      least = std::min(least, policy.hostBytes);
  const PlannedPolicy *best = nullptr;
  for (const PlannedPolicy &policy : search.planned)
    if (policy.fits() && policy.hostBytes == least &&
        (!best || policy.isFasterThan(*best)))
      best = &policy;
  // Else it is something else that lets it fit.
  if (best && least > limits.host.value_or(0))
    return *best;
  return std::nullopt;
}

std::vector<PolicySearch::Advice> PolicySearch::findAdvice() {
  std::vector<Advice> advice;
  // `change` says what was changed, given what the search made of it.
  using Describe = llvm::function_ref<std::string(const PipelineOptions &)>;
  auto consider = [&](const PipelineOptions &changed, Describe change) {
    std::optional<PlannedPolicy> policy = tryOptions(changed);
    if (policy)
      advice.push_back({change(policy->options), std::move(*policy)});
    return policy.has_value();
  };
  // Each thing that the user fixed and might leave open.
  PipelineOptions open = options;
  if (options.recompute != "auto") {
    PipelineOptions changed = options;
    open.recompute = changed.recompute = "auto";
    consider(changed, [](const PipelineOptions &found) {
      return "--recompute=" + found.recompute;
    });
  }
  if (options.batch > 1) {
    PipelineOptions changed = options;
    open.batch = changed.batch = 0;
    consider(changed, [](const PipelineOptions &found) {
      return llvm::formatv("--batch={0}", found.batch).str();
    });
  }
  if (options.zero != "auto" && options.ranks > 1) {
    PipelineOptions changed = options;
    open.zero = changed.zero = "auto";
    consider(changed, [](const PipelineOptions &found) {
      return "--zero=" + found.zero;
    });
  }
  if (!options.autoOffload && isAllowed(*OffloadSet::parse("optimizer"))) {
    PipelineOptions changed = options;
    open.autoOffload = changed.autoOffload = true;
    consider(changed, [](const PipelineOptions &found) {
      return "--offload=" + found.offload.str();
    });
  }
  // Then one thing beside all of these.
  bool isNarrow = options.getPrecision() == "bf16";
  bool canNarrowMasters = isNarrow && options.masters != "bf16" &&
                          !options.offload.has(OffloadKind::Masters);
  bool canNarrowMoments = isNarrow && options.moments != "bf16";
  auto withRest = [&](std::string change) {
    return [this, change](const PipelineOptions &found) {
      std::string text = change;
      if (options.recompute != "auto" && found.recompute != options.recompute)
        text += " --recompute=" + found.recompute;
      if (options.batch && found.batch != options.batch)
        text += llvm::formatv(" --batch={0}", found.batch);
      if (options.zero != "auto" && found.zero != options.zero)
        text += " --zero=" + found.zero;
      if (!options.autoOffload && found.offload.str() != options.offload.str())
        text += " --offload=" + found.offload.str();
      return StringRef(text).ltrim().str();
    };
  };
  if (advice.empty() && getKey(open) != getKey(options))
    consider(open, withRest(""));
  if (std::optional<PlannedPolicy> policy = tryMoreHost(open)) {
    int64_t bytes = policy->hostBytes;
    bool isLarge = bytes >= int64_t(4) << 30;
    std::string change = llvm::formatv(
        "--host={0}{1}",
        llvm::divideCeil(bytes, int64_t(1) << (isLarge ? 30 : 20)),
        isLarge ? "GiB" : "MiB");
    change = withRest(change)(policy->options);
    advice.push_back({std::move(change), std::move(*policy)});
  }
  // Where the shortest sequence does not fit, none does.
  PipelineOptions shortest = open;
  while (*shortest.sequence / 2 >= kLeastSequence)
    shortest.sequence = *shortest.sequence / 2;
  bool mayShorten = *shortest.sequence < *options.sequence &&
                    !hasTooMuchState(open) &&
                    PolicySearch(model, shortest, limits).canFit();
  for (int64_t sequence = *options.sequence / 2;
       mayShorten && sequence >= kLeastSequence; sequence /= 2) {
    PipelineOptions changed = open;
    changed.sequence = sequence;
    if (consider(changed, withRest(llvm::formatv("--seq={0}", sequence))))
      break;
  }
  bool narrowFits = false;
  if (canNarrowMoments) {
    PipelineOptions changed = open;
    changed.moments = "bf16";
    narrowFits = consider(changed, withRest("--moments=bf16"));
  }
  if (canNarrowMasters) {
    PipelineOptions changed = open;
    changed.masters = "bf16";
    consider(changed, withRest("--masters=bf16"));
  }
  // The fewest ranks, and fewer that have less to share out.
  auto considerRanks = [&](PipelineOptions changed, int64_t below,
                           StringRef beside) {
    for (int64_t ranks = 2 * options.ranks; ranks < below; ranks *= 2) {
      changed.ranks = ranks;
      if (!hasTooMuchState(changed) &&
          consider(changed,
                   withRest(llvm::formatv("--gpus={0}{1}", ranks, beside))))
        return ranks;
    }
    return below;
  };
  int64_t enough = considerRanks(open, 2 * kMostAdvisedRanks, "");
  if (canNarrowMoments && !narrowFits) {
    PipelineOptions changed = open;
    changed.moments = "bf16";
    considerRanks(changed, enough, " --moments=bf16");
  }
  if (!advice.empty())
    return advice;
  // At last all that asks for no other machine.
  open.sequence = std::min(*options.sequence, kLeastSequence);
  std::string change = llvm::formatv("--seq={0}", *open.sequence);
  if (canNarrowMoments) {
    open.moments = "bf16";
    change += " --moments=bf16";
  }
  consider(open, withRest(change));
  return advice;
}
