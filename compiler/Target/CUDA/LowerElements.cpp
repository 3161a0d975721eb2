//===- LowerElements.cpp - tiles as arrays of registers -------------------===//

#include "compiler/Target/CUDA/KernelLowering.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <utility>

using namespace mlir;
using namespace llmc;

Value KernelLowering::newArray(Type element, int64_t size, StringRef name) {
  auto type = MemRefType::get({size}, element, MemRefLayoutAttrInterface(),
                              b.getI64IntegerAttr(cuda::Registers));
  return named(cuda::RegistersOp::create(b, type), name);
}

Value KernelLowering::readArray(Value array, Value reg) {
  return memref::LoadOp::create(b, array, reg);
}

void KernelLowering::writeArray(Value value, Value array, Value reg) {
  memref::StoreOp::create(b, value, array, reg);
}

Value KernelLowering::pack(int64_t width, Type element,
                           llvm::function_ref<Value(int64_t)> part) {
  SmallVector<Value> parts;
  for (int64_t i = 0; i < width; ++i)
    parts.push_back(part(i));
  return vector::FromElementsOp::create(b, VectorType::get({width}, element),
                                        parts);
}

void KernelLowering::unpack(Value pack, Value array, Value reg,
                            int64_t distance) {
  int64_t width = cast<VectorType>(pack.getType()).getNumElements();
  for (int64_t i = 0; i < width; ++i)
    writeArray(vector::ExtractOp::create(b, pack, i), array,
               add(reg, index(i * distance)));
}

void KernelLowering::once(llvm::function_ref<void(Value)> body) {
  std::string comment = std::exchange(explanation, "");
  auto outside = elements;
  Value zero = index(0);
  body(zero);
  elements = std::move(outside);
  if (comment.empty())
    return;
  // Before the first statement; what only computes or reads registers is none.
  for (Operation &op : llvm::make_range(zero.getDefiningOp()->getIterator(),
                                        b.getInsertionPoint()))
    if (!isMemoryEffectFree(&op) && !isa<memref::LoadOp>(op)) {
      op.setAttr("cuda.comment", b.getStringAttr(comment));
      return;
    }
}

void KernelLowering::unroll(int64_t extent, int64_t step, StringRef name,
                            llvm::function_ref<void(Value)> body) {
  if (extent <= step)
    return once(body);
  auto loop = cuda::UnrollOp::create(b, extent, step);
  if (!name.empty())
    loop->setAttr("cuda.name", b.getStringAttr(name));
  if (!explanation.empty())
    loop->setAttr("cuda.comment", b.getStringAttr(explanation));
  explanation.clear();
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&loop.getBody().front());
  // What was computed outside of the loop is still known in it, but not the
  // other way round.
  auto outside = elements;
  body(loop.getIndex());
  elements = std::move(outside);
}

//===----------------------------------------------------------------------===//
// What is stored and what is computed in passing
//===----------------------------------------------------------------------===//

static bool isElementwise(Operation *op) {
  return op->hasTrait<OpTrait::Elementwise>() && op->getNumResults() == 1;
}

/// Costs nothing to have again.
static bool isCheap(Operation *op) {
  return isa<arith::ConstantOp, tile::SplatOp, tile::IotaOp, tile::BroadcastOp>(
             op) ||
         (isElementwise(op) &&
          !isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType())));
}

bool KernelLowering::isInline(Value tile) {
  Operation *op = tile.getDefiningOp();
  if (!op || arrays.contains(tile))
    return false;
  if (isCheap(op))
    return true;
  if (!isElementwise(op) || !tile.hasOneUse())
    return false;
  // A loop would compute it again and again, and so would all elements of a
  // row; the partner of swap_halves lies at another register.
  Operation *user = *tile.user_begin();
  return user->getBlock() == op->getBlock() && !isa<tile::SwapHalvesOp>(user) &&
         (!isa<tile::BroadcastOp>(user) || isa<arith::ExtFOp>(op));
}

void KernelLowering::prepare(Value tile) {
  if (arrays.contains(tile) || loadedInPassing.contains(tile))
    return;
  if (!isInline(tile)) {
    materialize(tile);
    return;
  }
  for (Value operand : tile.getDefiningOp()->getOperands())
    if (isa<RankedTensorType>(operand.getType()))
      prepare(operand);
}

Value KernelLowering::materialize(Value tile) {
  if (Value array = arrays.lookup(tile))
    return array;
  auto type = cast<RankedTensorType>(tile.getType());
  OpBuilder::InsertionGuard guard(b);
  Value array = newArray(type.getElementType(), layoutOf(tile).numRegisters(),
                         nameOf(tile, "tile"));
  materializeInto(tile, array);
  arrays[tile] = array;
  return array;
}

void KernelLowering::materializeInto(Value tile, Value array) {
  if (Value own = arrays.lookup(tile)) {
    if (own != array)
      unroll(layoutOf(tile).numRegisters(), 1, "",
             [&](Value reg) { writeArray(readArray(own, reg), array, reg); });
    return;
  }
  Operation *op = tile.getDefiningOp();
  for (Value operand : op->getOperands())
    if (isa<RankedTensorType>(operand.getType()))
      prepare(operand);
  unroll(layoutOf(tile).numRegisters(), 1, "",
         [&](Value reg) { writeArray(computeElement(tile, reg), array, reg); });
}

//===----------------------------------------------------------------------===//
// One element
//===----------------------------------------------------------------------===//

Value KernelLowering::element(Value tile, Value reg) {
  if (Value array = arrays.lookup(tile))
    return readArray(array, reg);
  Value &known = elements[{tile, reg}];
  if (known)
    return known;
  Value computed = computeElement(tile, reg);
  return elements[{tile, reg}] = computed;
}

/// An element-wise op on tiles, made of scalars; a tile's name is not theirs.
static Value cloneOnScalars(ImplicitLocOpBuilder &b, Operation *op,
                            ValueRange operands) {
  OperationState state(b.getLoc(), op->getName());
  state.addOperands(operands);
  state.addAttributes(op->getAttrs());
  state.attributes.erase("tile.name");
  state.addTypes(getElementTypeOrSelf(op->getResult(0).getType()));
  return b.create(state)->getResult(0);
}

Value KernelLowering::computeElement(Value tile, Value reg) {
  Operation *op = tile.getDefiningOp();
  Layout layout = layoutOf(tile);
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto dense = cast<DenseElementsAttr>(constant.getValue());
    assert(dense.isSplat() && "Tiling makes splats only");
    return arith::ConstantOp::create(
        b, cast<TypedAttr>(dense.getSplatValue<Attribute>()));
  }
  if (auto splat = dyn_cast<tile::SplatOp>(op))
    return scalars.lookup(splat.getInput());
  if (auto iota = dyn_cast<tile::IotaOp>(op)) {
    Value position = add(scalars.lookup(iota.getOffset()),
                         coordinate(layout, iota.getAxis(), reg));
    return arith::IndexCastOp::create(b, b.getI32Type(), position);
  }
  if (auto broadcast = dyn_cast<tile::BroadcastOp>(op))
    return element(broadcast.getInput(),
                   sliceRegister(layout, broadcast.getAxis(), reg));
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(isa<RankedTensorType>(operand.getType())
                           ? element(operand, reg)
                           : scalars.lookup(operand));
  return cloneOnScalars(b, op, operands);
}
