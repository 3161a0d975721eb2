//===- Interpreter.cpp - evaluates a model.graph in f64 -------------------===//

#include "Interpreter.h"

#include "mlir/IR/Diagnostics.h"

using namespace mlir;
using namespace llmc::interpret;
namespace model = llmc::model;

EvaluatorTable::EvaluatorTable() {
  addAttentionEvaluators(*this);
  addElementwiseEvaluators(*this);
  addEmbeddingEvaluators(*this);
  addLinearEvaluators(*this);
  addLossEvaluators(*this);
  addNormEvaluators(*this);
  addRotaryEvaluators(*this);
  addShapeEvaluators(*this);
}

const Evaluator *EvaluatorTable::find(llvm::StringRef name) const {
  auto entry = table.find(name);
  return entry == table.end() ? nullptr : &entry->second;
}

FailureOr<Interpreter> Interpreter::create(model::GraphOp graph) {
  Interpreter interpreter(graph);
  for (Type type : graph.getFunctionType().getInputs())
    if (!llvm::cast<RankedTensorType>(type).hasStaticShape())
      return graph.emitError("cannot interpret an input of dynamic shape ")
             << type << "; give --batch and --seq";
  for (Operation &op : graph.getBody().front()) {
    if (auto parameter = llvm::dyn_cast<model::ParameterOp>(op))
      interpreter.params.push_back(parameter);
    else if (!llvm::isa<model::ReturnOp>(op) &&
             !interpreter.table.find(op.getName().getStringRef()))
      return op.emitError("cannot interpret '") << op.getName() << "'";
    for (Type type : op.getResultTypes())
      if (!llvm::cast<RankedTensorType>(type).hasStaticShape())
        return op.emitError("cannot interpret a result of dynamic shape ")
               << type << "; give --batch and --seq";
  }
  return interpreter;
}

unsigned Interpreter::numResults() {
  return graph.getFunctionType().getNumResults();
}

llvm::ArrayRef<Operation *> Interpreter::needed(unsigned count) {
  auto [entry, inserted] = slices.try_emplace(count);
  if (!inserted)
    return entry->second;
  llvm::DenseSet<Value> wanted;
  Block &body = graph.getBody().front();
  for (Value value : body.getTerminator()->getOperands().take_front(count))
    wanted.insert(value);
  std::vector<Operation *> &ops = entry->second;
  for (Operation &op : llvm::reverse(body.without_terminator())) {
    if (llvm::none_of(op.getResults(),
                      [&](Value result) { return wanted.contains(result); }))
      continue;
    ops.push_back(&op);
    wanted.insert(op.operand_begin(), op.operand_end());
  }
  std::reverse(ops.begin(), ops.end());
  return ops;
}

FailureOr<std::vector<Tensor>> Interpreter::run(const Tensor &tokens,
                                                const Tensor &targets,
                                                llvm::ArrayRef<Tensor> values,
                                                unsigned count) {
  assert(values.size() == params.size() && "one value per parameter");
  Block &body = graph.getBody().front();
  llvm::DenseMap<Value, const Tensor *> known;
  known[body.getArgument(0)] = &tokens;
  known[body.getArgument(1)] = &targets;
  for (auto [parameter, value] : llvm::zip_equal(params, values))
    known[parameter.getValue()] = &value;

  llvm::ArrayRef<Operation *> ops = needed(count);
  // Results keep their addresses: `known` points into them.
  std::vector<std::vector<Tensor>> storage(ops.size());
  for (auto [op, results] : llvm::zip_equal(ops, storage)) {
    if (llvm::isa<model::ParameterOp>(op))
      continue;
    llvm::SmallVector<const Tensor *> operands;
    for (Value operand : op->getOperands())
      operands.push_back(known.at(operand));
    for (Type type : op->getResultTypes())
      results.emplace_back(llvm::cast<RankedTensorType>(type).getShape());
    const Evaluator &evaluate = *table.find(op->getName().getStringRef());
    if (failed(evaluate(op, operands, results)))
      return failure();
    for (auto [value, result] : llvm::zip_equal(op->getResults(), results))
      known[value] = &result;
  }

  std::vector<Tensor> returned;
  for (Value value : body.getTerminator()->getOperands().take_front(count))
    returned.push_back(*known.at(value));
  return returned;
}
