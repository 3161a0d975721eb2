//===- Rules.h - gradient rules, one file per op family -------------------===//
//
// Each function attaches the rules of its family as external models of
// AutodiffOpInterface, once the model dialect is loaded.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_AUTODIFF_RULES_RULES_H
#define LLMC_COMPILER_AUTODIFF_RULES_RULES_H

#include "dialects/Interfaces/AutodiffOpInterface.h"
#include "dialects/Model/Model.h"

namespace llmc {

void attachAttentionRules(mlir::MLIRContext &context);
void attachElementwiseRules(mlir::MLIRContext &context);
void attachEmbeddingRules(mlir::MLIRContext &context);
void attachLinearRules(mlir::MLIRContext &context);
void attachLossRules(mlir::MLIRContext &context);
void attachNormalizationRules(mlir::MLIRContext &context);
void attachSplitRules(mlir::MLIRContext &context);

} // namespace llmc

#endif
