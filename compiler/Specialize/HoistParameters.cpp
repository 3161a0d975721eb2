//===- HoistParameters.cpp - parameters and constants come first ----------===//
//
//   %x = model.embedding %tokens, %wte : ...
//   %w = model.parameter "ln_f.weight" : ...
// becomes
//   %w = model.parameter "ln_f.weight" : ...
//   %x = model.embedding %tokens, %wte : ...
//
//===----------------------------------------------------------------------===//

#include "compiler/Specialize/Passes.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace llmc::model;

namespace llmc {
#define GEN_PASS_DEF_HOISTPARAMETERS
#include "compiler/Specialize/Passes.h.inc"
} // namespace llmc

namespace {

struct HoistParameters : llmc::impl::HoistParametersBase<HoistParameters> {
  void runOnOperation() override {
    for (GraphOp graph : getOperation().getOps<GraphOp>())
      if (failed(hoist(graph)))
        return signalPassFailure();
  }

private:
  static LogicalResult hoist(GraphOp graph);
};

} // namespace

LogicalResult HoistParameters::hoist(GraphOp graph) {
  Block &body = graph.getBody().front();
  for (auto repeat : body.getOps<RepeatOp>())
    return repeat.emitOpError("expected a graph without repeats: run "
                              "llmc-unroll-repeat first");

  llvm::StringMap<Operation *> names;
  SmallVector<Operation *> stored;
  for (Operation &op : body) {
    if (!isa<ParameterOp, ConstantOp>(op))
      continue;
    stored.push_back(&op);
    auto name = op.getAttrOfType<StringAttr>("name").getValue();
    auto [entry, isNew] = names.try_emplace(name, &op);
    if (isNew)
      continue;
    InFlightDiagnostic diagnostic = op.emitError("expected one parameter '")
                                    << name
                                    << "', found another; a tied parameter is "
                                       "one op with several uses";
    diagnostic.attachNote(entry->second->getLoc()) << "the first is here";
    return diagnostic;
  }
  for (Operation *op : llvm::reverse(stored))
    op->moveBefore(&body, body.begin());
  return success();
}
