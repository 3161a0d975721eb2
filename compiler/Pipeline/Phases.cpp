//===- Phases.cpp - the one-way flow from a model to tile programs --------===//

#include "compiler/Pipeline/Phases.h"

#include "compiler/Schedule/Chip.h"

#include "compiler/Pipeline/RankSchedules.h"
#include "compiler/Schedule/ScheduleFile.h"
#include "compiler/Support/Files.h"
#include "compiler/Target/CUDA/Nvrtc.h"
#include "dialects/Model/Model.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

#include "llvm/Support/Path.h"
#include "llvm/Support/Timer.h"

#include <algorithm>
#include <thread>
#include <unistd.h>

using namespace mlir;
using namespace llmc;

//===----------------------------------------------------------------------===//
// The table of contents: each line says why the pass stands there
//===----------------------------------------------------------------------===//

static std::string specialize(const PipelineOptions &options) {
  return llvm::formatv(
      // Shapes first: everything after it computes with them.
      "llmc-specialize{{batch={0} seq={1}},"
      // Layers are written out, so that each has gradients and places.
      "llmc-unroll-repeat,"
      // Needs single layers, and rotary positions as the model has them.
      "llmc-describe-architecture,"
      // Needs the sequence length; tables are shared by the unrolled layers.
      "llmc-prepare-rope,"
      // After unrolling, when names are complete; fixes the gradients' order.
      "llmc-hoist-parameters,"
      // Promises to Autodiff.
      "llmc-verify-specialized",
      options.getBatch(), options.sequence.value_or(defaultSequence));
}

static std::string autodiff(const PipelineOptions &) {
  // On the model's ops, before anything is decomposed or fused.
  return "llmc-autodiff";
}

static std::string step(const PipelineOptions &options) {
  return llvm::formatv(
      // Gradients exist now: they get storage, and an optimizer. Values get the
      // type that they are computed in.
      "llmc-build-step{{precision={0} masters={2} moments={3}},"
      // While loss and logits are single ops.
      "llmc-chunk-head{{tokens={1}},"
      // Promises to Fusion.
      "llmc-verify-step",
      options.getPrecision(), options.getHeadChunk(), options.masters,
      options.moments);
}

/// See fillFromModel.
static constexpr int64_t kLeastBucket = int64_t(16) << 20;
static constexpr int64_t kLargestBucket = int64_t(128) << 20;
static constexpr int64_t kManyBuckets = 256;

static std::string distribution(const PipelineOptions &options) {
  // Nothing to share out: the storage stays as Step laid it out.
  if (options.ranks == 1 && !options.offload.movesState())
    return "";
  // Places of parameters are final before kernels are made for them.
  std::string passes = llvm::formatv(
      "llmc-bucket-parameters{{ranks={0} zero={1} bucket={2}}", options.ranks,
      options.getZero(), options.bucketBytes.value_or(kLeastBucket) / 4);
  if (options.ranks > 1) {
    // While the norm and the optimizer are single ops.
    passes +=
        llvm::formatv(",llmc-shard-update{{norm-splits={0}}",
                      options.isCuda() ? 8 * findChip(options.arch)->sms : 256);
    // Windows are zeroed and added up by kernels, which Fusion makes.
    if (options.getZero() >= 2)
      passes += ",llmc-shard-gradients";
    if (options.getZero() >= 3)
      passes += ",llmc-shard-parameters";
  }
  if (options.offload.movesState())
    // Of what is this rank's own.
    passes += llvm::formatv(
        ",llmc-offload-state{{optimizer={0} masters={1} gradients={2}}",
        options.offload.has(OffloadKind::Optimizer),
        options.offload.has(OffloadKind::Masters),
        options.offload.has(OffloadKind::Gradients));
  return passes;
}

static std::string fusion(const PipelineOptions &options) {
  // Reductions are cut before groups are formed, as their parts fuse. On a GPU
  // the parts are blocks: enough of them for all SMs.
  std::string decompose = "llmc-decompose,";
  if (options.isCuda()) {
    int64_t sms = findChip(options.arch)->sms;
    decompose = llvm::formatv(
        "llmc-decompose{{max-splits={0} norm-splits={1}},", 2 * sms, 8 * sms);
  }
  return
      // On single ops, so that what runs again can be any of them.
      llvm::formatv("llmc-recompute{{policy={0} spread={1}},",
                    options.getRecompute(),
                    options.offload.has(OffloadKind::Activations))
          .str() +
      decompose +
      // Groups and outlines in one go: a group is its kernel.
      "llmc-fuse-kernels,"
      // Promises to MemoryPlan.
      "llmc-verify-fused";
}

