//===- StepGraph.h - the joint graph, as Step reads it --------------------===//

#ifndef LLMC_COMPILER_STEP_STEPGRAPH_H
#define LLMC_COMPILER_STEP_STEPGRAPH_H

#include "compiler/Step/Variables.h"
#include "dialects/Model/Model.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"

namespace llmc {

/// The functions that Step creates, in this order. `prepare` is there in mixed
/// precision only, and only with masters wider than the copies.
inline constexpr llvm::StringLiteral kStepFunctions[] = {
    "micro_step", "evaluate", "generate", "update", "prepare"};

/// A model.graph that returns the loss and a gradient per parameter.
struct StepGraph {
  model::GraphOp op;
  model::CrossEntropyOp loss;
  llvm::SmallVector<model::ParameterOp> parameters;
  /// gradients[i] has the type of parameters[i].
  llvm::SmallVector<mlir::Value> gradients;

  mlir::Block &body() { return op.getBody().front(); }
  mlir::Value tokens() { return body().getArgument(0); }
  mlir::Value targets() { return body().getArgument(1); }
  /// Of tokens and targets: [batch, sequence].
  mlir::RankedTensorType tokensType();
  int64_t batch() { return tokensType().getDimSize(0); }
};

/// Checks that `graph` has the form above. Reports what is wrong.
mlir::FailureOr<StepGraph> readStepGraph(model::GraphOp graph);

/// The ops of one block on which `root` depends, in program order, parameters
/// and constants included.
llvm::SmallVector<mlir::Operation *> sliceOf(mlir::Value root);

/// A function with an empty entry block; the builder is left at its start.
mlir::func::FuncOp createFunction(mlir::OpBuilder &builder, mlir::Location loc,
                                  llvm::StringRef name,
                                  llvm::ArrayRef<mlir::Type> inputs,
                                  llvm::ArrayRef<mlir::Type> results);

/// Clones a forward op. Attention loses its log-sum-exp, which only the
/// backward pass reads.
mlir::Operation *cloneForward(mlir::OpBuilder &builder, mlir::Operation *op,
                              mlir::IRMapping &mapping);

/// Each appends one function to the module, at the builder's insertion point,
/// which stays behind it. The graph is left unchanged.
void buildMicroStep(mlir::OpBuilder &builder, StepGraph &graph,
                    const Variables &variables);
void buildEvaluate(mlir::OpBuilder &builder, StepGraph &graph,
                   const Variables &variables);
mlir::LogicalResult buildGenerate(mlir::OpBuilder &builder, StepGraph &graph,
                                  const Variables &variables);
void buildUpdate(mlir::OpBuilder &builder, StepGraph &graph,
                 const Variables &variables);

} // namespace llmc

#endif
