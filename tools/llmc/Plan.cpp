//===- Plan.cpp - llmc plan -----------------------------------------------===//

#include "Commands.h"
#include "Source.h"
#include "compiler/MemoryPlan/MemoryReport.h"
#include "compiler/Pipeline/Compiler.h"
#include "compiler/Pipeline/Verdict.h"
#include "compiler/Schedule/KernelKey.h"
#include "compiler/Schedule/KernelReport.h"

using namespace mlir;
using namespace llmc;

/// --kernels: schedules and expected times instead of memory.
static int printKernels(ModuleOp module, const PlanCommand &command,
                        const llvm::StringMap<std::string> &keys) {
  const Chip &chip = *findChip(command.pipeline.arch);
  std::unique_ptr<TargetModel> model = createCudaModel(chip);
  FailureOr<KernelReport> report = KernelReport::build(module, *model);
  if (failed(report))
    return 1;
  if (command.json)
    report->printSchedules(llvm::outs(), getScheduleTarget(command.pipeline),
                           keys);
  else
    report->print(llvm::outs(), chip);
  return 0;
}

/// What --kernels prints.
static void writeKernels(ModuleOp module, const Chip &chip,
                         llvm::json::OStream &json) {
  std::unique_ptr<TargetModel> model = createCudaModel(chip);
  FailureOr<KernelReport> report = KernelReport::build(module, *model);
  if (succeeded(report))
    json.attributeObject("kernels", [&] { report->writeJson(json, chip); });
}

namespace {
/// A finished plan and what led to it.
struct Plan {
  const PlanCommand &command;
  const PipelineOptions &options;
  MemoryLimits limits;
  const MemoryReport &memory;
  const PlannedPolicy &policy;
  const PolicySearch *search; // null if nothing was left open
  std::vector<PolicySearch::Advice> advice;
};
} // namespace

static void printText(const Plan &plan, llvm::raw_ostream &os) {
  const PipelineOptions &options = plan.options;
  os << plan.command.model << ": batch " << options.getBatch() << ", sequence "
     << *options.sequence << ", " << options.getPrecision() << ", target "
     << options.target;
  if (options.ranks > 1)
    os << ", rank 0 to " << options.ranks - 1 << " of " << options.ranks
       << ", ZeRO stage " << options.getZero();
  if (options.getRecompute() != "none")
    os << ", recompute " << options.getRecompute();
  if (!options.offload.empty())
    os << ", offload " << options.offload.str();
  os << "\n\n";
  if (plan.limits.device || plan.limits.host) {
    printVerdict(plan.policy, plan.limits, os);
    if (plan.search && plan.search->sparesHost())
      os << "  " << kSparesHost << "\n";
    if (!plan.policy.fits() && plan.search)
      printAdvice(plan.advice, plan.limits, os << "\n");
    else if (!plan.policy.fits())
      os << "  name your machine, such as --vram 24GiB --host 64GiB, and llmc "
            "looks for a plan that fits\n";
    os << "\n";
  }
  printMemory(plan.memory, options, os);
  printStepTime(plan.policy.time, os);
  if (plan.search && plan.command.explain)
    printConsidered(*plan.search, os);
  plan.memory.printActivations(os, static_cast<unsigned>(plan.command.most));
}

static void printJson(const Plan &plan, ModuleOp module,
                      llvm::raw_ostream &os) {
  llvm::json::OStream json(os, 2);
  const PipelineOptions &options = plan.options;
  json.object([&] {
    json.attribute("model", plan.command.model);
    json.attribute("target", options.target);
    if (options.isCuda())
      json.attribute("arch", options.arch);
    json.attribute("precision", options.getPrecision());
    writeVerdict(plan.policy, plan.limits, json);
    writeStepTime(plan.policy.time, json);
    if (plan.search) {
      writeConsidered(*plan.search, json);
      writeAdvice(plan.advice, json);
    }
    if (options.isCuda())
      writeKernels(module, *findChip(options.arch), json);
    plan.memory.writeJson(json);
  });
  os << "\n";
}

static LogicalResult checkCommand(const PlanCommand &command) {
  if (command.limits.threads < 0)
    fail("--threads expects at least 1 thread, found " +
         std::to_string(command.limits.threads));
  else if (command.most < 0 || command.most > 1000000)
    fail("--largest expects 0 to 1000000 tensors, found " +
         std::to_string(command.most));
  else if (command.kernels && !command.pipeline.isCuda())
    fail("--kernels needs --target=cuda: the model of the CPU predicts no "
         "times");
  else
    return success();
  return failure();
}

int llmc::run(const PlanCommand &command) {
  PipelineOptions options = command.pipeline;
  options.modelFile = command.model;
  if (failed(checkOptions(options)) || failed(checkCommand(command)) ||
      failed(chooseRanking(options, command.kernels)))
    return 1;
  std::unique_ptr<Source> source = Source::open(command.model);
  if (!source)
    return 1;
  ModuleOp module = source->module();
  fillFromModel(module, options);
  MemoryLimits limits = withUsualBoard(command.limits, options);
  std::optional<PolicySearch> search;
  if (needsSearch(options, command.limits)) {
    search.emplace(module, options, limits);
    search->run();
    const PlannedPolicy *policy = search->getBest();
    if (!policy)
      policy = search->getNearest();
    // Fails again, now with what is wrong at its place.
    if (!policy)
      policy = &search->getConsidered().front();
    options.adopt(policy->options);
  }
  std::vector<PolicySearch::Advice> advice;
  if (search && !search->getBest() && search->getNearest())
    advice = search->findAdvice();
  // Kernels are known by what Fusion leaves.
  unsigned fusion = *findPhase("fusion");
  if (failed(runPhases(module, options, 0, fusion)))
    return 1;
  llvm::StringMap<std::string> keys = getKernelKeys(module);
  if (failed(runPhases(module, options, fusion + 1, *findPhase("memory-plan"))))
    return 1;

  if (command.kernels)
    return printKernels(module, command, keys);

  // One workspace per worker thread of the program.
  MemoryReport report = MemoryReport::build(module, limits.countThreads());
  FailureOr<int64_t> workspace = findWorkspace(module, options);
  if (failed(workspace))
    return 1;
  report.setWorkspace(*workspace);
  if (options.isCuda())
    // Blocks have registers and shared memory instead.
    llvm::erase_if(report.arenas, [](const MemoryReport::Arena &arena) {
      return arena.name == "workspace" && arena.bytes == 0;
    });
  PlannedPolicy policy = PlannedPolicy::build(module, report, options, limits);
  Plan plan{command,          options, limits,
            report,           policy,  search ? &*search : nullptr,
            std::move(advice)};
  if (command.json)
    printJson(plan, module, llvm::outs());
  else
    printText(plan, llvm::outs());
  // What compile would do: nothing was asked for where nothing is left open.
  return search && !policy.fits();
}
