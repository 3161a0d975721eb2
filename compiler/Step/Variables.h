//===- Variables.h - where parameters and constants lie -------------------===//

#ifndef LLMC_COMPILER_STEP_VARIABLES_H
#define LLMC_COMPILER_STEP_VARIABLES_H

#include "dialects/Train/Train.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"

namespace llmc {

/// The layout of a graph's parameters and constants.
struct Variables {
  /// The variable of each model.parameter and model.constant result, in the
  /// order in which they occur in the graph.
  llvm::MapVector<mlir::Value, train::VariableOp> ofValue;

  /// Elements of the flat parameter storage, padding included.
  int64_t elements = 0;

  /// Elements before the first parameter that does not decay.
  int64_t decayElements = 0;

  /// Of all parameters; null without parameters.
  mlir::Type elementType;

  /// Of the parameters' compute copies; null where there are none and the
  /// step computes with the parameters themselves.
  mlir::FloatType computeType;

  /// The copies are all there is of the parameters: AdamW updates them.
  bool narrowMasters = false;

  /// Of both moments; null: that of the parameters.
  mlir::FloatType momentType;

  /// Where AdamW keeps the parameters.
  train::Slot masters() const {
    return narrowMasters ? train::Slot::Compute : train::Slot::Value;
  }

  /// A handle on one storage of the variable of `value`.
  mlir::Value createRef(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value value, train::Slot slot) const;

  /// A handle on one storage of all parameters.
  mlir::Value createFlat(mlir::OpBuilder &builder, mlir::Location loc,
                         train::Slot slot) const;
};

/// Creates a train.variable at the builder's insertion point for each
/// parameter and constant of `block`. Fails, with a diagnostic, if parameters
/// differ in element type: they share one flat storage.
mlir::FailureOr<Variables> layOutVariables(mlir::OpBuilder &builder,
                                           mlir::Block &block);

} // namespace llmc

#endif
