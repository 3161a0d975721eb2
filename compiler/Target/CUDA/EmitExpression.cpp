//===- EmitExpression.cpp - expressions of C++ source ---------------------===//

#include "compiler/Target/CUDA/EmitExpression.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

#include <cstdio>
#include <cstdlib>

using namespace llmc::emit;
using llvm::ArrayRef;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

static std::shared_ptr<Node> makeNode(Node::Kind kind, StringRef text,
                                      ArrayRef<Expression> operands = {},
                                      unsigned effects = None) {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->text = text.str();
  node->operands.assign(operands.begin(), operands.end());
  node->effects = effects;
  for (const Expression &operand : operands)
    node->effects |= operand->effects;
  return node;
}

Expression llmc::emit::name(StringRef text, bool isUnsigned) {
  auto node = makeNode(Node::Name, text);
  node->isUnsigned = isUnsigned;
  return node;
}

Expression llmc::emit::integer(int64_t value) {
  auto node = makeNode(Node::Integer, "");
  node->value = value;
  return node;
}

Expression llmc::emit::literal(StringRef text) {
  return makeNode(Node::Literal, text);
}

Expression llmc::emit::call(StringRef function, ArrayRef<Expression> operands,
                            unsigned effects) {
  return makeNode(Node::Call, function, operands, effects);
}

Expression llmc::emit::braces(StringRef type, ArrayRef<Expression> operands) {
  return makeNode(Node::Braces, type, operands);
}

Expression llmc::emit::subscript(Expression base, Expression index,
                                 unsigned effects) {
  auto node = makeNode(Node::Subscript, "", {base, index}, effects);
  node->isUnsigned = base->isUnsigned;
  return node;
}

Expression llmc::emit::unary(StringRef op, Expression operand) {
  auto node = makeNode(Node::Unary, op, {operand});
  node->isUnsigned = operand->isUnsigned;
  return node;
}

Expression llmc::emit::castTo(StringRef type, Expression operand) {
  auto node = makeNode(Node::Cast, type, {operand});
  node->isUnsigned = type.starts_with("unsigned");
  return node;
}

Expression llmc::emit::binary(StringRef op, Expression lhs, Expression rhs,
                              bool associative) {
  auto node = makeNode(Node::Binary, op, {lhs, rhs});
  node->isUnsigned = lhs->isUnsigned;
  node->associative = associative;
  return node;
}

Expression llmc::emit::ternary(Expression condition, Expression yes,
                               Expression no) {
  auto node = makeNode(Node::Ternary, "", {condition, yes, no});
  node->isUnsigned = yes->isUnsigned;
  return node;
}

static std::optional<int64_t> getInteger(const Expression &expression) {
  if (expression->kind == Node::Integer)
    return expression->value;
  return std::nullopt;
}

/// The summands of `expression`: something, and a number.
static std::pair<Expression, int64_t> splitSum(const Expression &expression) {
  if (auto value = getInteger(expression))
    return {nullptr, *value};
  if (expression->kind == Node::Binary && expression->associative)
    if (auto value = getInteger(expression->operands[1])) {
      if (expression->text == "+")
        return {expression->operands[0], *value};
      if (expression->text == "-")
        return {expression->operands[0], -*value};
    }
  return {expression, 0};
}

static Expression addInteger(Expression sum, int64_t value) {
  if (value == 0)
    return sum;
  if (value < 0)
    return binary("-", sum, integer(-value), /*associative=*/true);
  return binary("+", sum, integer(value), /*associative=*/true);
}

Expression llmc::emit::add(Expression lhs, Expression rhs) {
  auto [left, leftValue] = splitSum(lhs);
  auto [right, rightValue] = splitSum(rhs);
  int64_t value = leftValue + rightValue;
  if (!left && !right)
    return integer(value);
  if (!left || !right)
    return addInteger(left ? left : right, value);
  return addInteger(binary("+", left, right, /*associative=*/true), value);
}

Expression llmc::emit::subtract(Expression lhs, Expression rhs) {
  if (auto value = getInteger(rhs))
    return add(lhs, integer(-*value));
  return binary("-", lhs, rhs);
}