/// The size of this machine's second cache as an option of the pass, or nothing
/// where the system does not say.
static std::string nativeCache() {
  long bytes = -1;
#ifdef _SC_LEVEL2_CACHE_SIZE
  bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
  return bytes > 0 ? llvm::formatv(" l2={0}", bytes).str() : "";
}

static std::string chooseSchedules(const PipelineOptions &options) {
  // Kernels are final, so that each gets its tile sizes once.
  if (options.isCuda())
    return llvm::formatv("llmc-schedule-kernels{{target=cuda arch={0}},"
                         // Before MemoryPlan, which makes room for the gaps.
                         "llmc-pad-rows",
                         options.arch);
  // The cores are those of this machine, as the processor is; its cache, where
  // it is the one to compile for.
  return llvm::formatv("llmc-schedule-kernels{{target=cpu cores={0}{1}}",
                       std::max(1u, std::thread::hardware_concurrency()),
                       options.cpu == "native" ? nativeCache() : "");
}

static std::string useSchedules(const PipelineOptions &options) {
  std::string columns;
  if (options.isCuda())
    // Now that grids are known: a block of rows has its sums to itself.
    columns = llvm::formatv("llmc-fuse-column-sums{{arch={0}},", options.arch);
  // Now that each gradient has its last writer, and that its grid.
  return columns +
         llvm::formatv("llmc-fuse-gradient-norm{{target={0} arch={1}},"
                       // Kernels are final, sums of squares included.
                       "llmc-first-micro-step{{target={0} arch={1}}",
                       options.target, options.arch)
             .str();
}

static std::string schedule(const PipelineOptions &options) {
  return chooseSchedules(options) + "," + useSchedules(options);
}

static std::string memoryPlan(const PipelineOptions &options) {
  std::string reduce, verify;
  if (options.ranks > 1) {
    // Launches have their final order and kernels now, and no place yet.
    reduce = options.getZero() >= 2 ? "llmc-place-windows,"
                                    : "llmc-reduce-gradients,";
    // On places, since it is bytes that must not be touched too early.
    verify = ",llmc-verify-collectives";
    // Of parts whose places are known; a CPU's threads sum without a kernel.
    if (options.isCuda())
      verify += llvm::formatv(",llmc-schedule-sums{{arch={0}}", options.arch);
  }
  if (options.offload.has(OffloadKind::Gradients))
    // Which launches add to a gradient is known now.
    reduce += options.ranks > 1
                  ? "llmc-offload-gradient-shards,"
                  : "llmc-offload-gradients{link=" + options.link + "},";
  if (options.offload.has(OffloadKind::Activations))
    // Between all transfers that there are, which share the bus with its own.
    reduce +=
        "llmc-offload-activations{link=" + options.link +
        (options.mostSaved ? " most-bytes=" + std::to_string(*options.mostSaved)
                           : "") +
        "},";
  if (!options.offload.empty())
    verify += ",llmc-verify-transfers";
  if (options.isTrial)
    return reduce + "llmc-plan-memory";
  return reduce +
         // After Schedule, since splits decide the sizes of partial results.
         "llmc-plan-memory,"
         // Checks the plan without trusting the planner.
         "llmc-verify-memory-plan" +
         verify;
}

static std::string tiling(const PipelineOptions &) {
  // Last: it replaces the ops that all phases above reason about.
  return "llmc-tile-kernels";
}

static const Phase phases[] = {
    {"specialize", specialize},
    {"autodiff", autodiff},
    {"step", step},
    {"distribution", distribution},
    {"fusion", fusion},
    {"schedule", schedule},
    {"memory-plan", memoryPlan},
    {"tiling", tiling},
    {"target", nullptr},
    {"link", nullptr},
};

//===----------------------------------------------------------------------===//
// Running it
//===----------------------------------------------------------------------===//

ArrayRef<Phase> llmc::allPhases() { return phases; }

std::optional<unsigned> llmc::findPhase(StringRef name) {
  for (auto [index, phase] : llvm::enumerate(phases))
    if (phase.name == name)
      return index;
  return std::nullopt;
}

std::string llmc::phaseNames() {
  std::string names;
  for (const Phase &phase : phases)
    names += (names.empty() ? "" : ", ") + phase.name.str();
  return names;
}

static int64_t chooseSequence(ModuleOp module) {
  int64_t sequence = defaultSequence;
  module.walk([&](model::PositionEmbeddingOp op) {
    auto weight = cast<RankedTensorType>(op.getWeight().getType());
    sequence = std::min(sequence, weight.getDimSize(0));
  });
  return sequence;
}

