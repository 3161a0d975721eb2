//===- Dot.cpp - matrix products: the order of the work -------------------===//

#include "compiler/Target/CPU/Dot.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

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

/// The load of A whose elements can be taken from its view as they lie there,
/// all rows of whole panels: null if there is none.
static tile::LoadOp findPlainLoad(Value tile, int64_t panelRows) {
  auto load = tile.getDefiningOp<tile::LoadOp>();
  if (!load)
    return {};
  auto view = cast<MemRefType>(load.getView().getType());
  int64_t rows = cast<RankedTensorType>(tile.getType()).getDimSize(0);
  auto [strides, offset] = view.getStridesAndOffset();
  if (view.getRank() != 2 || strides.back() != 1 || rows % panelRows != 0)
    return {};
  return load;
}

void DotEmitter::withOperandA(tile::DotOp op,
                              function_ref<void(OperandA)> body) {
  Value tile = op.getA();
  if (op.getTransposeA())
    return body(packA(tile));
  tile::LoadOp load = findPlainLoad(tile, machine.panelRows());
  if (!load || evaluator.buffers.contains(tile))
    return body(materialiseA(tile));
  SmallVector<AccessRange, 2> ranges = accessRanges(load);
  OperandA inPlace{evaluator.mapping.lookupOrDefault(load.getView()),
                   evaluator.mapping.lookupOrDefault(load.getIndices()[0]),
                   evaluator.mapping.lookupOrDefault(load.getIndices()[1])};
  if (isInside(ranges))
    return body(inPlace);
  if (llvm::any_of(ranges, [](const AccessRange &range) {
        return range.reach == Reach::Beyond;
      }))
    return body(materialiseA(tile));
  auto branch = scf::IfOp::create(b, evaluator.insideCondition(ranges),
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  body(inPlace);
  b.setInsertionPointToStart(branch.elseBlock());
  body(materialiseA(tile));
}

void DotEmitter::emit(tile::DotOp op, const Buffer &acc,
                      ArrayRef<Touched> touchedLater) {
  touched = touchedLater;
  if (!touched.empty()) {
    auto loop = cast<scf::ForOp>(b.getInsertionBlock()->getParentOp());
    Value next =
        arith::AddIOp::create(b, loop.getInductionVar(), loop.getStep());
    isLastTurn = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, next,
                                       loop.getUpperBound());
  }
  auto typeB = cast<RankedTensorType>(op.getB().getType());
  bool transposeB = op.getTransposeB();
  int64_t depth = typeB.getDimSize(transposeB ? 1 : 0);
  int64_t columns = typeB.getDimSize(transposeB ? 0 : 1);
  int64_t width = machine.panelColumns(columns);
  // A transposed B is packed by squares, the last of which may reach beyond K.
  Value packedB = buffers.allocateScratch(Buffers::PackedB,
                                          roundUp(depth, machine.lanes) * width,
                                          typeB.getElementType());
  Value rowPanels =
      panelCount(op.getA(), op.getTransposeA() ? 1 : 0, machine.panelRows());
  Value columnPanels = panelCount(op.getB(), transposeB ? 0 : 1, width);
  withOperandA(op, [&](OperandA a) {
    createLoop(evaluator, b, evaluator.index(0), columnPanels, 1, {},
               [&](Value panel, ValueRange) -> SmallVector<Value> {
                 PanelProduct product{
                     a,
                     packedB,
                     width,
                     acc,
                     scaled(panel, width),
                     findUpcoming(op, panel, columnPanels, width)};
                 multiplyPanel(op, product, panel, depth, rowPanels);
                 return {};
               });
  });
}

Value DotEmitter::scaled(Value value, int64_t factor) {
  return arith::MulIOp::create(b, value, evaluator.index(factor));
}