Expression llmc::emit::multiply(Expression lhs, Expression rhs) {
  if (getInteger(lhs) && !getInteger(rhs))
    std::swap(lhs, rhs);
  auto right = getInteger(rhs);
  if (auto left = getInteger(lhs); left && right)
    return integer(*left * *right);
  if (right == 1)
    return lhs;
  if (right == 0 && lhs->effects == None)
    return integer(0);
  if (right && lhs->kind == Node::Binary && lhs->text == "*" &&
      lhs->associative)
    if (auto factor = getInteger(lhs->operands[1]))
      return multiply(lhs->operands[0], integer(*factor * *right));
  return binary("*", lhs, rhs, /*associative=*/true);
}

Expression llmc::emit::divide(Expression lhs, Expression rhs) {
  auto right = getInteger(rhs);
  if (auto left = getInteger(lhs); left && right && *right > 0)
    return integer(*left / *right);
  return right == 1 ? lhs : binary("/", lhs, rhs);
}

Expression llmc::emit::remainder(Expression lhs, Expression rhs) {
  auto right = getInteger(rhs);
  if (auto left = getInteger(lhs); left && right && *right > 0)
    return integer(*left % *right);
  if (right == 1 && lhs->effects == None)
    return integer(0);
  return binary("%", lhs, rhs);
}

Expression llmc::emit::asSigned(Expression operand, unsigned bits) {
  if (!operand->isUnsigned)
    return operand;
  return castTo(bits == 64 ? "long long" : "int", operand);
}

Expression llmc::emit::asUnsigned(Expression operand, unsigned bits) {
  if (operand->isUnsigned)
    return operand;
  if (auto value = getInteger(operand)) {
    uint64_t mask = bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
    auto node = makeNode(Node::Literal, std::to_string(*value & mask) +
                                            (bits == 64 ? "ull" : "u"));
    node->isUnsigned = true;
    return node;
  }
  return castTo(bits == 64 ? "unsigned long long" : "unsigned", operand);
}

