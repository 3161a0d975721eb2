//===- EmitMemory.cpp - memory, warps and registers as C++ ----------------===//

#include "compiler/Target/CUDA/EmitKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::emit;

/// The pointer to an element, by the indices and the strides of a memref; null
/// if these are not constant. An argument points to the memref's first element,
/// whatever offset its layout names.
Expression KernelEmitter::emitAddress(Value memory, ValueRange indices) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(cast<MemRefType>(memory.getType())
                 .getStridesAndOffset(strides, offset)))
    return nullptr;
  Expression index = integer(0);
  for (auto [position, stride] : llvm::zip(indices, strides)) {
    if (ShapedType::isDynamic(stride))
      return nullptr;
    index = add(index, multiply(getSigned(position), integer(stride)));
  }
  return add(get(memory), index);
}

/// The byte of shared memory, counted from the start of the block's.
Expression KernelEmitter::emitByte(Value buffer, Value byte) {
  return add(get(buffer), getSigned(byte));
}

/// A pointer into an array in registers: `acc`, `&acc[4 * i]`.
Expression KernelEmitter::emitArrayPart(Value array, Value index) {
  Expression position = getSigned(index);
  if (position->kind == Node::Integer && position->value == 0)
    return get(array);
  return unary("&", subscript(get(array), position));
}

/// "load_global<bf16, 8>" of a type Pack<bf16, 8>.
static std::string withArguments(StringRef function, StringRef packType) {
  return (function + packType.drop_front(StringRef("Pack").size())).str();
}

Expression KernelEmitter::emitRead(Operation *op) {
  if (isa<cuda::ThreadIdOp>(op))
    return call("thread_id", {});
  if (auto block = dyn_cast<cuda::BlockIdOp>(op))
    return call(std::string("block_id_") + "xyz" [block.getAxis()], {});
  if (auto ticket = dyn_cast<cuda::NextTicketOp>(op))
    return call("next_ticket", {emit::name(turns), integer(ticket.getBlocks())},
                Reads);
  if (auto again = dyn_cast<cuda::AgainOp>(op))
    return call("again", {getSigned(again.getValue())}, Reads);
  if (auto load = dyn_cast<cuda::LoadGlobalOp>(op)) {
    std::string type = getTypeName(load.getType(), op);
    if (type.empty())
      return nullptr;
    Expression address = add(get(load.getMemory()), getSigned(load.getIndex()));
    Expression value =
        call(withArguments("load_global", type), {address}, Reads);
    if (Value condition = load.getCondition())
      return ternary(get(condition), value, braces(type, {}));
    return value;
  }
  if (auto load = dyn_cast<cuda::LoadSharedOp>(op)) {
    std::string type = getTypeName(load.getType(), op);
    if (type.empty())
      return nullptr;
    return call(withArguments("load_shared", type),
                {emitByte(load.getBuffer(), load.getByte())}, Reads);
  }
  if (auto load = dyn_cast<memref::LoadOp>(op)) {
    if (cuda::isRegisters(load.getMemRefType()))
      return subscript(get(load.getMemRef()), getSigned(load.getIndices()[0]),
                       Reads);
    if (!cuda::isGlobal(load.getMemRefType()))
      return nullptr;
    Expression address = emitAddress(load.getMemRef(), load.getIndices());
    std::string type = getTypeName(load.getType(), op);
    if (!address || type.empty())
      return nullptr;
    return subscript(call("load_global<" + type + ", 1>", {address}, Reads),
                     integer(0));
  }
  if (auto shuffle = dyn_cast<cuda::ShuffleXorOp>(op)) {
    Value value = shuffle.getValue();
    Expression operand =
        value.getType().isInteger(32) ? getSigned(value) : get(value);
    return call("shuffle_xor", {operand, integer(shuffle.getMask())},
                Convergent);
  }
  auto callUnsigned = [&](StringRef function, ArrayRef<Expression> operands) {
    auto node = std::make_shared<Node>(*call(function, operands));
    node->isUnsigned = true;
    return node;
  };
  if (auto pack = dyn_cast<cuda::PackBf16Op>(op))
    return callUnsigned("pack_bf16", {get(pack.getLow()), get(pack.getHigh())});
  if (auto round = dyn_cast<cuda::ToTf32Op>(op)) {
    Value value = round.getValue();
    return callUnsigned(
        "to_tf32",
        {value.getType().isInteger(32) ? getUnsigned(value) : get(value)});
  }
  return nullptr;
}

