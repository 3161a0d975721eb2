//===- GradientCheck.h - gradients against finite differences -------------===//

#ifndef LLMC_TOOLS_LLMCINTERPRET_GRADIENTCHECK_H
#define LLMC_TOOLS_LLMCINTERPRET_GRADIENTCHECK_H

#include "Interpreter.h"

namespace llmc::interpret {

struct GradientCheckOptions {
  /// Elements to look at in each parameter, spread evenly; 0: all.
  int64_t samples = 64;
  /// Largest error, relative to the parameter's largest gradient.
  double tolerance = 1e-6;
};

/// Compares the graph's gradients with five-point central differences of its
/// loss (Abramowitz and Stegun, 25.3.6). Prints one line for each parameter;
/// fails with a diagnostic that names the parameter and the operands it is.
mlir::LogicalResult checkGradients(Interpreter &interpreter,
                                   const Tensor &tokens, const Tensor &targets,
                                   std::vector<Tensor> values,
                                   llvm::ArrayRef<Tensor> gradients,
                                   const GradientCheckOptions &options,
                                   llvm::raw_ostream &os);

} // namespace llmc::interpret

#endif // LLMC_TOOLS_LLMCINTERPRET_GRADIENTCHECK_H
