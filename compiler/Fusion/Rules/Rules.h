//===- Rules.h - fusion facts as external models ----------------*- C++ -*-===//
//
// One line per op: its family and how it reads each operand. A new op is added
// by a line in the file of its family.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_FUSION_RULES_RULES_H
#define LLMC_COMPILER_FUSION_RULES_RULES_H

#include "compiler/Fusion/FusionOpInterface.h"

namespace llmc {

/// The fusion facts of `ConcreteOp`. `accesses` are those of the operands in
/// order; the last one holds for all further operands. Without `byOperand`
/// the row domain is that of the first result, with it of the first operand.
template <typename ConcreteOp, OpFamily family, bool byOperand,
          OperandAccess... accesses>
struct FusionRule
    : FusionOpInterface::ExternalModel<
          FusionRule<ConcreteOp, family, byOperand, accesses...>, ConcreteOp> {
  OpFamily getFusionFamily(mlir::Operation *) const { return family; }

  OperandAccess getOperandAccess(mlir::Operation *, unsigned operand) const {
    constexpr OperandAccess table[] = {accesses...};
    constexpr unsigned last = sizeof...(accesses) - 1;
    return table[operand < last ? operand : last];
  }

  mlir::RankedTensorType getRowDomainType(mlir::Operation *op) const {
    mlir::Type type =
        byOperand ? op->getOperand(0).getType() : op->getResult(0).getType();
    return llvm::cast<mlir::RankedTensorType>(type);
  }
};

/// Attaches the rule of an op whose row domain is that of its result.
template <typename ConcreteOp, OpFamily family, OperandAccess... accesses>
void attachRule(mlir::MLIRContext *context) {
  ConcreteOp::template attachInterface<
      FusionRule<ConcreteOp, family, false, accesses...>>(*context);
}

/// Attaches the rule of an op whose row domain is that of its first operand.
template <typename ConcreteOp, OpFamily family, OperandAccess... accesses>
void attachOperandRule(mlir::MLIRContext *context) {
  ConcreteOp::template attachInterface<
      FusionRule<ConcreteOp, family, true, accesses...>>(*context);
}

void registerAttentionRules(mlir::DialectRegistry &registry);
void registerDistRules(mlir::DialectRegistry &registry);
void registerLinearRules(mlir::DialectRegistry &registry);
void registerRowRules(mlir::DialectRegistry &registry);
void registerTrainRules(mlir::DialectRegistry &registry);

} // namespace llmc

#endif
