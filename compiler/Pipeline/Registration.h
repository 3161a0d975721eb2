//===- Registration.h - every dialect and pass of llmc --------------------===//

#ifndef LLMC_COMPILER_PIPELINE_REGISTRATION_H
#define LLMC_COMPILER_PIPELINE_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace llmc {

/// llmc's dialects, the upstream ones that its phases use, and the rules that
/// phases attach to ops.
void registerDialects(mlir::DialectRegistry &registry);

/// The passes of all phases, and upstream's canonicalize, cse and the like, by
/// their names on a command line.
void registerPasses();

} // namespace llmc

#endif
