//===- PrintSource.cpp - llmc-cuda-print-source ---------------------------===//

#include "compiler/Target/CUDA/EmitSource.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace {

/// Prints what emitCudaSource makes of each kernel, a blank line between two.
struct PrintSource : PassWrapper<PrintSource, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PrintSource)

  StringRef getArgument() const override { return "llmc-cuda-print-source"; }
  StringRef getDescription() const override {
    return "print every kernel as CUDA C++";
  }

  void runOnOperation() override {
    bool isFirst = true;
    for (auto kernel : getOperation().getOps<llmc::cuda::KernelOp>()) {
      FailureOr<std::string> text = llmc::emitCudaSource(kernel);
      if (failed(text))
        return signalPassFailure();
      llvm::outs() << (isFirst ? "" : "\n") << *text;
      isFirst = false;
    }
    markAllAnalysesPreserved();
  }
};

} // namespace

void llmc::registerCudaPrintSource() { PassRegistration<PrintSource>(); }
