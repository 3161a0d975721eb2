//===- EmitArith.cpp - arith and math on scalars as C++ -------------------===//
//
// Indices are never negative in a kernel where the IR divides them or compares
// them without a sign (divui, remui, ult, ...), so they are plain ints with
// plain operators. Other integers wrap, which only C++'s unsigned types do:
// unless an op says that it does not overflow, it is computed unsigned.
//
// bf16 is computed in f32 and rounded.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CUDA/EmitKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::emit;

static bool isBool(Value value) { return value.getType().isInteger(1); }
static bool isIndex(Value value) { return value.getType().isIndex(); }

/// index, i32, i64.
static bool isNumber(Value value) {
  return isIndex(value) || value.getType().isInteger(32) ||
         value.getType().isInteger(64);
}

static bool isFloat(Value value) {
  return value.getType().isF32() || value.getType().isBF16();
}

Expression KernelEmitter::getFloat(Value value) const {
  return value.getType().isBF16() ? call("to_float", {get(value)}) : get(value);
}

/// An f32 as a value of `type`.
static Expression roundTo(Type type, Expression value) {
  return type.isBF16() ? call("to_bf16", {value}) : value;
}

static std::optional<int64_t> getConstant(const Expression &expression) {
  if (expression->kind == Node::Integer)
    return expression->value;
  return std::nullopt;
}

