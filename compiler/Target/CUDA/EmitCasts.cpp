//===- EmitCasts.cpp - conversions between numbers as C++ -----------------===//

#include "compiler/Target/CUDA/EmitArith.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::emit;

Expression KernelEmitter::emitCast(Operation *op) {
  if (op->getNumOperands() != 1 || op->getNumResults() != 1)
    return nullptr;
  Value operand = op->getOperand(0);
  Type from = operand.getType(), to = op->getResult(0).getType();
  if (!from.isIntOrIndexOrFloat() || !to.isIntOrIndexOrFloat())
    return nullptr;
  Expression value = get(operand);
  // `value`, taken as a number without a sign.
  auto withoutSign = [&]() -> Expression {
    if (isBool(operand) || isIndex(operand))
      return value;
    if (from.isInteger(8))
      return castTo("unsigned char", value);
    if (from.isInteger(16))
      return castTo("unsigned short", value);
    return getUnsigned(operand);
  };
  auto withSign = [&]() -> Expression {
    return isNumber(operand) ? getSigned(operand) : value;
  };
  auto toInteger = [&](Expression number, bool sameSign) -> Expression {
    unsigned bits = getBits(to);
    if (sameSign && !isBool(operand) && getBits(from) == bits)
      return number;
    if (getConstant(number) && bits >= 32)
      return number;
    return castTo(bits == 64   ? "long long"
                  : bits == 32 ? "int"
                  : bits == 16 ? "short"
                               : "signed char",
                  number);
  };
  return llvm::TypeSwitch<Operation *, Expression>(op)
      .Case([&](arith::IndexCastOp) { return toInteger(withSign(), true); })
      .Case([&](arith::IndexCastUIOp) {
        return getBits(from) < getBits(to) ? toInteger(withoutSign(), false)
                                           : toInteger(withSign(), true);
      })
      .Case([&](arith::ExtUIOp) { return toInteger(withoutSign(), false); })
      .Case([&](arith::ExtSIOp) -> Expression {
        Expression number = toInteger(withSign(), false);
        return isBool(operand) ? unary("-", number) : number;
      })
      .Case([&](arith::TruncIOp) -> Expression {
        if (!to.isInteger(1))
          return toInteger(value, false);
        return binary("!=", bitwise("&", value, integer(1), getBits(from)),
                      integer(0));
      })
      .Case([&](arith::SIToFPOp) -> Expression {
        Expression number = castTo("float", withSign());
        return roundTo(to, isBool(operand) ? unary("-", number) : number);
      })
      .Case([&](arith::UIToFPOp) {
        return roundTo(to, castTo("float", withoutSign()));
      })
      .Case(
          [&](arith::FPToSIOp) { return toInteger(getFloat(operand), false); })
      .Case([&](arith::ExtFOp) -> Expression {
        return from.isBF16() && to.isF32() ? getFloat(operand) : nullptr;
      })
      .Case([&](arith::TruncFOp) -> Expression {
        return from.isF32() && to.isBF16() ? roundTo(to, value) : nullptr;
      })
      .Case([&](arith::BitcastOp) -> Expression {
        std::string type = getTypeName(to, op);
        return type.empty() ? nullptr
                            : call("__builtin_bit_cast", {name(type), value});
      })
      .Default([](Operation *) { return Expression(); });
}
