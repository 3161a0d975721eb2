//===- Interpreter.h - evaluates a model.graph in f64 ---------------------===//
//
// The reference for everything the compiler generates: it reads the model
// dialect's definitions literally, one op at a time, in doubles, and shares no
// code with the passes that produce kernels.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_TOOLS_LLMCINTERPRET_INTERPRETER_H
#define LLMC_TOOLS_LLMCINTERPRET_INTERPRETER_H

#include "Tensor.h"

#include "dialects/Model/Model.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"

#include <functional>

namespace llmc::interpret {

using Operands = llvm::ArrayRef<const Tensor *>;
/// Zero-filled tensors of the result types' shapes.
using Results = llvm::MutableArrayRef<Tensor>;
using Evaluator =
    std::function<mlir::LogicalResult(mlir::Operation *, Operands, Results)>;

/// Evaluators by op name; every family of ops adds its own.
class EvaluatorTable {
public:
  EvaluatorTable();

  template <typename OpT>
  void add(mlir::LogicalResult (*evaluate)(OpT, Operands, Results)) {
    table[OpT::getOperationName()] =
        [evaluate](mlir::Operation *op, Operands operands, Results results) {
          return evaluate(llvm::cast<OpT>(op), operands, results);
        };
  }
  /// Null when no family knows the op.
  const Evaluator *find(llvm::StringRef name) const;

private:
  llvm::StringMap<Evaluator> table;
};

/// Evaluates one flat graph of static shapes, any number of times.
class Interpreter {
public:
  /// Fails with a diagnostic when the graph has a dynamic shape or an op
  /// without an evaluator.
  static mlir::FailureOr<Interpreter> create(model::GraphOp graph);

  /// The graph's parameters in order of occurrence.
  llvm::ArrayRef<model::ParameterOp> parameters() const { return params; }
  /// The loss and, when the graph has them, the gradients.
  unsigned numResults();

  /// Evaluates the first `count` results and only the ops they need.
  /// `values[i]` belongs to `parameters()[i]`.
  mlir::FailureOr<std::vector<Tensor>> run(const Tensor &tokens,
                                           const Tensor &targets,
                                           llvm::ArrayRef<Tensor> values,
                                           unsigned count);

private:
  explicit Interpreter(model::GraphOp graph) : graph(graph) {}

  /// The ops which the first `count` results depend on, in order.
  llvm::ArrayRef<mlir::Operation *> needed(unsigned count);

  model::GraphOp graph;
  EvaluatorTable table;
  llvm::SmallVector<model::ParameterOp> params;
  llvm::DenseMap<unsigned, std::vector<mlir::Operation *>> slices;
};

// The families, in Evaluators/.
void addAttentionEvaluators(EvaluatorTable &table);
void addElementwiseEvaluators(EvaluatorTable &table);
void addEmbeddingEvaluators(EvaluatorTable &table);
void addLinearEvaluators(EvaluatorTable &table);
void addLossEvaluators(EvaluatorTable &table);
void addNormEvaluators(EvaluatorTable &table);
void addRotaryEvaluators(EvaluatorTable &table);
void addShapeEvaluators(EvaluatorTable &table);

} // namespace llmc::interpret

#endif // LLMC_TOOLS_LLMCINTERPRET_INTERPRETER_H