static Expression comparison(StringRef op, Expression lhs, Expression rhs) {
  return binary(op, std::move(lhs), std::move(rhs));
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

/// Sums, products and left shifts: `signedOp` folds constants and serves those
/// that cannot overflow.
template <typename Op>
static Expression wrapping(Op op, StringRef text,
                           function_ref<Expression(Expression, Expression)> signedOp,
                           Expression lhs, Expression rhs, unsigned bits) {
  bool cannotOverflow =
      isIndex(op.getResult()) ||
      bitEnumContainsAny(op.getOverflowFlags(), arith::IntegerOverflowFlags::nsw);
  if (cannotOverflow)
    return signedOp(asSigned(lhs, bits), asSigned(rhs, bits));
  bool isShift = text == "<<";
  return binary(text, asUnsigned(lhs, bits),
                isShift ? rhs : asUnsigned(rhs, bits),
                /*associative=*/text == "+" || text == "*");
}

/// Operands of which one is unsigned, as both unsigned.
static Expression bitwise(StringRef op, Expression lhs, Expression rhs,
                          unsigned bits, bool associative) {
  if (lhs->isUnsigned || rhs->isUnsigned) {
    lhs = asUnsigned(lhs, bits);
    rhs = asUnsigned(rhs, bits);
  }
  return binary(op, lhs, rhs, associative);
}

static Expression shiftLeft(Expression lhs, Expression rhs) {
  return getConstant(rhs) == 0 ? lhs : binary("<<", lhs, rhs);
}

static Expression chooseBy(StringRef op, Expression lhs, Expression rhs) {
  return ternary(comparison(op, lhs, rhs), lhs, rhs);
}

/// Rounded down, whatever the sign of `lhs`; null for divisors of which the
/// sign is not known.
static Expression floorDivide(Expression lhs, Expression rhs, bool isIndex) {
  auto divisor = getConstant(rhs);
  if (!divisor)
    return isIndex ? divide(lhs, rhs) : nullptr;
  if (*divisor < 1)
    return nullptr;
  if (llvm::isPowerOf2_64(*divisor)) {
    int64_t shift = llvm::Log2_64(*divisor);
    return shift == 0 ? lhs : binary(">>", lhs, integer(shift));
  }
  Expression shifted = ternary(comparison("<", lhs, integer(0)),
                               subtract(lhs, integer(*divisor - 1)), lhs);
  return divide(shifted, rhs);
}

static StringRef getOperator(arith::CmpIPredicate predicate) {
  using P = arith::CmpIPredicate;
  switch (predicate) {
  case P::eq:
    return "==";
  case P::ne:
    return "!=";
  case P::slt:
  case P::ult:
    return "<";
  case P::sle:
  case P::ule:
    return "<=";
  case P::sgt:
  case P::ugt:
    return ">";
  case P::sge:
  case P::uge:
    return ">=";
  }
  return "";
}

static Expression compareFloats(arith::CmpFPredicate predicate, Expression lhs,
                                Expression rhs) {
  using P = arith::CmpFPredicate;
  auto is = [&](StringRef op) { return comparison(op, lhs, rhs); };
  auto isNot = [&](StringRef op) { return unary("!", is(op)); };
  auto either = [&] { return binary("||", is("<"), is(">")); };
  switch (predicate) {
  case P::AlwaysFalse:
    return literal("false");
  case P::AlwaysTrue:
    return literal("true");
  case P::OEQ:
    return is("==");
  case P::OLT:
    return is("<");
  case P::OLE:
    return is("<=");
  case P::OGT:
    return is(">");
  case P::OGE:
    return is(">=");
  case P::ONE:
    return either();
  case P::UEQ:
    return unary("!", either());
  case P::UNE:
    return is("!=");
  case P::ULT:
    return isNot(">=");
  case P::ULE:
    return isNot(">");
  case P::UGT:
    return isNot("<=");
  case P::UGE:
    return isNot("<");
  case P::ORD:
    return binary("&&", comparison("==", lhs, lhs), comparison("==", rhs, rhs));
  case P::UNO:
    return binary("||", comparison("!=", lhs, lhs), comparison("!=", rhs, rhs));
  }
  return nullptr;
}

Expression KernelEmitter::emitArith(Operation *op) {
  if (!isa<arith::ArithDialect>(op->getDialect()))
    return nullptr;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return emitConstant(constant.getValue(), op);
  // Vectors are moved, not computed with.
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    Value yes = select.getTrueValue(), no = select.getFalseValue();
    if (!isBool(select.getCondition()))
      return nullptr;
    if (isNumber(yes))
      return ternary(get(select.getCondition()), getSigned(yes), getSigned(no));
    return ternary(get(select.getCondition()), get(yes), get(no));
  }
  if (Expression value = emitCast(op))
    return value;
  if (!llvm::all_of(op->getOperands(), [](Value operand) {
        return isNumber(operand) || isBool(operand) || isFloat(operand);
      }))
    return nullptr;

  Value first = op->getOperand(0);
  Value second = op->getOperand(op->getNumOperands() - 1);
  Expression lhs = get(first), rhs = get(second);
  Type type = op->getResult(0).getType();
  unsigned bits = getBits(first.getType());

  // Truth values.
  if (isBool(first)) {
    if (isa<arith::AndIOp, arith::MulIOp>(op))
      return binary("&&", lhs, rhs, /*associative=*/true);
    if (isa<arith::OrIOp>(op))
      return binary("||", lhs, rhs, /*associative=*/true);
    if (isa<arith::XOrIOp, arith::AddIOp>(op)) {
      if (rhs->text == "true" && rhs->kind == Node::Literal)
        return unary("!", lhs);
      return binary("!=", lhs, rhs);
    }
    if (auto compare = dyn_cast<arith::CmpIOp>(op);
        compare && (compare.getPredicate() == arith::CmpIPredicate::eq ||
                    compare.getPredicate() == arith::CmpIPredicate::ne))
      return comparison(getOperator(compare.getPredicate()), lhs, rhs);
    return nullptr;
  }

  // Floats.
  if (isFloat(first)) {
    Expression a = getFloat(first), b = getFloat(second);
    return llvm::TypeSwitch<Operation *, Expression>(op)
        .Case([&](arith::AddFOp) { return roundTo(type, binary("+", a, b)); })
        .Case([&](arith::SubFOp) { return roundTo(type, binary("-", a, b)); })
        .Case([&](arith::MulFOp) { return roundTo(type, binary("*", a, b)); })
        .Case([&](arith::DivFOp) { return roundTo(type, binary("/", a, b)); })
        .Case([&](arith::NegFOp) { return roundTo(type, unary("-", a)); })
        .Case<arith::MaximumFOp, arith::MaxNumFOp>(
            [&](auto) { return roundTo(type, call("max_f32", {a, b})); })
        .Case<arith::MinimumFOp, arith::MinNumFOp>(
            [&](auto) { return roundTo(type, call("min_f32", {a, b})); })
        .Case([&](arith::CmpFOp compare) {
          return compareFloats(compare.getPredicate(), a, b);
        })
        .Default([](Operation *) { return Expression(); });
  }

  // Integers.
  Expression left = getSigned(first), right = getSigned(second);
  // The operands of what the IR computes without a sign.
  Expression plainLeft = isIndex(first) ? left : getUnsigned(first);
  Expression plainRight = isIndex(first) ? right : getUnsigned(second);
  return llvm::TypeSwitch<Operation *, Expression>(op)
      .Case([&](arith::AddIOp add) {
        return wrapping(add, "+", emit::add, lhs, rhs, bits);
      })
      .Case([&](arith::SubIOp sub) {
        return wrapping(sub, "-", subtract, lhs, rhs, bits);
      })
      .Case([&](arith::MulIOp mul) {
        return wrapping(mul, "*", multiply, lhs, rhs, bits);
      })
      .Case([&](arith::ShLIOp shift) {
        return wrapping(shift, "<<", shiftLeft, lhs, right, bits);
      })
      .Case([&](arith::ShRSIOp) { return binary(">>", left, right); })
      .Case([&](arith::ShRUIOp) { return binary(">>", plainLeft, right); })
      .Case([&](arith::AndIOp) { return bitwise("&", lhs, rhs, bits, true); })
      .Case([&](arith::OrIOp) { return bitwise("|", lhs, rhs, bits, true); })
      .Case([&](arith::XOrIOp) { return bitwise("^", lhs, rhs, bits, true); })
      .Case([&](arith::DivUIOp) { return divide(plainLeft, plainRight); })
      .Case([&](arith::RemUIOp) { return remainder(plainLeft, plainRight); })
      .Case([&](arith::DivSIOp) { return divide(left, right); })
      .Case([&](arith::RemSIOp) { return remainder(left, right); })
      .Case([&](arith::FloorDivSIOp) {
        return floorDivide(left, right, isIndex(first));
      })
      .Case<arith::CeilDivUIOp, arith::CeilDivSIOp>([&](auto) -> Expression {
        if (!isIndex(first))
          return nullptr;
        return divide(add(left, subtract(right, integer(1))), right);
      })
      .Case([&](arith::MinSIOp) { return chooseBy("<", left, right); })
      .Case([&](arith::MaxSIOp) { return chooseBy(">", left, right); })
      .Case([&](arith::MinUIOp) { return chooseBy("<", plainLeft, plainRight); })
      .Case([&](arith::MaxUIOp) { return chooseBy(">", plainLeft, plainRight); })
      .Case([&](arith::CmpIOp compare) {
        StringRef text = getOperator(compare.getPredicate());
        using P = arith::CmpIPredicate;
        bool hasSign = llvm::is_contained({P::slt, P::sle, P::sgt, P::sge, P::eq,
                                           P::ne},
                                          compare.getPredicate());
        return hasSign ? comparison(text, left, right)
                       : comparison(text, plainLeft, plainRight);
      })
      .Default([](Operation *) { return Expression(); });
}

