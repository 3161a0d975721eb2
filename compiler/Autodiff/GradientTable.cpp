//===- GradientTable.cpp - gradients that were built so far ---------------===//

#include "compiler/Autodiff/GradientTable.h"

#include "dialects/Model/Model.h"

using namespace mlir;
using namespace llmc;

GradientTable::GradientTable(Block &block) {
  for (Operation &op : block) {
    if (isa<model::ParameterOp>(op) ||
        llvm::any_of(op.getOperands(), [&](Value v) { return wants(v); }))
      active.insert(op.result_begin(), op.result_end());
  }
}

bool GradientTable::wants(Value value) const { return active.contains(value); }

void GradientTable::add(Value value, Value gradient) {
  assert(wants(value) && "a gradient nobody wants was built");
  assert(value.getType() == gradient.getType() &&
         "a gradient has the type of its value");
  terms[value].push_back(gradient);
}

Value GradientTable::sum(OpBuilder &builder, Value value) {
  auto found = terms.find(value);
  if (found == terms.end())
    return Value();
  Value sum = found->second.front();
  for (Value term : ArrayRef<Value>(found->second).drop_front()) {
    Location loc = builder.getFusedLoc({sum.getLoc(), term.getLoc()});
    sum = model::AddOp::create(builder, loc, value.getType(), sum, term);
  }
  return sum;
}
