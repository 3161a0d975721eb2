//===- schedule_file.cpp - fuzzes the file of --schedule ------------------===//
//
// A file is refused with its name and a reason, or it applies: then kernels get
// their schedules, a memory plan and their loops, or an error says why not.
//
//===----------------------------------------------------------------------===//

#include "FuzzSupport.h"

#include "compiler/Pipeline/Phases.h"
#include "compiler/Schedule/TargetModel.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"

#include <cmath>
#include <fstream>

using namespace mlir;
using namespace llmc;

namespace {
/// One model, fused, to which each file is applied.
struct Kernels {
  Kernels() {
    options.arch = "emulated";
    options.registers = "model";
    options.batch = 2;
    options.sequence = 32;
    llvm::SmallString<128> path;
    const char *prefix = llvm::sys::fs::is_directory("/dev/shm")
                             ? "/dev/shm/llmc-fuzz"
                             : nullptr;
    FUZZ_CHECK(!(prefix ? llvm::sys::fs::createUniqueFile(
                              std::string(prefix) + "-%%%%%%.json", path)
                        : llvm::sys::fs::createTemporaryFile("llmc-fuzz",
                                                             "json", path)));
    options.scheduleFile = path.str().str();
    module = parseSourceFile<ModuleOp>(LLMC_FUZZ_INPUTS "/layer.mlir",
                                       session.context.get());
    FUZZ_CHECK(module);
    FUZZ_CHECK(succeeded(runPhases(*module, options, 0, *findPhase("fusion"))));
  }
  ~Kernels() { llvm::sys::fs::remove(options.scheduleFile); }

  fuzz::Session session;
  PipelineOptions options;
  OwningOpRef<ModuleOp> module;
};
} // namespace

/// What must hold of a kernel that was scheduled.
static void checkSchedule(tile::FuncOp kernel) {
  FUZZ_CHECK(kernel.getSchedule() && kernel.getGrid());
  ArrayRef<int64_t> grid = *kernel.getGrid();
  for (int64_t extent : grid)
    FUZZ_CHECK(extent >= 1);
  auto time = kernel->getAttrOfType<FloatAttr>("predicted_us");
  FUZZ_CHECK(time && std::isfinite(time.getValueAsDouble()) &&
             time.getValueAsDouble() > 0);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static Kernels kernels;
  std::ofstream(kernels.options.scheduleFile, std::ios::binary)
      .write(reinterpret_cast<const char *>(data),
             static_cast<std::streamsize>(size));
  if (auto file = ScheduleFile::read(kernels.options.scheduleFile); !file) {
    std::string message = llvm::toString(file.takeError());
    FUZZ_CHECK(StringRef(message).starts_with("--schedule=" +
                                              kernels.options.scheduleFile));
    return 0;
  }
  OwningOpRef<ModuleOp> module = kernels.module->clone();
  kernels.session.errors = 0;
  if (failed(runPhases(*module, kernels.options, *findPhase("schedule"),
                       *findPhase("schedule")))) {
    FUZZ_CHECK(kernels.session.errors);
    return 0;
  }
  module->walk(checkSchedule);
  if (failed(runPhases(*module, kernels.options, *findPhase("memory-plan"),
                       *findPhase("tiling"))))
    FUZZ_CHECK(kernels.session.errors);
  return 0;
}
