//===- CudaVerifiers.cpp - the cuda dialect: constraints ------------------===//

#include "dialects/Cuda/Cuda.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace llmc::cuda;

LogicalResult ConvertLayoutOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  if (input.getShape() == result.getShape() &&
      input.getElementType() == result.getElementType())
    return success();
  return emitOpError("input ") << input << " and result " << result
                               << " differ in more than their layouts";
}

LogicalResult PartialSumOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  int64_t axis = static_cast<int32_t>(getAxis());
  if (axis != 0 && axis != 1)
    return emitOpError("axis ") << axis << " is not 0 or 1";
  if (input.getDimSize(1 - axis) == result.getDimSize(1 - axis))
    return success();
  return emitOpError("input ")
         << input << " and result " << result << " differ beside axis " << axis;
}

std::optional<int64_t> llmc::cuda::getTurnPlaces(KernelOp kernel) {
  std::optional<int64_t> places;
  kernel.walk([&](Operation *op) {
    if (auto await = dyn_cast<AwaitTurnOp>(op))
      places = await.getPlaces();
    else if (auto end = dyn_cast<EndTurnOp>(op))
      places = end.getPlaces();
    else
      return WalkResult::advance();
    return WalkResult::interrupt();
  });
  return places;
}

// The accessors of integer attributes are unsigned, what is written may not be.

LogicalResult KernelOp::verify() {
  auto threads = static_cast<int64_t>(getThreads());
  if (threads < 32 || threads > 1024 || threads % 32 != 0)
    return emitOpError("has ")
           << threads << " threads, expected a multiple of 32 up to 1024";
  if (getGrid().size() != 3)
    return emitOpError("grid has ")
           << getGrid().size() << " extents, expected 3";
  for (int64_t extent : getGrid())
    if (extent < 1)
      return emitOpError("grid extent ") << extent << " is not positive";
  if (!getResultTypes().empty())
    return emitOpError("returns values, a kernel has none");
  auto blocks = static_cast<int64_t>(getMinBlocks().value_or(1));
  if (blocks < 1)
    return emitOpError("min_blocks ") << blocks << " is not positive";
  auto bytes = static_cast<int64_t>(getSharedBytes().value_or(0));
  if (bytes < 0)
    return emitOpError("shared_bytes ") << bytes << " is negative";
  for (Type type : getArgumentTypes())
    if (!isGlobal(type) || !cast<MemRefType>(type).hasStaticShape())
      return emitOpError("argument of type ")
             << type << " is not global memory of static shape";
  return success();
}

LogicalResult UnrollOp::verify() {
  auto extent = static_cast<int64_t>(getExtent());
  auto step = static_cast<int64_t>(getStep());
  if (extent < 1 || step < 1)
    return emitOpError("extent ")
           << extent << " and step " << step << " must be positive";
  if (getBody().getNumArguments() != 1 ||
      !getBody().getArgument(0).getType().isIndex())
    return emitOpError("expected one index as the argument of its body");
  return success();
}

LogicalResult SharedOp::verify() {
  auto offset = static_cast<int64_t>(getOffset().value_or(0));
  if (offset < 0 || offset % 128 != 0)
    return emitOpError("offset ") << offset << " is not a multiple of 128";
  return success();
}

/// Packs are what one instruction moves.
static LogicalResult verifyPack(Operation *op, Type pack) {
  auto type = cast<VectorType>(pack);
  int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
  if (bytes == 2 || bytes == 4 || bytes == 8 || bytes == 16)
    return success();
  return op->emitOpError("pack ")
         << pack << " is " << bytes << " bytes, expected 2, 4, 8 or 16";
}

static LogicalResult verifyElement(Operation *op, Type pack, Type memory) {
  Type element = cast<VectorType>(pack).getElementType();
  Type stored = cast<MemRefType>(memory).getElementType();
  if (element == stored)
    return success();
  return op->emitOpError("pack of ")
         << element << " does not match memory of " << stored;
}

