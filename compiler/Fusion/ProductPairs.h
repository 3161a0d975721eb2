//===- ProductPairs.h - products that one kernel can compute ----*- C++ -*-===//
//
//   %g = model.linear %x, %a
//   %u = model.linear %x, %b
//   %s = model.silu %g
//   %m = model.mul %s, %u      the products meet here
//
// A kernel that computes both loads the blocks of %x once and holds both
// results in registers where they meet.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_FUSION_PRODUCTPAIRS_H
#define LLMC_COMPILER_FUSION_PRODUCTPAIRS_H

#include "dialects/Model/Model.h"

namespace llmc {

/// The products that meet `linear`'s: an elementwise op takes both, each as it
/// is or through elementwise ops of one operand. In the order of the ops where
/// they meet.
llvm::SmallVector<model::LinearOp> findMeetingProducts(model::LinearOp linear);

/// Why one loop cannot compute the product and that of a kernel of `ops`, which
/// meet; empty when it can.
std::string getPairRefusal(model::LinearOp linear,
                           llvm::ArrayRef<mlir::Operation *> ops);

} // namespace llmc

#endif
