//===- Demand.cpp - who needs which tile values, and where ----------------===//

#include "compiler/Target/CPU/Demand.h"

#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::cpu;

bool llmc::cpu::isTile(Type type) { return isa<RankedTensorType>(type); }

bool llmc::cpu::isLazy(Operation *op) {
  return op->getNumResults() == 1 && isTile(op->getResult(0).getType()) &&
         op->getNumRegions() == 0 && !isa<tile::ReduceOp, tile::DotOp>(op);
}

/// Polynomials of a dozen or more instructions.
static bool isExpensive(Operation *op) {
  return isa<math::ExpOp, math::Exp2Op, math::ExpM1Op, math::LogOp,
             math::Log2Op, math::Log1pOp, math::TanhOp, math::ErfOp,
             math::PowFOp, math::SinOp, math::CosOp>(op);
}

void llmc::cpu::forEachDemanded(Value value, function_ref<bool(Value)> stop,
                                function_ref<void(Operation *)> visit) {
  SetVector<Value> worklist;
  worklist.insert(value);
  for (size_t next = 0; next < worklist.size(); ++next) {
    Value current = worklist[next];
    Operation *op = current.getDefiningOp();
    if (!op || !isLazy(op) || stop(current))
      continue;
    visit(op);
    for (Value operand : op->getOperands())
      if (isTile(operand.getType()))
        worklist.insert(operand);
  }
}

bool llmc::cpu::readsSamePlaceOnly(Value value, Value source) {
  if (value == source)
    return true;
  bool same = true;
  forEachDemanded(
      value, [&](Value demanded) { return demanded == source; },
      [&](Operation *op) {
        // These read their operand elsewhere than they are evaluated.
        if (isa<tile::BroadcastOp, tile::SwapHalvesOp, tile::RepeatColumnsOp,
                tile::GatherOp>(op))
          for (Value operand : op->getOperands())
            if (isTile(operand.getType())) {
              same &= operand != source;
              forEachDemanded(
                  operand, [](Value) { return false; },
                  [&](Operation *inner) {
                    same &= inner != source.getDefiningOp() &&
                            !llvm::is_contained(inner->getOperands(), source);
                  });
            }
      });
  return same;
}

void llmc::cpu::forEachRoot(Value value,
                            function_ref<void(OpOperand &)> visit) {
  SetVector<Value> worklist;
  worklist.insert(value);
  for (size_t next = 0; next < worklist.size(); ++next)
    for (OpOperand &use : worklist[next].getUses()) {
      if (isLazy(use.getOwner()))
        worklist.insert(use.getOwner()->getResult(0));
      else
        visit(use);
    }
}

bool llmc::cpu::deservesBuffer(Operation *op) {
  Value value = op->getResult(0);
  // A dot inside of a deeper loop would evaluate, and pack, the same operand
  // in each iteration.
  for (OpOperand &use : value.getUses())
    if (isa<tile::DotOp>(use.getOwner()) &&
        use.getOwner()->getBlock() != op->getBlock())
      return true;
  if (!isExpensive(op))
    return false;
  // A row repeated down the tile is evaluated once per row.
  for (OpOperand &use : value.getUses())
    if (auto broadcast = dyn_cast<tile::BroadcastOp>(use.getOwner()))
      if (broadcast.getAxis() == 0)
        return true;
  // Stores of one block are taken together (they mostly share a loop nest);
  // any other root runs loops of its own.
  SmallPtrSet<void *, 4> nests;
  bool deeper = false;
  forEachRoot(value, [&](OpOperand &use) {
    Operation *root = use.getOwner();
    deeper |= root->getBlock() != op->getBlock();
    nests.insert(isa<tile::StoreOp>(root)
                     ? static_cast<void *>(root->getBlock())
                     : static_cast<void *>(root));
  });
  return deeper || nests.size() > 1;
}
