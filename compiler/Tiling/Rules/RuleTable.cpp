//===- RuleTable.cpp - how each op becomes tile operations ----------------===//

#include "compiler/Tiling/Rules/RuleTable.h"

#include "dialects/Model/Model.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

const RuleTable &RuleTable::get() {
  static const RuleTable table = [] {
    RuleTable rules;
    addAttentionDeltaRules(rules);
    addElementwiseRules(rules);
    addEmbeddingRules(rules);
    addLayoutRules(rules);
    addLossRules(rules);
    addNormRules(rules);
    addRotateRules(rules);
    addSumRules(rules);
    return rules;
  }();
  return table;
}

bool RuleTable::isColumnSum(Operation *op) const {
  auto it = rules.find(op->getName().getStringRef());
  return it != rules.end() && it->second.columnSum;
}

FailureOr<const RuleTable::Entry *> RuleTable::find(Operation *op,
                                                    RowBlock &block) const {
  StringRef kind = block.k.func.getKind().value_or("");
  auto it = rules.find(op->getName().getStringRef());
  if (it == rules.end())
    return op->emitOpError("cannot be computed in a kernel of kind '")
           << kind << "'";
  std::optional<int64_t> head = model::getNormHeadSize(op);
  bool isHead = head && head == block.columns;
  if (it->second.needs == Needs::WholeRows && !block.hasWholeRows() && !isHead)
    return op->emitOpError("needs ")
           << (head ? "a head of " + std::to_string(*head) + " columns"
                    : "whole rows")
           << ", a kernel of kind '" << kind << "' holds blocks of "
           << *block.columns << " columns";
  for (Value operand : op->getOperands())
    if (!block.isAvailable(operand))
      return op->emitOpError("operand of type ")
             << operand.getType() << " is not available as a tile in a kernel"
             << " of kind '" << kind << "'";
  return &it->second;
}

LogicalResult RuleTable::evaluate(Operation *op, RowBlock &block) const {
  FailureOr<const Entry *> entry = find(op, block);
  if (failed(entry))
    return failure();
  if (!(*entry)->rule)
    return op->emitOpError("sums over rows, which a kernel of kind '")
           << block.k.func.getKind().value_or("") << "' cannot";
  block.k.b.setLoc(op->getLoc());
  return (*entry)->rule(op, block);
}

FailureOr<Value> RuleTable::columnSum(Operation *op, RowBlock &block) const {
  FailureOr<const Entry *> entry = find(op, block);
  if (failed(entry))
    return failure();
  block.k.b.setLoc(op->getLoc());
  return (*entry)->columnSum(op, block);
}