std::string KernelEmitter::emitEffect(Operation *op, Expression &guard) {
  auto statement = [](StringRef function, ArrayRef<Expression> operands) {
    return print(call(function, operands)) + ";";
  };
  auto guardBy = [&](Value condition) {
    if (condition)
      guard = get(condition);
  };
  return llvm::TypeSwitch<Operation *, std::string>(op)
      .Case([&](cuda::StoreGlobalOp store) {
        guardBy(store.getCondition());
        return statement("store_global", {add(get(store.getMemory()),
                                              getSigned(store.getIndex())),
                                          get(store.getValue())});
      })
      .Case([&](cuda::StoreSharedOp store) {
        guardBy(store.getCondition());
        return statement("store_shared",
                         {emitByte(store.getBuffer(), store.getByte()),
                          get(store.getValue())});
      })
      .Case([&](memref::StoreOp store) -> std::string {
        if (cuda::isRegisters(store.getMemRefType()))
          return printAssignment(subscript(get(store.getMemRef()),
                                           getSigned(store.getIndices()[0])),
                                 get(store.getValue())) +
                 ";";
        if (!cuda::isGlobal(store.getMemRefType()))
          return "";
        Expression address = emitAddress(store.getMemRef(), store.getIndices());
        std::string type =
            getTypeName(store.getMemRefType().getElementType(), op);
        if (!address || type.empty())
          return "";
        Value value = store.getValue();
        bool isInteger =
            value.getType().isInteger(32) || value.getType().isInteger(64);
        return statement(
            "store_global",
            {address, braces("Pack<" + type + ", 1>",
                             {isInteger ? getSigned(value) : get(value)})});
      })
      .Case([&](cuda::CpAsyncOp copy) {
        SmallVector<Expression> operands = {
            emitByte(copy.getBuffer(), copy.getByte()),
            add(get(copy.getMemory()), getSigned(copy.getIndex()))};
        if (Value count = copy.getSourceBytes())
          operands.push_back(getSigned(count));
        return statement("cp_async<" + std::to_string(copy.getBytes()) + ">",
                         operands);
      })
      .Case([&](cuda::CpAsyncCommitOp) { return "cp_async_commit();"; })
      .Case([&](cuda::CpAsyncWaitOp wait) {
        return "cp_async_wait<" + std::to_string(wait.getGroups()) + ">();";
      })
      .Case([&](cuda::BarrierOp) { return "barrier();"; })
      .Case([&](cuda::AwaitTurnOp await) {
        return statement("await_turn",
                         {emit::name(turns), getSigned(await.getPlace()),
                          getSigned(await.getTurn())});
      })
      .Case([&](cuda::EndTurnOp end) {
        return statement("end_turn",
                         {emit::name(turns), getSigned(end.getPlace()),
                          getSigned(end.getTurn()),
                          integer(end.getTurns() - 1)});
      })
      .Case([&](cuda::LdmatrixOp load) {
        return statement(load.getTrans() ? "ldmatrix_trans" : "ldmatrix",
                         {emitArrayPart(load.getRegisters(), load.getIndex()),
                          emitByte(load.getBuffer(), load.getByte())});
      })
      .Case<cuda::MmaOp, cuda::MmaTf32Op>([&](auto mma) {
        return statement(isa<cuda::MmaTf32Op>(op) ? "mma_tf32" : "mma",
                         {emitArrayPart(mma.getAcc(), mma.getAccIndex()),
                          emitArrayPart(mma.getA(), mma.getAIndex()),
                          emitArrayPart(mma.getB(), mma.getBIndex())});
      })
      .Default([](Operation *) { return ""; });
}
