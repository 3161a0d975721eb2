//===- Embedding.cpp - rules of ops that look rows up -------------===//

#include "compiler/Tiling/Rules/RuleTable.h"

#include "dialects/Model/Model.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

/// For each row of the block the row of `table` that `numbers` has for it.
static Value gatherRows(RowBlock &block, Value numbers, Value table) {
  KernelBuilder &k = block.k;
  Value memref = k.argument(table);
  RowSource source =
      KernelBuilder::rowSource(memref, cast<MemRefType>(memref.getType()));
  return k.gather(k.view(source), block.integers(numbers), k.index(0),
                  source.columns);
}

void llmc::tiling::addEmbeddingRules(RuleTable &table) {
  table.addTile<model::EmbeddingOp>(
      [](model::EmbeddingOp op, RowBlock &block) {
        return gatherRows(block, op.getTokens(), op.getWeight());
      },
      RuleTable::Needs::WholeRows);
  table.addTile<model::TakeTokensOp>(
      [](model::TakeTokensOp op, RowBlock &block) {
        return gatherRows(block, op.getPositions(), op.getInput());
      },
      RuleTable::Needs::WholeRows);
  table.addTile<model::PositionEmbeddingOp>(
      [](model::PositionEmbeddingOp op, RowBlock &block) {
        auto type = cast<RankedTensorType>(op.getOutput().getType());
        return block.periodicRows(op.getWeight(),
                                  type.getDimSize(type.getRank() - 2));
      },
      RuleTable::Needs::WholeRows);
}
