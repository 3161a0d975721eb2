//===- RankSchedules.cpp - asks NVRTC which schedule is best --------------===//
//
// Schedule decides and Target compiles, and neither knows the other: this loop
// carries schedules one way, as attributes of copies that go through Tiling and
// Target, and reports back as data.
//
//===----------------------------------------------------------------------===//

#include "compiler/Pipeline/RankSchedules.h"

#include "compiler/Pipeline/CudaLowering.h"
#include "compiler/Pipeline/Registration.h"
#include "compiler/Pipeline/TargetCode.h"
#include "compiler/Schedule/Chip.h"
#include "compiler/Schedule/TargetModel.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

namespace {
/// A schedule of a kernel, as text to compile where it becomes a kernel.
struct Candidate {
  tile::FuncOp kernel;
  DictionaryAttr schedule;
  std::optional<StandAloneKernel> text = std::nullopt;
};
} // namespace

static LogicalResult runPasses(ModuleOp module, const std::string &passes) {
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  return success(succeeded(parsePassPipeline(passes, manager)) &&
                 succeeded(manager.run(module)));
}

/// The kernel with this schedule, alone in a module, as bytecode.
static std::string writeAlone(const Candidate &candidate) {
  tile::FuncOp kernel = candidate.kernel;
  auto module = kernel->getParentOfType<ModuleOp>();
  OwningOpRef<ModuleOp> alone = ModuleOp::create(module.getLoc());
  (*alone)->setDiscardableAttrs(module->getDiscardableAttrDictionary());
  OpBuilder builder = OpBuilder::atBlockEnd(alone->getBody());
  auto copy = cast<tile::FuncOp>(builder.clone(*kernel));
  copy.setScheduleAttr(candidate.schedule);
  copy->removeAttr(kMeasuredName);
  copy->removeAttr(kUnmeasuredName);
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  (void)writeBytecodeToFile(*alone, os);
  return bytes;
}

/// Lowers each candidate in a context of its own: that a schedule does not
/// become a kernel, and what is remarked on the way, is no news for the user.
static void lower(std::vector<Candidate> &candidates,
                  const PipelineOptions &options) {
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  ScopedDiagnosticHandler silence(&context,
                                  [](Diagnostic &) { return success(); });
  std::string passes = llvm::formatv(
      "llmc-schedule-kernels{{target=cuda arch={0}},llmc-tile-kernels",
      options.arch);
  PipelineOptions alone = options;
  alone.dumpTo.clear();
  for (Candidate &candidate : candidates) {
    OwningOpRef<ModuleOp> module =
        parseSourceString<ModuleOp>(writeAlone(candidate), &context);
    if (!module || failed(runPasses(*module, passes)))
      continue;
    FailureOr<CudaKernels> cuda = lowerToCuda(*module, alone);
    if (succeeded(cuda) && cuda->kernels.size() == 1)
      candidate.text = std::move(cuda->kernels.front());
  }
}

/// Appends to a kernel's `measured`; without `used`, that the schedule did not
/// become a kernel.
static void addMeasured(const Candidate &candidate, const KernelResources &used,
                        int64_t sharedBytes) {
  tile::FuncOp kernel = candidate.kernel;
  Builder builder(kernel.getContext());
  SmallVector<Attribute> entries;
  if (auto before = kernel->getAttrOfType<ArrayAttr>(kMeasuredName))
    llvm::append_range(entries, before);
  auto number = [&](StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  };
  entries.push_back(builder.getDictionaryAttr(
      {number("registers", used.registers),
       number("shared_bytes", sharedBytes + used.staticShared),
       number("spill_bytes", used.spillStores + used.spillLoads),
       builder.getNamedAttr("schedule", candidate.schedule)}));
  kernel->setAttr(kMeasuredName, builder.getArrayAttr(entries));
}

static LogicalResult measure(ModuleOp module,
                             std::vector<Candidate> &candidates,
                             const PipelineOptions &options) {
  lower(candidates, options);
  std::vector<KernelSource> sources;
  for (const Candidate &candidate : candidates)
    if (candidate.text)
      sources.push_back({candidate.text->symbol, candidate.text->text});
  llvm::Expected<KernelImages> images =
      compileImages(sources, getImageOptions(options));
  if (!images)
    return report(module, images.takeError());
  if (options.verbose)
    llvm::errs() << "schedules: " << images->summary() << "\n";
  size_t next = 0;
  for (const Candidate &candidate : candidates) {
    if (candidate.text)
      addMeasured(candidate, (*images)[next++].resources,
                  candidate.text->sharedBytes);
    else
      addMeasured(candidate, {}, 0);
  }
  return success();
}

LogicalResult llmc::rankSchedules(ModuleOp module,
                                  const PipelineOptions &options) {
  PipelineOptions real = options;
  // The emulated GPU stands for a chip that NVRTC knows.
  real.arch = findChip(options.arch)->arch.str();
  std::string pass = llvm::formatv("llmc-rank-schedules{{arch={0}}", real.arch);
  while (true) {
    if (failed(runPasses(module, pass)))
      return failure();
    std::vector<Candidate> candidates;
    for (auto kernel : module.getOps<tile::FuncOp>())
      if (auto schedules = kernel->getAttrOfType<ArrayAttr>(kUnmeasuredName))
        for (auto schedule : schedules.getAsRange<DictionaryAttr>())
          candidates.push_back({kernel, schedule});
    if (candidates.empty())
      return success();
    if (failed(measure(module, candidates, real)))
      return failure();
  }
}
