//===- Embedding.cpp - rules of token and position embeddings -------------===//

#include "compiler/Tiling/Rules/RuleTable.h"

#include "dialects/Model/Model.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

void llmc::tiling::addEmbeddingRules(RuleTable &table) {
  table.addTile<model::EmbeddingOp>(
      [](model::EmbeddingOp op, RowBlock &block) {
        KernelBuilder &k = block.k;
        Value weight = k.argument(op.getWeight());
        RowSource source = KernelBuilder::rowSource(
            weight, cast<MemRefType>(weight.getType()));
        Value tokens = block.integers(op.getTokens());
        return k.gather(k.view(source), tokens, k.index(0), source.columns);
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
