//===- Dot.cpp - matrix products: the order of the work -------------------===//

#include "compiler/Target/CPU/Dot.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::cpu;

Value DotEmitter::panelCount(Value operand, int64_t dimension, int64_t panel) {
  auto type = cast<RankedTensorType>(operand.getType());
  int64_t extent = type.getDimSize(dimension);
  Value all = evaluator.index(roundUp(extent, panel) / panel);
  auto load = operand.getDefiningOp<tile::LoadOp>();
  if (!load || load.getView().getType().getRank() != 2)
    return all;
  // Rows beyond the view are zero and would add nothing.
  AccessRange range = accessRanges(load)[dimension];
  if (range.reach == Reach::Inside)
    return all;
  Value left =
      arith::SubIOp::create(b, evaluator.index(range.size),
                            evaluator.mapping.lookupOrDefault(range.index));
  left = arith::MaxSIOp::create(b, left, evaluator.index(0));
  Value panels = arith::DivUIOp::create(b, evaluator.add(left, panel - 1),
                                        evaluator.index(panel));
  return arith::MinSIOp::create(b, panels, all);
}

void DotEmitter::emit(tile::DotOp op, const Buffer &acc) {
  auto typeB = cast<RankedTensorType>(op.getB().getType());
  int64_t depth = typeB.getDimSize(op.getTransposeB() ? 1 : 0);
  OperandA a = packA(op);
  Value packedB = packB(op);
  Value rowPanels =
      panelCount(op.getA(), op.getTransposeA() ? 1 : 0, machine.panelRows());
  Value columnPanels =
      panelCount(op.getB(), op.getTransposeB() ? 0 : 1, machine.panelColumns());
  // A transposed B is packed by squares, the last of which may reach beyond K.
  int64_t packedDepth =
      op.getTransposeB() ? roundUp(depth, machine.lanes) : depth;
  microKernel(a, packedB, acc, depth, packedDepth, rowPanels, columnPanels);
}