//===----------------------------------------------------------------------===//
// Casts
//===----------------------------------------------------------------------===//

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
  auto toInteger = [&](Expression number, bool sameSign) -> Expression {
    unsigned bits = getBits(to);
    if (sameSign && !isBool(operand) && getBits(from) == bits)
      return number;
    if (auto constant = getConstant(number); constant && bits >= 32)
      return number;
    return castTo(bits == 64   ? "long long"
                : bits == 32 ? "int"
                : bits == 16 ? "short"
                             : "signed char",
                number);
  };
  return llvm::TypeSwitch<Operation *, Expression>(op)
      .Case([&](arith::IndexCastOp) -> Expression {
        return toInteger(isNumber(operand) ? getSigned(operand) : value, true);
      })
      .Case([&](arith::IndexCastUIOp) -> Expression {
        return getBits(from) < getBits(to) ? toInteger(withoutSign(), false)
                                           : toInteger(getSigned(operand), true);
      })
      .Case([&](arith::ExtUIOp) { return toInteger(withoutSign(), false); })
      .Case([&](arith::ExtSIOp) -> Expression {
        if (isBool(operand))
          return unary("-", toInteger(value, false));
        return toInteger(isNumber(operand) ? getSigned(operand) : value, false);
      })
      .Case([&](arith::TruncIOp) -> Expression {
        if (to.isInteger(1))
          return comparison("!=", bitwise("&", value, integer(1), getBits(from), true),
                            value->isUnsigned ? literal("0u") : integer(0));
        return toInteger(value, false);
      })
      .Case([&](arith::SIToFPOp) -> Expression {
        Expression number = isNumber(operand) ? getSigned(operand) : value;
        if (isBool(operand))
          number = unary("-", castTo("int", value));
        return roundTo(to, castTo("float", number));
      })
      .Case([&](arith::UIToFPOp) {
        return roundTo(to, castTo("float", withoutSign()));
      })
      .Case([&](arith::FPToSIOp) { return toInteger(getFloat(operand), false); })
      .Case([&](arith::ExtFOp) -> Expression {
        return from.isBF16() && to.isF32() ? getFloat(operand) : nullptr;
      })
      .Case([&](arith::TruncFOp) -> Expression {
        return from.isF32() && to.isBF16() ? roundTo(to, value) : nullptr;
      })
      .Case([&](arith::BitcastOp) -> Expression {
        return call("__builtin_bit_cast", {name(getTypeName(to, op)), value});
      })
      .Default([](Operation *) { return Expression(); });
}

//===----------------------------------------------------------------------===//
// math
//===----------------------------------------------------------------------===//

Expression KernelEmitter::emitMath(Operation *op) {
  if (!isa<math::MathDialect>(op->getDialect()) ||
      !llvm::all_of(op->getOperands(), isFloat))
    return nullptr;
  bool approximate = kernel.getApproximate();
  SmallVector<Expression> operands;
  for (Value operand : op->getOperands())
    operands.push_back(getFloat(operand));
  Type type = op->getResult(0).getType();
  // |x| is the larger of x and -x.
  if (isa<math::AbsFOp>(op))
    operands.push_back(unary("-", operands[0]));
  StringRef function =
      llvm::TypeSwitch<Operation *, StringRef>(op)
          .Case([&](math::ExpOp) { return approximate ? "exp_approx" : "exp_f32"; })
          .Case([&](math::TanhOp) {
            return approximate ? "tanh_approx" : "tanh_f32";
          })
          .Case([](math::LogOp) { return "log_f32"; })
          .Case([](math::SqrtOp) { return "sqrt_f32"; })
          .Case([](math::RsqrtOp) { return "rsqrt_f32"; })
          .Case([](math::FmaOp) { return "fma_f32"; })
          .Case([](math::AbsFOp) { return "max_f32"; })
          .Default([](Operation *) { return ""; });
  if (function.empty())
    return nullptr;
  return roundTo(type, call(function, operands));
}
