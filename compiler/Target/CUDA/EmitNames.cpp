//===- EmitNames.cpp - names of variables that nobody named ---------------===//
//
// What was not named where it was made is called after what it is used for (an
// element of memory, an entry of an array, a byte of shared memory), after the
// one variable that it is computed from (lane_part), or after what it is.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/EmitKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::emit;

/// What all uses of a number count: "element", "entry", "byte"; or empty.
static StringRef nameOfPlace(Value number) {
  StringRef all;
  for (OpOperand &use : number.getUses()) {
    StringRef name =
        llvm::TypeSwitch<Operation *, StringRef>(use.getOwner())
            .Case<cuda::LoadGlobalOp, cuda::StoreGlobalOp>(
                [](Operation *) { return "element"; })
            .Case<cuda::LoadSharedOp, cuda::StoreSharedOp>(
                [](Operation *) { return "byte"; })
            .Case<memref::LoadOp, memref::StoreOp, cuda::MmaOp, cuda::MmaTf32Op,
                  cuda::LdmatrixOp>([](Operation *) { return "entry"; })
            .Default(StringRef());
    // Of ldmatrix's numbers some are bytes.
    if (auto load = dyn_cast<cuda::LdmatrixOp>(use.getOwner()))
      if (use.get() == load.getByte())
        name = "byte";
    if (name.empty() || (!all.empty() && all != name))
      return "";
    all = name;
  }
  return all;
}

/// The one variable that `value` is computed from; empty if there are more.
static std::string findOnlyName(const Expression &value) {
  if (value->kind == Node::Name)
    return value->text;
  // An element of an array, or what a function gives, is no part of its name.
  if (value->kind == Node::Call &&
      StringRef(value->text).starts_with("block_id_"))
    return "block_" + value->text.substr(StringRef("block_id_").size());
  if (value->kind == Node::Subscript || value->kind == Node::Call)
    return "";
  std::string only;
  for (const Expression &operand : value->operands) {
    if (operand->kind == Node::Integer)
      continue;
    std::string name = findOnlyName(operand);
    if (name.empty() || (!only.empty() && only != name))
      return "";
    only = name;
  }
  return only;
}

/// lane_part, not lane_part_part; row_part, not row_1_part: names are made
/// unique when they are taken.
static std::string makeDerived(StringRef name, StringRef ending) {
  size_t stem = name.find_last_not_of("0123456789");
  if (stem != StringRef::npos && stem > 0 && name[stem] == '_')
    name = name.take_front(stem);
  for (StringRef old : {"_part", "_offset", "_ahead", "_left"})
    name.consume_back(old);
  return (name + ending).str();
}

static StringRef nameOfCondition(Operation *op) {
  if (isa<arith::AndIOp>(op))
    return "both";
  if (isa<arith::OrIOp>(op))
    return "either";
  auto compare = dyn_cast<arith::CmpIOp>(op);
  if (!compare)
    return "holds";
  switch (compare.getPredicate()) {
  case arith::CmpIPredicate::eq:
    return "is_equal";
  case arith::CmpIPredicate::ne:
    return "is_other";
  case arith::CmpIPredicate::slt:
  case arith::CmpIPredicate::sle:
  case arith::CmpIPredicate::ult:
  case arith::CmpIPredicate::ule:
    return "is_below";
  default:
    return "is_above";
  }
}

/// "x op 4": a step from a variable that tells enough to be named after.
static bool isStepFrom(const Expression &value) {
  return value->kind == Node::Binary &&
         value->operands[0]->kind == Node::Name &&
         value->operands[1]->kind == Node::Integer;
}

/// What an index is called that tells nothing of itself.
static std::string nameOfOp(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::string>(op)
      .Case<arith::AddIOp, arith::SubIOp>([](Operation *) { return "offset"; })
      .Case<arith::MulIOp>([](Operation *) { return "product"; })
      .Case<arith::DivUIOp, arith::DivSIOp>(
          [](Operation *) { return "quotient"; })
      .Case<arith::RemUIOp, arith::RemSIOp>([](Operation *) { return "rest"; })
      .Case<arith::MinUIOp, arith::MinSIOp>([](Operation *) { return "least"; })
      .Case<arith::MaxUIOp, arith::MaxSIOp>([](Operation *) { return "most"; })
      .Case<arith::XOrIOp>([](Operation *) { return "swizzled"; })
      .Case<arith::SelectOp>([](Operation *) { return "chosen"; })
      .Default(std::string("value"));
}

std::string KernelEmitter::nameNumber(Operation *op, const Expression &value) {
  StringRef place = nameOfPlace(op->getResult(0));
  std::string only = findOnlyName(value);
  StringRef stem = StringRef(only).rtrim("0123456789").rtrim('_');
  bool tells = !only.empty() &&
               !llvm::is_contained({"offset", "product", "quotient", "rest",
                                    "least", "most", "chosen", "value"},
                                   stem);
  if (!tells || (!isStepFrom(value) && !place.empty()))
    return place.empty() ? nameOfOp(op) : place.str();
  StringRef ending = isa<arith::MulIOp>(op)   ? "_offset"
                     : isa<arith::AddIOp>(op) ? "_ahead"
                     : isa<arith::SubIOp>(op) ? "_left"
                                              : "_part";
  return makeDerived(only, ending);
}

std::string KernelEmitter::deriveName(Operation *op, const Expression &value) {
  if (isa<cuda::ThreadIdOp>(op))
    return "thread";
  if (auto block = dyn_cast<cuda::BlockIdOp>(op))
    return std::string("block_") + "xyz"[block.getAxis()];
  if (isa<cuda::LoadGlobalOp, cuda::LoadSharedOp>(op))
    return "pack";
  if (isa<cuda::ShuffleXorOp>(op))
    return "received";
  Type type = op->getResult(0).getType();
  if (isa<VectorType>(type))
    return "packed";
  if (type.isInteger(1))
    return nameOfCondition(op).str();
  // An element of an array that has a name.
  if (value->kind == Node::Subscript && value->operands[0]->kind == Node::Name)
    return makeDerived(value->operands[0]->text, "_value");
  if (isa<IndexType, IntegerType>(type))
    return nameNumber(op, value);
  // A number that is only kept, or one that others are computed from.
  bool isKept = llvm::all_of(op->getUsers(), [](Operation *user) {
    return isa<memref::StoreOp, vector::FromElementsOp, cuda::StoreGlobalOp,
               cuda::StoreSharedOp>(user);
  });
  return isKept ? "result" : "term";
}
