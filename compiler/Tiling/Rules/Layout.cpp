//===- Layout.cpp - rules of split and concat -----------------------------===//
//
// Tiles are neither cut nor joined: a part of an argument is loaded from its
// columns, a joined result is stored part by part.
//
//===----------------------------------------------------------------------===//

#include "compiler/Tiling/Rules/RuleTable.h"

#include "dialects/Model/Model.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

static LogicalResult split(model::SplitOp op, RowBlock &block) {
  for (Value part : op.getOutputs()) {
    // tile() loads what rowSource() knows as a window of an argument.
    if (failed(block.k.rowSource(part)))
      return op.emitOpError("splits a value that the kernel computes; only an "
                            "argument of a kernel can be split");
    block.tile(part);
  }
  return success();
}

static LogicalResult concat(model::ConcatOp op, RowBlock &block) {
  int64_t offset = 0;
  for (Value part : op.getInputs()) {
    block.storePart(op.getOutput(), block.tile(part), offset);
    offset += block.width(part);
  }
  return success();
}

void llmc::tiling::addLayoutRules(RuleTable &table) {
  table.add<model::SplitOp>(split, RuleTable::Needs::WholeRows);
  table.add<model::ConcatOp>(concat, RuleTable::Needs::WholeRows);
}
