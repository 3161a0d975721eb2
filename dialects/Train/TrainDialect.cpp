//===- TrainDialect.cpp - the train dialect -------------------------------===//

#include "dialects/Train/Train.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialects/Train/TrainDialect.cpp.inc"
#include "dialects/Train/TrainEnums.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/Train/TrainOps.cpp.inc"

using namespace mlir;
using namespace llmc::train;

void TrainDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Train/TrainOps.cpp.inc"
      >();
}

static bool isNarrower(RankedTensorType type, RankedTensorType than) {
  return isa<FloatType>(type.getElementType()) &&
         type.getElementTypeBitWidth() < than.getElementTypeBitWidth();
}

LogicalResult VariableOp::verify() {
  auto type = cast<RankedTensorType>(getType());
  if (!type.hasStaticShape())
    return emitOpError("storage needs static extents, found ") << type;
  if (static_cast<int64_t>(getOffset()) < 0)
    return emitOpError("offset ")
           << static_cast<int64_t>(getOffset()) << " is negative";
  if (getConstant() && getDecay())
    return emitOpError("a constant is never trained, so it cannot decay");
  return success();
}

LogicalResult RefOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto variable =
      symbolTable.lookupNearestSymbolFrom<VariableOp>(*this, getVariableAttr());
  if (!variable)
    return emitOpError("'") << getVariable() << "' is not a train.variable";
  auto type = cast<RankedTensorType>(variable.getType());
  auto found = cast<RankedTensorType>(getValue().getType());
  if (getSlot() == Slot::Compute && !variable.getConstant()) {
    if (found.getShape() == type.getShape() && isNarrower(found, type))
      return success();
    return emitOpError("has type ")
           << found << ", expected the shape of the variable " << type
           << " and narrower elements";
  }
  if (type != found)
    return emitOpError("has type ")
           << getValue().getType() << ", the variable is "
           << variable.getType();
  if (variable.getConstant() && getSlot() != Slot::Value)
    return emitOpError("a constant has no ") << stringifySlot(getSlot());
  return success();
}

LogicalResult SquaresOp::verify() {
  auto first = static_cast<int64_t>(getFirst());
  if (first >= 0 && first % 16 == 0)
    return success();
  return emitOpError("expected a place that is a multiple of 16, found ")
         << first;
}

/// Storage that a sum is made in: its first term only writes it.
static void addSumEffects(
    OpOperand &storage, bool isFirst,
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  if (!isFirst)
    effects.emplace_back(MemoryEffects::Read::get(), &storage);
  effects.emplace_back(MemoryEffects::Write::get(), &storage);
}

void AccumulateOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  addSumEffects(getStorageMutable(), getFirst(), effects);
  for (OpOperand &squares : getSquaresMutable())
    effects.emplace_back(MemoryEffects::Write::get(), &squares);
}

void AddOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  effects.emplace_back(MemoryEffects::Read::get(), &getValueMutable());
  addSumEffects(getStorageMutable(), getFirst(), effects);
}

LogicalResult AccumulateOp::verify() {
  auto value = cast<RankedTensorType>(getValue().getType());
  auto storage = cast<RankedTensorType>(getStorage().getType());
  // Element types may differ: bf16 gradients accumulate into f32 storage.
  if (value.getShape() != storage.getShape() || isNarrower(storage, value))
    return emitOpError("cannot add ") << value << " to storage " << storage;
  if (!getSquares())
    return success();
  if (!storage.getElementType().isF32())
    return emitOpError("sums squares of f32 storage only, found ") << storage;
  auto squares = cast<RankedTensorType>(getSquares().getType());
  if (squares.getRank() == 2 &&
      (storage.getRank() != 2 ||
       squares.getDimSize(1) != storage.getDimSize(0)))
    return emitOpError("cannot sum squares of the rows of ")
           << storage << " into " << squares;
  return success();
}

LogicalResult FlatOp::verify() {
  auto type = cast<RankedTensorType>(getValue().getType());
  if (getSlot() == Slot::Compute && type.getElementTypeBitWidth() >= 32)
    return emitOpError("compute copies have elements narrower than f32, found ")
           << type;
  return success();
}

/// Copies of all of `parameters`, in narrower elements.
static LogicalResult verifyCopies(Operation *op, Value parameters,
                                  Value copies) {
  auto type = cast<RankedTensorType>(parameters.getType());
  auto found = cast<RankedTensorType>(copies.getType());
  if (found.getShape() == type.getShape() && isNarrower(found, type))
    return success();
  return op->emitOpError("cannot round ")
         << type << " to " << found
         << ", expected the same extent and narrower elements";
}

bool AdamWOp::isRounding() {
  return getStochastic() ||
         getElementTypeOrSelf(getMoment1().getType()).isBF16();
}

LogicalResult AdamWOp::verify() {
  auto parameters = cast<RankedTensorType>(getParameters().getType());
  // Only rounding by chance keeps steps below half a unit in the last place.
  if (getStochastic() != (parameters.getElementTypeBitWidth() < 32))
    return emitOpError("expected ")
           << (getStochastic() ? "parameters narrower than f32"
                               : "'stochastic' rounding")
           << (getStochastic() ? " for 'stochastic' rounding, found "
                               : " of parameters ")
           << parameters;
  Type moments = getMoment1().getType();
  if (moments != getMoment2().getType() ||
      !(getElementTypeOrSelf(moments).isBF16() ||
        getElementTypeOrSelf(moments) ==
            getElementTypeOrSelf(getGradients().getType())))
    return emitOpError("expected two moments of one type, bf16 or the "
                       "gradients', found ")
           << moments << " and " << getMoment2().getType();
  if (getPlace() && !isRounding())
    return emitOpError("expected parameters or moments that are rounded by "
                       "chance beside a place, which only that needs");
  if (!getCompute())
    return success();
  return verifyCopies(*this, getParameters(), getCompute());
}

LogicalResult RoundOp::verify() {
  return verifyCopies(*this, getValue(), getStorage());
}