static int64_t chooseBucket(ModuleOp module) {
  int64_t bytes = 0;
  module.walk([&](model::ParameterOp op) {
    int64_t copies = 1;
    if (auto repeat = op->getParentOfType<model::RepeatOp>())
      copies = repeat.getCount();
    bytes += copies * op.getType().getNumElements() * 4;
  });
  return std::clamp<int64_t>(llvm::PowerOf2Ceil(bytes / kManyBuckets),
                             kLeastBucket, kLargestBucket);
}

void llmc::fillFromModel(ModuleOp module, PipelineOptions &options) {
  if (!options.sequence)
    options.sequence = chooseSequence(module);
  if (!options.bucketBytes)
    options.bucketBytes = chooseBucket(module);
}

std::string llmc::dumpPrefix(StringRef phase) {
  return llvm::formatv("{0,0+2}-{1}", *findPhase(phase) + 1, phase);
}

LogicalResult llmc::dump(const PipelineOptions &options, StringRef name,
                         StringRef text, Location location) {
  if (options.dumpTo.empty())
    return success();
  std::error_code code = llvm::sys::fs::create_directories(options.dumpTo);
  SmallString<128> path(options.dumpTo);
  llvm::sys::path::append(path, name);
  if (!code)
    code = writeFile(path, text);
  if (code)
    return emitError(location)
           << "cannot write '" << path << "': " << code.message();
  return success();
}

ScheduleTarget llmc::getScheduleTarget(const PipelineOptions &options) {
  if (!options.isCuda())
    return {"cpu", "llvm " LLVM_VERSION_STRING};
  ScheduleTarget target{findChip(options.arch)->arch.str(), std::nullopt};
  // The emulated GPU takes what was made for the chip by whichever compiler.
  if (options.arch == "emulated")
    return target;
  llvm::Expected<const Nvrtc *> nvrtc = Nvrtc::get();
  if (nvrtc)
    target.compiler = "nvrtc " + (*nvrtc)->versionText();
  else
    llvm::consumeError(nvrtc.takeError());
  return target;
}

/// Kernels exist and have no block sizes yet.
static LogicalResult applyScheduleFile(ModuleOp module,
                                       const PipelineOptions &options) {
  if (options.scheduleFile.empty())
    return success();
  llvm::Expected<ScheduleFile> file = ScheduleFile::read(options.scheduleFile);
  if (!file)
    return module.emitError() << llvm::toString(file.takeError());
  return file->apply(module, getScheduleTarget(options));
}

static LogicalResult runPasses(ModuleOp module, const PipelineOptions &options,
                               const std::string &passes) {
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  manager.enableVerifier(!options.isTrial);
  return success(succeeded(parsePassPipeline(passes, manager)) &&
                 succeeded(manager.run(module)));
}

/// The passes of schedule(), with what decides beside the model: a person's
/// file before them, and NVRTC, which is asked about what these passes make of
/// kernels.
static LogicalResult runSchedule(ModuleOp module,
                                 const PipelineOptions &options) {
  if (failed(applyScheduleFile(module, options)) ||
      failed(runPasses(module, options, chooseSchedules(options))))
    return failure();
  return options.ranksByNvrtc()
             ? rankSchedules(module, options, useSchedules(options))
             : runPasses(module, options, useSchedules(options));
}

LogicalResult llmc::runPhases(ModuleOp module, const PipelineOptions &options,
                              unsigned first, unsigned last) {
  for (unsigned index = first; index <= last; ++index) {
    const Phase &phase = phases[index];
    if (!phase.passes)
      break;
    {
      PhaseTimer timer(options, phase.name);
      if (phase.name == "schedule"
              ? failed(runSchedule(module, options))
              : failed(runPasses(module, options, phase.passes(options))))
        return failure();
    }
    if (options.dumpTo.empty())
      continue;
    std::string text;
    llvm::raw_string_ostream os(text);
    module.print(os, OpPrintingFlags().enableDebugInfo(true, false));
    if (failed(dump(options, dumpPrefix(phase.name) + ".mlir", text,
                    module.getLoc())))
      return failure();
  }
  return success();
}

static double now() { return llvm::TimeRecord::getCurrentTime().getWallTime(); }

PhaseTimer::PhaseTimer(const PipelineOptions &options, StringRef name)
    : options(options), name(name.str()), start(now()) {}

PhaseTimer::~PhaseTimer() {
  if (options.verbose)
    llvm::errs() << llvm::format("%-12s %8.3f s\n", name.c_str(),
                                 now() - start);
}
