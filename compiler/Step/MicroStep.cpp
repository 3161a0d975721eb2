//===- MicroStep.cpp - forward and backward of one micro-batch ------------===//
//
//   %s = model.add %dw1, %dw2     ==>   .. %dw1 ..
//   model.return %loss, %s              train.accumulate %dw1 into %g
//                                       .. %dw2 ..
//                                       train.accumulate %dw2 into %g
//                                       return %loss
//
// A gradient is added to its storage right behind the op that computes it, so
// that it lives as briefly as possible and can be the epilogue of that op.
//
//===----------------------------------------------------------------------===//

#include "compiler/Step/StepGraph.h"

using namespace mlir;
using namespace llmc;

namespace {

/// Which parameters each value is a gradient term of.
class GradientTerms {
public:
  explicit GradientTerms(StepGraph &graph) {
    for (auto [parameter, gradient] :
         llvm::zip_equal(graph.parameters, graph.gradients))
      collect(gradient, parameter.getValue());
  }

  /// In the order of accumulation.
  ArrayRef<Value> parametersOf(Value term) const {
    auto found = parameters.find(term);
    return found == parameters.end() ? ArrayRef<Value>() : found->second;
  }

  /// Whether `op` is a sum that accumulation replaces.
  bool isReplaced(Operation *op) const { return sums.contains(op); }

private:
  void collect(Value gradient, Value parameter) {
    auto sum = gradient.getDefiningOp<model::AddOp>();
    if (!sum || !gradient.hasOneUse()) {
      parameters[gradient].push_back(parameter);
      return;
    }
    sums.insert(sum);
    collect(sum.getLhs(), parameter);
    collect(sum.getRhs(), parameter);
  }

  llvm::DenseMap<Value, SmallVector<Value, 1>> parameters;
  llvm::SmallPtrSet<Operation *, 8> sums;
};

} // namespace

void llmc::buildMicroStep(OpBuilder &builder, StepGraph &graph,
                          const Variables &variables) {
  OpBuilder::InsertionGuard guard(builder);
  func::FuncOp function = createFunction(
      builder, graph.op.getLoc(), "micro_step",
      {graph.tokensType(), graph.tokensType()}, {graph.loss.getType()});
  IRMapping mapping;
  mapping.map(graph.body().getArguments(), function.getArguments());

  GradientTerms terms(graph);
  auto accumulate = [&](Value value) {
    for (Value parameter : terms.parametersOf(value)) {
      Value storage = variables.createRef(builder, parameter.getLoc(),
                                          parameter, train::Slot::Gradient);
      train::AccumulateOp::create(builder, value.getLoc(),
                                  mapping.lookup(value), storage);
    }
  };
  for (auto &[value, variable] : variables.ofValue) {
    mapping.map(value, variables.createRef(builder, value.getLoc(), value,
                                           train::Slot::Value));
    accumulate(value);
  }
  for (Operation &op : graph.body().without_terminator()) {
    if (isa<model::ParameterOp, model::ConstantOp>(op) || terms.isReplaced(&op))
      continue;
    builder.clone(op, mapping);
    for (Value result : op.getResults())
      accumulate(result);
  }
  func::ReturnOp::create(builder, graph.loss.getLoc(),
                         mapping.lookup(graph.loss.getLoss()));
}
