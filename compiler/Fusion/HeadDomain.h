//===- HeadDomain.h - kernels whose blocks hold one head --------*- C++ -*-===//

#ifndef LLMC_COMPILER_FUSION_HEADDOMAIN_H
#define LLMC_COMPILER_FUSION_HEADDOMAIN_H

#include "mlir/IR/Operation.h"

#include <string>

namespace llmc {

/// Why `op` cannot be computed with `ops` over the rows that they share; empty
/// if it can. Where a norm of heads is among them, a block holds some rows of
/// one head: then all work on heads of that size, or element by element.
std::string getHeadRefusal(mlir::Operation *op,
                           llvm::ArrayRef<mlir::Operation *> ops);

} // namespace llmc

#endif
