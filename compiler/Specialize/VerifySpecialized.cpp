//===- VerifySpecialized.cpp - one flat, static graph is left -------------===//
//
// Changes nothing: the end of the Specialize phase.
//
//===----------------------------------------------------------------------===//

#include "compiler/Specialize/Passes.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace llmc::model;

namespace llmc {
#define GEN_PASS_DEF_VERIFYSPECIALIZED
#include "compiler/Specialize/Passes.h.inc"
} // namespace llmc

namespace {

struct VerifySpecialized
    : llmc::impl::VerifySpecializedBase<VerifySpecialized> {
  void runOnOperation() override {
    if (failed(verifyModule(getOperation())))
      return signalPassFailure();
    markAllAnalysesPreserved();
  }

private:
  static LogicalResult verifyModule(ModuleOp module);
  static LogicalResult verifySignature(GraphOp graph);
  static LogicalResult verifyOps(GraphOp graph);
  static LogicalResult verifyLoss(GraphOp graph);
  static LogicalResult verifyReached(GraphOp graph);
};

} // namespace

LogicalResult VerifySpecialized::verifyModule(ModuleOp module) {
  for (Operation &op : *module.getBody())
    if (!isa<GraphOp>(op))
      return op.emitError("expected nothing but a 'model.graph' in the module, "
                          "found '")
             << op.getName() << "'";
  FailureOr<GraphOp> graph = GraphOp::getOnly(module);
  if (failed(graph) || failed(verifySignature(*graph)) ||
      failed(verifyOps(*graph)) || failed(verifyLoss(*graph)))
    return failure();
  return verifyReached(*graph);
}

LogicalResult VerifySpecialized::verifySignature(GraphOp graph) {
  ArrayRef<Type> types = graph.getArgumentTypes();
  auto isTokens = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.getRank() == 2 &&
           tensor.getElementType().isSignlessInteger(32);
  };
  if (types.size() != 2 || !isTokens(types[0]) || types[0] != types[1])
    return graph.emitOpError("expected two arguments, tokens and targets, of "
                             "one type tensor<BxTxi32>, found (")
           << types << ")";
  if (!cast<RankedTensorType>(types[0]).hasStaticShape())
    return graph.emitOpError("expected static shapes, found arguments (")
           << types << ")";
  return success();
}

LogicalResult VerifySpecialized::verifyOps(GraphOp graph) {
  llvm::StringMap<Operation *> names;
  Operation *computation = nullptr;
  for (Operation &op : graph.getBody().front()) {
    if (isa<RepeatOp, RopeOp>(op) ||
        !isa_and_nonnull<ModelDialect>(op.getDialect()))
      return op.emitError("expected no '")
             << op.getName() << "' after specialization";
    for (Type type : op.getResultTypes())
      if (!cast<RankedTensorType>(type).hasStaticShape())
        return op.emitOpError("expected static shapes, found result ") << type;
    if (!isa<ParameterOp, ConstantOp>(op)) {
      computation = &op;
      continue;
    }
    auto name = op.getAttrOfType<StringAttr>("name").getValue();
    auto type = cast<RankedTensorType>(op.getResult(0).getType());
    if (isa<ParameterOp>(op) && !type.getElementType().isF32())
      return op.emitError("expected parameter '")
             << name << "' to be of f32, found " << type
             << ": precision is an option of llmc compile, not of the model";
    if (computation)
      return op.emitError("expected '")
             << name << "' at the top of the graph, found it below '"
             << computation->getName() << "'";
    auto [entry, isNew] = names.try_emplace(name, &op);
    if (!isNew) {
      InFlightDiagnostic diagnostic = op.emitError("expected one parameter '")
                                      << name << "', found another";
      diagnostic.attachNote(entry->second->getLoc()) << "the first is here";
      return diagnostic;
    }
  }
  return success();
}

LogicalResult VerifySpecialized::verifyLoss(GraphOp graph) {
  auto end = cast<ReturnOp>(graph.getBody().front().getTerminator());
  if (end.getValues().size() != 1)
    return end.emitOpError("expected one value, the loss, found ")
           << end.getValues().size();
  Value loss = end.getValues().front();
  auto entropy = loss.getDefiningOp<CrossEntropyOp>();
  if (!entropy)
    return end.emitOpError("expected the loss of a 'model.cross_entropy', "
                           "found a value of type ")
           << loss.getType();
  if (entropy.getTargets() != graph.getBody().getArgument(1))
    return entropy.emitOpError(
        "expected the graph's second argument as targets");
  // Programs admit the tokens that the logits have, so that each needs a row.
  auto logits = cast<RankedTensorType>(entropy.getLogits().getType());
  for (auto embedding : graph.getBody().front().getOps<EmbeddingOp>()) {
    auto weight = cast<RankedTensorType>(embedding.getWeight().getType());
    if (weight.getDimSize(0) >= logits.getShape().back())
      continue;
    InFlightDiagnostic diagnostic = embedding.emitOpError(
        "expected at least as many rows as the logits have tokens, ");
    diagnostic << logits.getShape().back() << ", found weight " << weight;
    diagnostic.attachNote(entropy.getLoc()) << "the logits are used here";
    return diagnostic;
  }
  return success();
}

LogicalResult VerifySpecialized::verifyReached(GraphOp graph) {
  Block &body = graph.getBody().front();
  llvm::DenseSet<Operation *> reached;
  // In a flat block users come after what they use.
  for (Operation &op : llvm::reverse(body)) {
    if (isa<ReturnOp>(op) || reached.contains(&op))
      for (Value operand : op.getOperands())
        if (Operation *definition = operand.getDefiningOp())
          reached.insert(definition);
  }
  for (auto parameter : body.getOps<ParameterOp>())
    if (!reached.contains(parameter))
      return parameter.emitError("the loss does not depend on parameter '")
             << parameter.getName() << "': use it or remove it";
  return success();
}
