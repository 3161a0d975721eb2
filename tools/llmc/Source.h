//===- Source.h - a model file in memory ----------------------------------===//

#ifndef LLMC_TOOLS_LLMC_SOURCE_H
#define LLMC_TOOLS_LLMC_SOURCE_H

#include "compiler/Pipeline/Phases.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/ToolUtilities.h"
#include "llvm/Support/SourceMgr.h"

#include <memory>

namespace llmc {

/// A context with llmc's dialects and a parsed model; diagnostics show the
/// model file's lines.
class Source {
public:
  /// Null when the file cannot be read or parsed, which has been reported.
  static std::unique_ptr<Source> open(const std::string &path);

  mlir::MLIRContext &context() { return *mlirContext; }
  mlir::ModuleOp module() { return *parsed; }

private:
  Source() = default;

  llvm::SourceMgr sources;
  std::unique_ptr<mlir::MLIRContext> mlirContext;
  std::unique_ptr<mlir::SourceMgrDiagnosticHandler> handler;
  mlir::OwningOpRef<mlir::ModuleOp> parsed;
};

/// Checks what the options say before anything is read and reports the first
/// mistake.
mlir::LogicalResult checkOptions(const PipelineOptions &options);

/// Turns --registers=auto into what it means: NVRTC's where the command is
/// about kernels for a GPU and NVRTC is there. An error is reported.
mlir::LogicalResult chooseRanking(PipelineOptions &options, bool makesKernels);

} // namespace llmc

#endif
