//===- RankSchedules.cpp - asks NVRTC which schedule is best --------------===//
//
// Schedule decides and Target compiles, and neither knows the other: this loop
// carries schedules one way, as attributes of copies that go through Schedule,
// Tiling and Target, and reports back as data.
//
// A schedule is judged by what is launched with it. The passes behind the
// choice have kernels leave sums, and make forms of them that store a first
// term: it is these that are compiled, so that nothing is compiled that no
// program holds but the schedules that were not taken.
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
#include "mlir/IR/SymbolTable.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

namespace {
/// A schedule of a kernel, and what is launched if it has it: modules of one
/// kernel, as bytecode.
struct Candidate {
  tile::FuncOp kernel;
  DictionaryAttr schedule;
  SmallVector<std::string, 1> forms = {};
};

class Ranker {
public:
  Ranker(ModuleOp module, const PipelineOptions &options, StringRef passes);
  LogicalResult run();

private:
  LogicalResult
  rank(bool decided,
       llvm::function_ref<void(MutableArrayRef<Candidate>)> findForms);
  std::string writeAlone(tile::FuncOp kernel);
  void tryOut(MutableArrayRef<Candidate> candidates);
  std::optional<StandAloneKernel> lower(StringRef form);
  LogicalResult compile(ArrayRef<StringRef> forms);
  void addMeasured(const Candidate &candidate);

  ModuleOp module;
  PipelineOptions options;
  std::string passes;
  std::unique_ptr<TargetModel> model;
  /// Of trials: that a schedule does not become a kernel, and what is remarked
  /// on the way, is no news for the user.
  MLIRContext context;
  ScopedDiagnosticHandler silence;
  /// By form; none of one that does not become a kernel.
  llvm::StringMap<std::optional<Resources>> known;
  /// Kernels that are not launched as they are, or not only so.
  llvm::SmallPtrSet<Operation *, 16> altered;
};
} // namespace

