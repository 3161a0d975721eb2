//===- RuleTable.h - how each op becomes tile operations ------------------===//
//
// One file of Rules/ per op family; a new op is a rule in a file and a line in
// RuleTable.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_TILING_RULES_RULETABLE_H
#define LLMC_COMPILER_TILING_RULES_RULETABLE_H

#include "compiler/Tiling/RowBlock.h"

#include "llvm/ADT/StringMap.h"

#include <functional>

namespace llmc::tiling {

class RuleTable {
public:
  /// What a rule needs of the place it is evaluated at.
  /// Norms of heads are at home where the block holds one head.
  enum class Needs { Nothing, WholeRows };

  /// Evaluates one op at a place; the driver has checked that the operands are
  /// available (see RowBlock::isAvailable).
  using Rule =
      std::function<mlir::LogicalResult(mlir::Operation *, RowBlock &)>;
  /// Gives the tile whose columns the op sums over all rows.
  using ColumnSumRule =
      std::function<mlir::Value(mlir::Operation *, RowBlock &)>;

  template <typename OpT>
  void add(std::function<mlir::LogicalResult(OpT, RowBlock &)> rule,
           Needs needs = Needs::Nothing) {
    rules[OpT::getOperationName()] = {
        [rule](mlir::Operation *op, RowBlock &block) {
          return rule(mlir::cast<OpT>(op), block);
        },
        {},
        needs};
  }
  /// A rule which computes the one result's tile.
  template <typename OpT>
  void addTile(std::function<mlir::Value(OpT, RowBlock &)> rule,
               Needs needs = Needs::Nothing) {
    add<OpT>(
        [rule](OpT op, RowBlock &block) {
          block.setTile(op->getResult(0),
                        KernelBuilder::named(rule(op, block),
                                             op->getName().stripDialect()));
          return mlir::success();
        },
        needs);
  }
  template <typename OpT>
  void addColumnSum(std::function<mlir::Value(OpT, RowBlock &)> rule) {
    rules[OpT::getOperationName()] = {
        {},
        [rule](mlir::Operation *op, RowBlock &block) {
          return rule(mlir::cast<OpT>(op), block);
        },
        Needs::WholeRows};
  }

  bool isColumnSum(mlir::Operation *op) const;
  /// Evaluates an op that is not a column sum, or says why it cannot be.
  mlir::LogicalResult evaluate(mlir::Operation *op, RowBlock &block) const;
  mlir::FailureOr<mlir::Value> columnSum(mlir::Operation *op,
                                         RowBlock &block) const;

  /// All rules.
  static const RuleTable &get();

private:
  struct Entry {
    Rule rule;
    ColumnSumRule columnSum;
    Needs needs;
  };
  mlir::FailureOr<const Entry *> find(mlir::Operation *op,
                                      RowBlock &block) const;

  llvm::StringMap<Entry> rules;
};

void addAttentionDeltaRules(RuleTable &table);
void addElementwiseRules(RuleTable &table);
void addEmbeddingRules(RuleTable &table);
void addLayoutRules(RuleTable &table);
void addLossRules(RuleTable &table);
void addNormRules(RuleTable &table);
void addRotateRules(RuleTable &table);
void addSumRules(RuleTable &table);

} // namespace llmc::tiling

#endif
