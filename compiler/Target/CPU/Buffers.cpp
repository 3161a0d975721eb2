//===- Buffers.cpp - memory for tiles that must exist as a whole ----------===//

#include "compiler/Target/CPU/Buffers.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace llmc::cpu;

/// Above this a buffer goes to the workspace.
static constexpr int64_t kStackBytes = 4096;
static constexpr int64_t kAlignment = 64;

static int64_t elementBytes(Type type) {
  return type.isIndex() ? 8 : (type.getIntOrFloatBitWidth() + 7) / 8;
}

Value llmc::cpu::wrapPointer(OpBuilder &builder, Location loc, Value pointer,
                             MemRefType type) {
  // The descriptor that the memref conversion expects: allocated pointer,
  // aligned pointer, offset, sizes, strides.
  MLIRContext *context = builder.getContext();
  Type i64 = builder.getI64Type();
  Type pointerType = LLVM::LLVMPointerType::get(context);
  int64_t rank = type.getRank();
  SmallVector<Type> fields = {pointerType, pointerType, i64};
  if (rank > 0)
    fields.append(2, LLVM::LLVMArrayType::get(i64, rank));
  auto structType = LLVM::LLVMStructType::getLiteral(context, fields);
  Value descriptor = LLVM::PoisonOp::create(builder, loc, structType);
  auto insert = [&](Value value, ArrayRef<int64_t> position) {
    descriptor =
        LLVM::InsertValueOp::create(builder, loc, descriptor, value, position);
  };
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, i64,
                                    builder.getI64IntegerAttr(value));
  };
  insert(pointer, {0});
  insert(pointer, {1});
  insert(constant(0), {2});
  int64_t stride = 1;
  for (int64_t dim = rank - 1; dim >= 0; --dim) {
    insert(constant(type.getDimSize(dim)), {3, dim});
    insert(constant(stride), {4, dim});
    stride *= type.getDimSize(dim);
  }
  return UnrealizedConversionCastOp::create(builder, loc, type, descriptor)
      .getResult(0);
}

Value Buffers::place(MemRefType type, int64_t bytes, bool scratch,
                     Scratch slot) {
  OpBuilder builder(anchor);
  Location loc = anchor->getLoc();
  if (!scratch && bytes <= kStackBytes)
    return memref::AllocaOp::create(builder, loc, type,
                                    builder.getI64IntegerAttr(kAlignment));
  int64_t offset = bytesUsed;
  if (scratch)
    scratchBytes[slot] = std::max(scratchBytes[slot], bytes);
  else
    bytesUsed += roundUp(bytes, kAlignment);
  Value offsetValue = LLVM::ConstantOp::create(
      builder, loc, builder.getI64Type(), builder.getI64IntegerAttr(offset));
  if (scratch)
    waiting[slot].push_back(offsetValue.getDefiningOp());
  Value pointer = LLVM::GEPOp::create(builder, loc, workspace.getType(),
                                      builder.getI8Type(), workspace,
                                      ArrayRef<LLVM::GEPArg>{offsetValue});
  return wrapPointer(builder, loc, pointer, type);
}

Buffer Buffers::allocate(RankedTensorType tile) {
  Type element = tile.getElementType();
  int64_t columns = machine.paddedColumns(tile.getShape().back());
  SmallVector<int64_t> shape;
  if (tile.getRank() == 2) {
    shape.push_back(machine.paddedRows(tile.getDimSize(0)));
    // One cache line more keeps rows off the same sets.
    columns += kAlignment / elementBytes(element);
  }
  shape.push_back(columns);
  int64_t bytes = elementBytes(element);
  for (int64_t extent : shape)
    bytes *= extent;
  return {place(MemRefType::get(shape, element), bytes, false, PackedA)};
}

Value Buffers::allocateScratch(Scratch slot, int64_t elements, Type type) {
  return place(MemRefType::get({elements}, type), elements * elementBytes(type),
               true, slot);
}

int64_t Buffers::finish() {
  for (int slot = 0; slot < NumScratch; ++slot) {
    for (Operation *op : waiting[slot])
      cast<LLVM::ConstantOp>(op).setValueAttr(
          Builder(op).getI64IntegerAttr(bytesUsed));
    bytesUsed += roundUp(scratchBytes[slot], kAlignment);
  }
  return bytesUsed;
}
