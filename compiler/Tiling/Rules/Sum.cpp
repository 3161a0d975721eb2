//===- Sum.cpp - rule of sums over rows -----------------------------------===//

#include "compiler/Tiling/Rules/RuleTable.h"

#include "dialects/Model/Model.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

void llmc::tiling::addSumRules(RuleTable &table) {
  table.addColumnSum<model::SumRowsOp>(
      [](model::SumRowsOp op, RowBlock &block) {
        return block.tile(op.getInput());
      });
}
