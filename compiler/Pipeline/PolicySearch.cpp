//===- PolicySearch.cpp - the fastest plan that fits ----------------------===//

#include "compiler/Pipeline/PolicySearch.h"

#include "compiler/Pipeline/Compiler.h"
#include "compiler/Support/RecomputePolicy.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

/// What is tried of each kind where the user leaves it open. A new policy is an
/// entry here.
static constexpr StringLiteral kZeroStages[] = {"1", "0", "2", "3"};
static constexpr StringLiteral kRecomputes[] = {"none", "ops", "layer"};
/// Kinds of state, what copies least first; each is tried with activations,
/// too.
static constexpr StringLiteral kOffloads[] = {"none",
                                              "masters",
                                              "optimizer",
                                              "optimizer,masters",
                                              "optimizer,gradients",
                                              "optimizer,masters,gradients"};
static constexpr int64_t kBatches[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
/// By OffloadKind, an arena that the memory report counts among the same.
static constexpr StringLiteral kArenaOfKind[kOffloadKinds] = {
    "moment1", "parameters", "gradients", "saved"};
/// Larger micro-batches fill a GPU no better.
static constexpr int64_t kMostTokens = 65536;

bool llmc::needsSearch(const PipelineOptions &options,
                       const MemoryLimits &limits) {
  return limits.device || limits.host || options.batch == 0 ||
         options.recompute == "auto" || options.autoOffload;
}

std::string PolicySearch::getKey(const PipelineOptions &options) {
  return llvm::formatv("{0} {1} {2} {3} {4} {5} {6} {7} {8}", options.ranks,
                       options.zero, options.recompute, options.batch,
                       *options.sequence, options.masters, options.moments,
                       options.offload.str(), options.autoOffload);
}

PolicySearch::PolicySearch(ModuleOp model, const PipelineOptions &options,
                           MemoryLimits limits)
    : model(model), options(options), limits(limits),
      bounds(options.ranks, options.stepTokens) {
  // Nobody is told of what is only tried.
  this->options.verbose = false;
  this->options.dumpTo.clear();
  this->options.registers = "model";
}

PolicySearch::~PolicySearch() = default;

const PlannedPolicy &PolicySearch::plan(const PipelineOptions &options) {
  auto [entry, isNew] = indexOf.try_emplace(getKey(options), planned.size());
  if (!isNew)
    return planned[entry->second];
  planned.emplace_back();
  PlannedPolicy &policy = planned.back();
  policy.options = options;
  policy.options.mostSaved.reset(); // said below
  std::string message;
  ScopedDiagnosticHandler handler(
      model.getContext(), [&](Diagnostic &diagnostic) {
        if (message.empty() &&
            diagnostic.getSeverity() == DiagnosticSeverity::Error)
          message = diagnostic.str();
        return success();
      });
  auto fail = [&]() -> const PlannedPolicy & {
    policy.failure = message.empty() ? "it cannot be planned" : message;
    return policy;
  };
  if (failed(planOnce(policy)))
    return fail();
  learn(policy);
  // Activations take what the host has left.
  int64_t saved = policy.memory.host[findTotal("saved")];
  int64_t excess = llvm::divideCeil(policy.excessHost, options.ranks);
  if (excess == 0 || excess >= saved)
    return policy;
  policy.options.mostSaved = saved - excess;
  return failed(planOnce(policy)) ? fail() : policy;
}

/// Takes the model through MemoryPlan with the options of `policy`.
LogicalResult PolicySearch::planOnce(PlannedPolicy &policy) {
  PipelineOptions options = policy.options;
  unsigned step = *findPhase("step");
  OwningOpRef<ModuleOp> &shared = steps[llvm::formatv(
      "{0} {1} {2}", options.getBatch(), *options.sequence, options.masters)];
  if (!shared) {
    OwningOpRef<ModuleOp> module = cast<ModuleOp>(model->clone());
    if (failed(runPhases(*module, options, 0, step)))
      return failure();
    shared = std::move(module);
  }
  OwningOpRef<ModuleOp> module = cast<ModuleOp>((*shared)->clone());
  PipelineOptions trial = options;
  trial.isTrial = true;
  if (failed(runPhases(*module, trial, step + 1, *findPhase("memory-plan"))))
    return failure();

  MemoryReport report = MemoryReport::build(*module, limits.countThreads());
  policy = PlannedPolicy::build(*module, report, options, limits);
  // What a CPU's threads need is known when kernels are lowered, which takes
  // longer than all before: only where the rest fits.
  if (!options.isCuda() && limits.host && policy.fits()) {
    FailureOr<int64_t> workspace = findWorkspace(*module, options);
    if (failed(workspace))
      return failure();
    report.setWorkspace(*workspace);
    policy.setMemory(report, limits);
  }
  return success();
}

PolicyKey PolicySearch::getBoundsKey(const PipelineOptions &options) const {
  auto recompute = RecomputePolicy::parse(options.getRecompute());
  return {options.ranks > 1 ? options.getZero() : 0, options.offload,
          recompute->rank(), options.getBatch()};
}

void PolicySearch::learn(const PlannedPolicy &policy) {
  const PipelineOptions &options = policy.options;
  PolicyFacts facts;
  facts.key = getBoundsKey(options);
  const StepTime &time = policy.time;
  facts.microBatchTokens = time.ranks * time.batch * time.sequence;
  LinkModel link = *LinkModel::find(options.link);
  const FunctionTime &micro = time.microSteps.back().time;
  bool keepsActivations = !options.offload.has(OffloadKind::Activations);
  if (time.isPredicted()) {
    facts.computeSeconds = micro.compute;
    facts.updateSeconds = time.update.seconds();
    // In stages 0 and 1 only a step's last micro-batch sends.
    if (facts.key.zero >= 2)
      facts.sendSeconds = micro.sentBytes() / link.bytesPerSecond;
    // Half of it in each direction.
    if (keepsActivations)
      facts.copySeconds = micro.copiedBytes() / 2 / link.copyBytesPerSecond;
  }
  const MemoryReport::Totals &memory = policy.memory;
  facts.stateBytes = memory.stateBytes();
  facts.activationBytes = memory.device[findTotal("activations")];
  for (auto [kind, name] : llvm::enumerate(kArenaOfKind))
    facts.hostBytes[kind] = memory.host[findTotal(name)];
  bounds.learn(facts);
}

/// The micro-batches that may be chosen, smallest first.
SmallVector<int64_t> PolicySearch::getBatches() const {
  if (options.batch)
    return {options.batch};
  // The CPU's times are not predicted: there is nothing to choose more by.
  int64_t most = options.isCuda()
                     ? std::min(kMostTokens, options.stepTokens / options.ranks)
                     : defaultBatch * *options.sequence;
  SmallVector<int64_t> batches;
  for (int64_t batch : kBatches)
    if (batches.empty() || batch * *options.sequence <= most)
      batches.push_back(batch);
  return batches;
}

/// Whether it can be the fastest. What copies or computes more only to keep
/// less than needed is no faster.
bool PolicySearch::isWorthIt(const PipelineOptions &candidate) const {
  PolicyKey key = getBoundsKey(candidate);
  for (const PlannedPolicy &policy : planned) {
    PolicyKey other = getBoundsKey(policy.options);
    if (policy.fits() && other.zero == key.zero && other.batch == key.batch &&
        other.recompute <= key.recompute && key.offload.includes(other.offload))
      return false;
  }
  const PlannedPolicy *best = getBest();
  if (!best || !best->time.isPredicted())
    return true;
  int64_t tokens = candidate.ranks * candidate.batch * *candidate.sequence;
  return bounds.findMostTokensPerSecond(key, tokens) >
         best->time.tokensPerSecond();
}

/// Whether what is known leaves that open.
bool PolicySearch::mayFit(const PipelineOptions &candidate) const {
  if (!candidate.isCuda())
    return true;
  PolicyKey key = getBoundsKey(candidate);
  return (!limits.device ||
          bounds.findLeastDeviceBytes(key) + deviceReserve(candidate) <=
              *limits.device) &&
         (!limits.host || bounds.findLeastHostBytes(key) <= *limits.host);
}

bool PolicySearch::fits(const PipelineOptions &candidate) {
  // Of what was planned no bound is needed, nor right: its activations may have
  // made room on the host.
  bool isPlanned = indexOf.count(getKey(candidate));
  return (isPlanned || mayFit(candidate)) && plan(candidate).fits();
}

/// Finds the largest micro-batch that fits, of those that can win.
void PolicySearch::planBatches(PipelineOptions candidate) {
  SmallVector<int64_t> batches = getBatches();
  auto fitsWith = [&](int64_t batch) {
    candidate.batch = batch;
    return fits(candidate);
  };
  const auto *least = llvm::find_if(batches, [&](int64_t batch) {
    candidate.batch = batch;
    return isWorthIt(candidate);
  });
  if (least == batches.end() || !fitsWith(*least))
    return;
  const auto *fitting = least, *tooMany = batches.end();
  while (fitting + 1 < tooMany) {
    const auto *middle = fitting + (tooMany - fitting) / 2;
    (fitsWith(*middle) ? fitting : tooMany) = middle;
  }
}

/// The largest micro-batch need not be the fastest, nor a power of two.
void PolicySearch::refineBatch() {
  const PlannedPolicy *best = getBest();
  if (options.batch || !best || !options.isCuda())
    return;
  PipelineOptions refined = best->options;
  int64_t batch = refined.batch;
  for (int64_t quarters : {2, 3, 6, 7, 5}) {
    refined.batch = batch * quarters / 4;
    if (batch * quarters % 4 == 0 && isWorthIt(refined))
      fits(refined);
  }
}

SmallVector<std::string> PolicySearch::getStages() const {
  if (options.zero == "auto" && options.ranks > 1)
    return {std::begin(kZeroStages), std::end(kZeroStages)};
  return {options.zero};
}

/// What keeps most first.
SmallVector<std::string> PolicySearch::getRecomputes() const {
  if (options.recompute == "auto")
    return {std::begin(kRecomputes), std::end(kRecomputes)};
  return {options.recompute};
}

bool PolicySearch::canFit() {
  for (const std::string &zero : getStages()) {
    PipelineOptions candidate = options;
    candidate.zero = zero;
    candidate.recompute = getRecomputes().back();
    candidate.batch = getBatches().front();
    SmallVector<OffloadSet> offloads = getOffloads(candidate);
    candidate.autoOffload = false;
    for (OffloadSet offload : llvm::reverse(offloads)) {
      candidate.offload = offload;
      if (fits(candidate))
        return true;
    }
  }
  return false;
}

/// Whether the least of memory fits a device: else nothing in a stage does.
bool PolicySearch::leastFitsDevice(PipelineOptions candidate) {
  candidate.offload = getOffloads(candidate).back();
  candidate.autoOffload = false;
  candidate.recompute = getRecomputes().back();
  candidate.batch = getBatches().front();
  return plan(candidate).excessDevice == 0;
}

void PolicySearch::run() {
  for (const std::string &zero : getStages()) {
    PipelineOptions candidate = options;
    candidate.zero = zero;
    SmallVector<OffloadSet> offloads = getOffloads(candidate);
    if (offloads.size() > 1 && !leastFitsDevice(candidate))
      continue;
    candidate.autoOffload = false;
    for (OffloadSet offload : offloads)
      for (const std::string &recompute : getRecomputes()) {
        candidate.offload = offload;
        candidate.recompute = recompute;
        planBatches(candidate);
      }
  }
  refineBatch();
  refineLayers();
}

bool PolicySearch::sparesHost() const {
  return options.autoOffload && !limits.host && options.isCuda() &&
         options.getPrecision() == "bf16";
}

/// What may lie on the host with the other options of `candidate`, least first.
SmallVector<OffloadSet>
PolicySearch::getOffloads(const PipelineOptions &candidate) const {
  if (!candidate.autoOffload)
    return {candidate.offload};
  // Stages 0 and 1 sum all gradients where they are.
  bool mayMoveGradients = candidate.ranks == 1 || candidate.getZero() >= 2;
  // Masters come once a step, gradients more often: they go where masters went.
  bool mayMoveMasters = isAllowed(*OffloadSet::parse("masters"));
  SmallVector<OffloadSet> offloads;
  for (StringRef kinds : kOffloads) {
    OffloadSet set = *OffloadSet::parse(kinds);
    if (set.has(OffloadKind::Gradients) &&
        (!mayMoveGradients ||
         (mayMoveMasters && !set.has(OffloadKind::Masters))))
      continue;
    if (!isAllowed(set))
      continue;
    offloads.push_back(set);
    // A CPU's memory is the host's.
    set.add(OffloadKind::Activations);
    if (candidate.isCuda() && isAllowed(set))
      offloads.push_back(set);
  }
  return offloads;
}

/// Whether state may lie on the host with the other options.
bool PolicySearch::isAllowed(const OffloadSet &offload) const {
  if (!offload.empty() && sparesHost())
    return false;
  if (offload.has(OffloadKind::Masters) && options.masters == "bf16")
    return false;
  return offload.empty() || options.getPrecision() == "bf16";
}

const PlannedPolicy *PolicySearch::getBest() const {
  const PlannedPolicy *best = nullptr;
  for (const PlannedPolicy &policy : planned)
    if (policy.fits() && (!best || policy.isFasterThan(*best)))
      best = &policy;
  return best;
}

const PlannedPolicy *PolicySearch::getNearest() const {
  const PlannedPolicy *nearest = nullptr;
  auto excess = [](const PlannedPolicy &policy) {
    return policy.excessDevice + policy.excessHost;
  };
  for (const PlannedPolicy &policy : planned)
    if (policy.failure.empty() &&
        (!nearest || excess(policy) < excess(*nearest)))
      nearest = &policy;
  return nearest;
}

std::string PolicySearch::explain(const PlannedPolicy &policy) const {
  const PlannedPolicy *best = getBest();
  if (!policy.failure.empty())
    return policy.failure;
  std::string text;
  if (policy.excessDevice)
    text = humanBytes(policy.excessDevice) + " too much on a device";
  if (policy.excessHost)
    text += (text.empty() ? "" : ", ") + humanBytes(policy.excessHost) +
            " too much on the host";
  if (!text.empty())
    return text;
  if (&policy == best)
    return "chosen";
  if (!policy.time.isPredicted()) {
    int64_t more = policy.time.sentBytes() - best->time.sentBytes();
    return more > 0 ? humanBytes(more) + " more sent a step" : "no better";
  }
  double slower =
      best->time.tokensPerSecond() / policy.time.tokensPerSecond() - 1;
  return slower > 0 ? llvm::formatv("{0:f1} % slower", 100 * slower).str()
                    : "no faster";
}