bool llmc::emit::isAtom(const Expression &expression) {
  return expression->kind == Node::Name || expression->kind == Node::Integer ||
         expression->kind == Node::Literal;
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

/// C++'s levels, the tightest first.
enum Level {
  Primary,
  Prefix,
  Product,
  Sum,
  Shift,
  Relation,
  Equality,
  BitAnd,
  BitXor,
  BitOr,
  And,
  Or,
  Conditional
};

static Level getLevel(const Node &node, StringRef text) {
  switch (node.kind) {
  case Node::Integer:
  case Node::Literal:
    return text.starts_with("-") ? Prefix : Primary;
  case Node::Name:
  case Node::Call:
  case Node::Braces:
  case Node::Subscript:
    return Primary;
  case Node::Unary:
  case Node::Cast:
    return Prefix;
  case Node::Ternary:
    return Conditional;
  case Node::Binary:
    break;
  }
  return llvm::StringSwitch<Level>(node.text)
      .Cases({"*", "/", "%"}, Product)
      .Cases({"+", "-"}, Sum)
      .Cases({"<<", ">>"}, Shift)
      .Cases({"<", "<=", ">", ">="}, Relation)
      .Cases({"==", "!="}, Equality)
      .Case("&", BitAnd)
      .Case("^", BitXor)
      .Case("|", BitOr)
      .Case("&&", And)
      .Default(Or);
}

/// `child`, in parentheses if it binds less tightly than `loosest`.
static std::string printChild(const Expression &child, Level loosest) {
  std::string text = print(child);
  if (getLevel(*child, text) <= loosest)
    return text;
  return "(" + text + ")";
}

static std::string printBinary(const Node &node) {
  Level level = getLevel(node, "");
  const Expression &lhs = node.operands[0], &rhs = node.operands[1];
  auto sameOperator = [&](const Expression &child) {
    return node.associative && child->kind == Node::Binary &&
           child->associative && child->text == node.text;
  };
  Level left = level;
  Level right = sameOperator(rhs) ? level : Level(level - 1);
  // Nobody remembers the levels of bit operations: anything but a chain of one
  // operator is set apart. So is && within ||.
  if (level == Shift || (level >= BitAnd && level <= BitOr)) {
    left = sameOperator(lhs) ? level : Prefix;
    right = sameOperator(rhs) ? level : Prefix;
  }
  if (level == Or) {
    left = lhs->kind == Node::Binary && lhs->text == "||" ? Or : BitOr;
    right = sameOperator(rhs) ? Or : BitOr;
  }
  std::string leftText = printChild(lhs, left);
  std::string rightText = printChild(rhs, right);
  // a + -1.0f is a - 1.0f.
  if (node.text == "+" && rhs->kind == Node::Literal && rightText[0] == '-')
    return leftText + " - " + rightText.substr(1);
  return leftText + " " + node.text + " " + rightText;
}

static std::string printList(ArrayRef<Expression> expressions) {
  std::string text;
  for (const Expression &expression : expressions) {
    if (!text.empty())
      text += ", ";
    text += print(expression);
  }
  return text;
}

static std::string printInteger(int64_t value) {
  if (value == INT64_MIN)
    return "(-9223372036854775807LL - 1)";
  // -2147483648 would be the negation of a number that is no int.
  bool isInt = value > INT32_MIN && value <= INT32_MAX;
  return std::to_string(value) + (isInt ? "" : "LL");
}

std::string llmc::emit::print(const Expression &expression) {
  const Node &node = *expression;
  switch (node.kind) {
  case Node::Name:
  case Node::Literal:
    return node.text;
  case Node::Integer:
    return printInteger(node.value);
  case Node::Call:
    return node.text + "(" + printList(node.operands) + ")";
  case Node::Braces:
    return node.text + "{" + printList(node.operands) + "}";
  case Node::Subscript:
    return printChild(node.operands[0], Primary) + "[" +
           print(node.operands[1]) + "]";
  case Node::Unary: {
    std::string operand = printChild(node.operands[0], Prefix);
    if (operand[0] == node.text[0])
      operand = "(" + operand + ")";
    return node.text + operand;
  }
  case Node::Cast:
    return "(" + node.text + ")" + printChild(node.operands[0], Prefix);
  case Node::Binary:
    return printBinary(node);
  case Node::Ternary:
    return printChild(node.operands[0], Or) + " ? " +
           printChild(node.operands[1], Or) + " : " +
           printChild(node.operands[2], Conditional);
  }
  return "";
}

std::string llmc::emit::printInitializer(const Expression &expression,
                                         StringRef type) {
  std::string text = print(expression);
  if (expression->kind == Node::Braces && expression->text == type)
    return text.substr(type.size());
  return text;
}

std::string llmc::emit::printAssignment(const Expression &target,
                                        const Expression &value) {
  std::string place = print(target);
  if (value->kind == Node::Binary && getLevel(*value, "") <= BitOr &&
      getLevel(*value, "") != Relation && getLevel(*value, "") != Equality &&
      print(value->operands[0]) == place)
    return place + " " + value->text + "= " + print(value->operands[1]);
  return place + " = " + print(value);
}

std::string llmc::emit::printFloat(const llvm::APFloat &value) {
  if (!value.isFinite()) {
    uint64_t bits = value.bitcastToAPInt().getZExtValue();
    // Arrives as the int of these bits: 0xff800000 would be an unsigned.
    return "__builtin_bit_cast(float, 0x" + llvm::utohexstr(bits, true) + "u)";
  }
  float number = value.convertToFloat();
  char text[64];
  for (int digits = 1; digits <= 9; ++digits) {
    std::snprintf(text, sizeof(text), "%.*g", digits, number);
    if (std::strtof(text, nullptr) == number)
      break;
  }
  std::string shortest = text;
  size_t exponent = shortest.find('e');
  // "%g" writes 100 as 1e+02 when one digit suffices; people write 100.0f.
  if (exponent != std::string::npos && std::abs(number) >= 1 &&
      std::abs(number) < 1e7f) {
    std::snprintf(text, sizeof(text), "%.0f", number);
    shortest = text;
    exponent = std::string::npos;
  }
  if (exponent == std::string::npos)
    return shortest + (shortest.find('.') == std::string::npos ? ".0f" : "f");
  // 1e-05 to 1e-5, 1e+30 to 1e30.
  int power = std::atoi(shortest.c_str() + exponent + 1);
  return shortest.substr(0, exponent) + "e" + std::to_string(power) + "f";
}
