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

#include "compiler/Target/CUDA/EmitArith.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::emit;

Expression KernelEmitter::getFloat(Value value) const {
  return value.getType().isBF16() ? call("to_float", {get(value)}) : get(value);
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

/// Sums, products and left shifts: `signedOp` folds constants and serves those
/// that cannot overflow.
template <typename Op>
static Expression
wrapping(Op op, StringRef text,
         function_ref<Expression(Expression, Expression)> signedOp,
         Expression lhs, Expression rhs, unsigned bits) {
  bool cannotOverflow = isIndex(op.getResult()) ||
                        bitEnumContainsAny(op.getOverflowFlags(),
                                           arith::IntegerOverflowFlags::nsw);
  if (cannotOverflow)
    return signedOp(asSigned(lhs, bits), asSigned(rhs, bits));
  bool isShift = text == "<<";
  return binary(text, asUnsigned(lhs, bits),
                isShift ? rhs : asUnsigned(rhs, bits),
                /*associative=*/text == "+" || text == "*");
}

static Expression shiftLeft(Expression lhs, Expression rhs) {
  return getConstant(rhs) == 0 ? lhs : binary("<<", lhs, rhs);
}

/// The smaller or the larger of two, a number second.
static Expression chooseBy(StringRef op, Expression lhs, Expression rhs) {
  if (isAtom(lhs) && lhs->kind != Node::Name)
    std::swap(lhs, rhs);
  return ternary(binary(op, lhs, rhs), lhs, rhs);
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
  Expression shifted = ternary(binary("<", lhs, integer(0)),
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
  auto is = [&](StringRef op) { return binary(op, lhs, rhs); };
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
    return binary("&&", binary("==", lhs, lhs), binary("==", rhs, rhs));
  case P::UNO:
    return binary("||", binary("!=", lhs, lhs), binary("!=", rhs, rhs));
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
      return binary(getOperator(compare.getPredicate()), lhs, rhs);
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
      .Case([&](arith::AndIOp) { return bitwise("&", lhs, rhs, bits); })
      .Case([&](arith::OrIOp) { return bitwise("|", lhs, rhs, bits); })
      .Case([&](arith::XOrIOp) { return bitwise("^", lhs, rhs, bits); })
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
      .Case(
          [&](arith::MinUIOp) { return chooseBy("<", plainLeft, plainRight); })
      .Case(
          [&](arith::MaxUIOp) { return chooseBy(">", plainLeft, plainRight); })
      .Case([&](arith::CmpIOp compare) {
        StringRef text = getOperator(compare.getPredicate());
        using P = arith::CmpIPredicate;
        bool hasSign =
            llvm::is_contained({P::slt, P::sle, P::sgt, P::sge, P::eq, P::ne},
                               compare.getPredicate());
        return hasSign ? binary(text, left, right)
                       : binary(text, plainLeft, plainRight);
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
  StringRef function = llvm::TypeSwitch<Operation *, StringRef>(op)
                           .Case([&](math::ExpOp) {
                             return approximate ? "exp_approx" : "exp_f32";
                           })
                           .Case([&](math::Exp2Op) {
                             return approximate ? "exp2_approx" : "exp2_f32";
                           })
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
