//===- Plan.cpp - llmc plan -----------------------------------------------===//

#include "Commands.h"
#include "Source.h"
#include "compiler/MemoryPlan/MemoryReport.h"
#include "compiler/Pipeline/Compiler.h"
#include "compiler/Schedule/KernelKey.h"
#include "compiler/Schedule/KernelReport.h"

#include "llvm/Support/Threading.h"

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

int llmc::runPlan(const PlanCommand &command) {
  PipelineOptions options = command.pipeline;
  options.modelFile = command.model;
  if (failed(checkOptions(options)))
    return 1;
  if (command.threads < 0)
    return fail("--threads expects at least 1 thread, found " +
                std::to_string(command.threads));
  if (command.most < 0 || command.most > 1000000)
    return fail("--largest expects 0 to 1000000 tensors, found " +
                std::to_string(command.most));
  if (failed(chooseRanking(options, command.kernels)))
    return 1;
  if (command.kernels && !options.isCuda())
    return fail("--kernels needs --target=cuda: the model of the CPU predicts "
                "no times");
  std::unique_ptr<Source> source = Source::open(command.model);
  if (!source)
    return 1;
  ModuleOp module = source->module();
  if (!options.sequence)
    options.sequence = chooseSequence(module);
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
  int64_t threads = command.threads
                        ? command.threads
                        : llvm::hardware_concurrency().compute_thread_count();
  MemoryReport report = MemoryReport::build(module, threads);
  FailureOr<int64_t> workspace = findWorkspace(module, options);
  if (failed(workspace))
    return 1;
  report.setWorkspace(*workspace);
  if (options.isCuda())
    // Blocks have registers and shared memory instead.
    llvm::erase_if(report.arenas, [](const MemoryReport::Arena &arena) {
      return arena.name == "workspace" && arena.bytes == 0;
    });
  if (command.json) {
    report.printJson(llvm::outs());
    return 0;
  }
  llvm::outs() << command.model << ": batch " << options.batch << ", sequence "
               << *options.sequence << ", " << options.getPrecision()
               << ", target " << options.target;
  if (options.ranks > 1)
    llvm::outs() << ", rank 0 to " << options.ranks - 1 << " of "
                 << options.ranks << ", ZeRO stage " << options.getZero();
  llvm::outs() << "\n\n";
  report.print(llvm::outs(), static_cast<unsigned>(command.most));
  return 0;
}
