//===- FuzzSupport.h - contexts and errors for the fuzzers ------------===//

#ifndef LLMC_TEST_FUZZ_COMPILER_FUZZSUPPORT_H
#define LLMC_TEST_FUZZ_COMPILER_FUZZSUPPORT_H

#include "compiler/Pipeline/Registration.h"
#include "test/Fuzz/FuzzCheck.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

#include <memory>

namespace llmc::fuzz {

/// A context with every dialect and pass of llmc, which counts errors.
class Session {
public:
  Session() {
    static const bool registered = [] {
      registerPasses();
      return true;
    }();
    (void)registered;
    mlir::DialectRegistry registry;
    registerDialects(registry);
    context = std::make_unique<mlir::MLIRContext>(
        registry, mlir::MLIRContext::Threading::DISABLED);
    context->printOpOnDiagnostic(false);
    context->getDiagEngine().registerHandler(
        [this](mlir::Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Error)
            return;
          ++errors;
          FUZZ_CHECK(!diagnostic.str().empty());
        });
  }

  std::unique_ptr<mlir::MLIRContext> context;
  int errors = 0;
};

} // namespace llmc::fuzz

#endif // LLMC_TEST_FUZZ_COMPILER_FUZZSUPPORT_H