LogicalResult LoadGlobalOp::verify() {
  if (failed(
          verifyElement(*this, getResult().getType(), getMemory().getType())))
    return failure();
  return verifyPack(*this, getResult().getType());
}

LogicalResult StoreGlobalOp::verify() {
  if (failed(verifyElement(*this, getValue().getType(), getMemory().getType())))
    return failure();
  return verifyPack(*this, getValue().getType());
}

LogicalResult LoadSharedOp::verify() {
  return verifyPack(*this, getResult().getType());
}

LogicalResult StoreSharedOp::verify() {
  return verifyPack(*this, getValue().getType());
}

LogicalResult CpAsyncOp::verify() {
  if (getBytes() != 4 && getBytes() != 8 && getBytes() != 16)
    return emitOpError("copies ")
           << getBytes() << " bytes, expected 4, 8 or 16";
  APInt source;
  if (getSourceBytes() &&
      matchPattern(getSourceBytes(), m_ConstantInt(&source)) &&
      source.ugt(getBytes()))
    return emitOpError("reads ")
           << source.getSExtValue() << " bytes, expected 0 to " << getBytes();
  return success();
}

/// `count` registers of type `expected` from `index` on.
static LogicalResult verifyRegisters(Operation *op, StringRef name, Value array,
                                     Value index, int64_t count,
                                     Type expected) {
  auto type = cast<MemRefType>(array.getType());
  if (type.getElementType() != expected)
    return op->emitOpError(name)
           << " holds " << type.getElementType() << ", expected " << expected;
  APInt constant;
  int64_t first = 0;
  if (matchPattern(index, m_ConstantInt(&constant)))
    first = constant.getSExtValue();
  if (first < 0 || first + count > type.getNumElements())
    return op->emitOpError(name)
           << " has " << type.getNumElements() << " registers, expected "
           << count << " from " << first << " on";
  return success();
}

LogicalResult NextTicketOp::verify() {
  auto kernel = (*this)->getParentOfType<KernelOp>();
  auto blocks = static_cast<int64_t>(getBlocks());
  if (kernel && blocks == llvm::product_of(kernel.getGrid()))
    return success();
  InFlightDiagnostic error = emitOpError("counts ") << blocks << " blocks";
  if (kernel)
    error << ", the grid has " << llvm::product_of(kernel.getGrid());
  return error;
}

template <typename Op> static LogicalResult verifyTurn(Op op) {
  auto kernel = op->template getParentOfType<KernelOp>();
  auto turns = static_cast<int64_t>(op.getTurns());
  auto places = static_cast<int64_t>(op.getPlaces());
  if (turns < 2 || places < 1)
    return op.emitOpError("expected at least 2 turns at 1 place, found ")
           << turns << " at " << places;
  std::optional<int64_t> known;
  if (kernel)
    known = getTurnPlaces(kernel);
  if (known && *known != places)
    return op.emitOpError("has ")
           << places << " places, the kernel " << *known << " elsewhere";
  return success();
}

LogicalResult AwaitTurnOp::verify() { return verifyTurn(*this); }

LogicalResult EndTurnOp::verify() { return verifyTurn(*this); }

LogicalResult LdmatrixOp::verify() {
  Builder builder(getContext());
  return verifyRegisters(*this, "registers", getRegisters(), getIndex(), 4,
                         builder.getI32Type());
}

/// What m16n8k16 on bf16 and m16n8k8 on tf32 take of each lane.
template <typename Op> static LogicalResult verifyFragments(Op op) {
  Builder builder(op.getContext());
  if (failed(verifyRegisters(op, "acc", op.getAcc(), op.getAccIndex(), 4,
                             builder.getF32Type())) ||
      failed(verifyRegisters(op, "a", op.getA(), op.getAIndex(), 4,
                             builder.getI32Type())))
    return failure();
  return verifyRegisters(op, "b", op.getB(), op.getBIndex(), 2,
                         builder.getI32Type());
}

LogicalResult MmaOp::verify() { return verifyFragments(*this); }

LogicalResult MmaTf32Op::verify() { return verifyFragments(*this); }