static DialectRegistry getRegistry() {
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

Ranker::Ranker(ModuleOp module, const PipelineOptions &given, StringRef passes)
    : module(module), options(given), passes(passes), context(getRegistry()),
      silence(&context, [](Diagnostic &) { return success(); }) {
  // The emulated GPU stands for a chip that NVRTC knows.
  options.arch = findChip(options.arch)->arch.str();
  options.dumpTo.clear();
  model = createModel(module.getLoc(), "cuda", options.arch);
}

static LogicalResult runPasses(ModuleOp module, const std::string &passes) {
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  return success(succeeded(parsePassPipeline(passes, manager)) &&
                 succeeded(manager.run(module)));
}

static std::string toBytecode(ModuleOp module) {
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  (void)writeBytecodeToFile(module, os);
  return bytes;
}

static void dropMeasured(tile::FuncOp kernel) {
  for (StringRef name : {kMeasuredName, kUnmeasuredName})
    kernel->removeAttr(name);
}

/// The kernel alone in a module, as bytecode; what is expected of it is what
/// the model expects.
std::string Ranker::writeAlone(tile::FuncOp kernel) {
  auto whole = kernel->getParentOfType<ModuleOp>();
  OwningOpRef<ModuleOp> alone = ModuleOp::create(whole.getLoc());
  (*alone)->setDiscardableAttrs(whole->getDiscardableAttrDictionary());
  OpBuilder builder = OpBuilder::atBlockEnd(alone->getBody());
  auto copy = cast<tile::FuncOp>(builder.clone(*kernel));
  dropMeasured(copy);
  (void)recordEstimate(copy, *model);
  return toBytecode(*alone);
}

/// The kernel that Schedule made `kernel` of, if it did.
static StringRef getOrigin(tile::FuncOp kernel, const SymbolTable &symbols) {
  while (auto whole = kernel->getAttrOfType<StringAttr>(kPartOfName)) {
    auto next = symbols.lookup<tile::FuncOp>(whole);
    if (!next)
      return whole;
    kernel = next;
  }
  return kernel.getSymName();
}

/// Finds the forms of the candidates' kernels, no two of which are the same,
/// when all have their schedules at once.
void Ranker::tryOut(MutableArrayRef<Candidate> candidates) {
  OwningOpRef<ModuleOp> copy = module.clone();
  SymbolTable copies(*copy);
  for (auto kernel : copy->getOps<tile::FuncOp>())
    dropMeasured(kernel);
  llvm::StringMap<Candidate *> byName;
  SmallVector<std::string> unchanged;
  for (Candidate &candidate : candidates) {
    StringRef name = candidate.kernel.getSymName();
    byName[name] = &candidate;
    auto kernel = copies.lookup<tile::FuncOp>(name);
    kernel.setScheduleAttr(candidate.schedule);
    // Its grid follows from its schedule.
    if (FailureOr<KernelShape> shape = getKernelShape(kernel); succeeded(shape))
      setChoice(kernel, *shape,
                model->estimate(*shape, getBlockSizes(candidate.schedule)));
    unchanged.push_back(writeAlone(kernel));
  }
  OwningOpRef<ModuleOp> trial =
      parseSourceString<ModuleOp>(toBytecode(*copy), &context);
  if (trial && succeeded(runPasses(*trial, passes))) {
    SymbolTable symbols(*trial);
    for (auto kernel : trial->getOps<tile::FuncOp>())
      if (Candidate *candidate = byName.lookup(getOrigin(kernel, symbols)))
        candidate->forms.push_back(writeAlone(kernel));
  }
  for (auto [candidate, itself] : llvm::zip_equal(candidates, unchanged)) {
    if (candidate.forms.size() != 1 || candidate.forms.front() != itself)
      altered.insert(candidate.kernel);
    if (candidate.forms.empty())
      candidate.forms.push_back(std::move(itself));
  }
}

std::optional<StandAloneKernel> Ranker::lower(StringRef form) {
  OwningOpRef<ModuleOp> alone = parseSourceString<ModuleOp>(form, &context);
  std::string tile = llvm::formatv(
      "llmc-schedule-kernels{{target=cuda arch={0}},llmc-tile-kernels",
      options.arch);
  if (!alone || failed(runPasses(*alone, tile)))
    return std::nullopt;
  FailureOr<CudaKernels> cuda = lowerToCuda(*alone, options);
  if (failed(cuda) || cuda->kernels.size() != 1)
    return std::nullopt;
  return std::move(cuda->kernels.front());
}

/// Has all forms compiled that are not known yet.
LogicalResult Ranker::compile(ArrayRef<StringRef> forms) {
  std::vector<KernelSource> sources;
  SmallVector<std::pair<StringRef, int64_t>> pending; // with shared memory
  for (StringRef form : forms) {
    auto [entry, isNew] = known.try_emplace(form);
    if (!isNew)
      continue;
    std::optional<StandAloneKernel> text = lower(form);
    if (!text)
      continue;
    pending.emplace_back(form, text->sharedBytes);
    sources.push_back({std::move(text->symbol), std::move(text->text)});
  }
  if (sources.empty())
    return success();
  llvm::Expected<KernelImages> images =
      compileImages(sources, getImageOptions(options));
  if (!images)
    return report(module, images.takeError());
  if (options.verbose)
    llvm::errs() << "schedules: " << images->summary() << "\n";
  for (auto [index, form] : llvm::enumerate(pending)) {
    const KernelResources &used = (*images)[index].resources;
    known[form.first] =
        Resources{used.registers, used.spillStores + used.spillLoads,
                  form.second + used.staticShared};
  }
  return success();
}

/// Appends to a kernel's `measured`: of its forms, the most that one needs.
void Ranker::addMeasured(const Candidate &candidate) {
  Resources most;
  for (const std::string &form : candidate.forms) {
    const std::optional<Resources> &used = known.lookup(form);
    if (!used) {
      most = {};
      break;
    }
    most.registers = std::max(most.registers, used->registers);
    most.spillBytes = std::max(most.spillBytes, used->spillBytes);
    most.sharedBytes = std::max(most.sharedBytes, used->sharedBytes);
  }
  tile::FuncOp kernel = candidate.kernel;
  Builder builder(kernel.getContext());
  SmallVector<Attribute> entries;
  if (auto before = kernel->getAttrOfType<ArrayAttr>(kMeasuredName))
    llvm::append_range(entries, before);
  auto number = [&](StringRef name, int64_t value) {
    return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
  };
  entries.push_back(builder.getDictionaryAttr(
      {number("registers", most.registers),
       number("shared_bytes", most.sharedBytes),
       number("spill_bytes", most.spillBytes),
       builder.getNamedAttr("schedule", candidate.schedule)}));
  kernel->setAttr(kMeasuredName, builder.getArrayAttr(entries));
}

/// Runs llmc-rank-schedules until all is decided. `findForms` gets the n-th
/// candidates of all kernels together.
LogicalResult
Ranker::rank(bool decided,
             llvm::function_ref<void(MutableArrayRef<Candidate>)> findForms) {
  std::string pass = llvm::formatv("llmc-rank-schedules{{arch={0} decided={1}}",
                                   options.arch, decided);
  while (true) {
    if (failed(runPasses(module, pass)))
      return failure();
    SmallVector<SmallVector<Candidate>> rounds;
    for (auto kernel : module.getOps<tile::FuncOp>())
      if (auto schedules = kernel->getAttrOfType<ArrayAttr>(kUnmeasuredName))
        for (auto [number, schedule] :
             llvm::enumerate(schedules.getAsRange<DictionaryAttr>())) {
          if (rounds.size() == number)
            rounds.emplace_back();
          rounds[number].push_back({kernel, schedule});
        }
    if (rounds.empty())
      return success();
    SmallVector<StringRef> forms;
    for (SmallVector<Candidate> &candidates : rounds) {
      findForms(candidates);
      for (const Candidate &candidate : candidates)
        llvm::append_range(forms, candidate.forms);
    }
    if (failed(compile(forms)))
      return failure();
    for (const SmallVector<Candidate> &candidates : rounds)
      for (const Candidate &candidate : candidates)
        addMeasured(candidate);
  }
}

LogicalResult Ranker::run() {
  if (failed(rank(/*decided=*/false,
                  [&](auto candidates) { tryOut(candidates); })))
    return failure();
  for (Operation *kernel : altered)
    kernel->removeAttr(kResourcesName);
  if (failed(runPasses(module, passes)))
    return failure();
  // Now that forms are kernels: each one's own report.
  return rank(/*decided=*/true, [&](auto candidates) {
    for (Candidate &candidate : candidates)
      candidate.forms.push_back(writeAlone(candidate.kernel));
  });
}

LogicalResult llmc::rankSchedules(ModuleOp module,
                                  const PipelineOptions &options,
                                  StringRef passes) {
  return Ranker(module, options, passes).run();
}
