//===- Rotate.cpp - rule of the rotary embedding --------------------------===//

#include "compiler/Tiling/Rules/RuleTable.h"

#include "dialects/Model/Model.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

/// y = x cos + swap(x) sin. The tables [T, D] hold one head: position r mod T
/// serves row r, and every head of the row reads the same D columns.
static LogicalResult rotate(model::RotateOp op, RowBlock &block) {
  KernelBuilder &k = block.k;
  int64_t head = op.getHeadSize();
  int64_t width = block.width(op.getInput());
  if (width % head != 0)
    return op.emitOpError("head size ")
           << head << " does not divide the kernel's " << width << " columns";
  auto type = cast<RankedTensorType>(op.getInput().getType());
  int64_t positions = type.getDimSize(type.getRank() - 2);

  Value x = block.tile(op.getInput());
  auto table = [&](Value weight) -> Value {
    Value rows = block.periodicRows(weight, positions);
    return tile::RepeatColumnsOp::create(k.b, x.getType(), rows);
  };
  Value swapped = tile::SwapHalvesOp::create(k.b, x, head);
  Value direct = arith::MulFOp::create(k.b, x, table(op.getCos()));
  Value turned = arith::MulFOp::create(k.b, swapped, table(op.getSin()));
  block.setTile(op.getOutput(),
                op.getInverse()
                    ? Value(arith::SubFOp::create(k.b, direct, turned))
                    : Value(arith::AddFOp::create(k.b, direct, turned)));
  return success();
}

void llmc::tiling::addRotateRules(RuleTable &table) {
  table.add<model::RotateOp>(rotate);
}
