//===- EmitExpression.h - expressions of C++ source -------------*- C++ -*-===//
//
// Trees of C++ expressions, printed with the fewest parentheses, and with those
// that a reader needs between bit operations.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_TARGET_CUDA_EMITEXPRESSION_H
#define LLMC_COMPILER_TARGET_CUDA_EMITEXPRESSION_H

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace llmc::emit {

/// What keeps an expression from being evaluated later than where it stands.
enum Effects : unsigned {
  None = 0,
  /// Reads an array in registers, or memory.
  Reads = 1,
  /// All lanes of the warp must get there.
  Convergent = 2,
};

struct Node;
using Expression = std::shared_ptr<const Node>;

struct Node {
  enum Kind {
    Name,      // text
    Integer,   // value
    Literal,   // text, of another type than an integer
    Call,      // text(operands)
    Braces,    // text{operands}
    Subscript, // operands[0][operands[1]]
    Unary,     // text operands[0]
    Cast,      // (text)operands[0]
    Binary,    // operands[0] text operands[1]
    Ternary,   // operands[0] ? operands[1] : operands[2]
  };
  Kind kind = Name;
  std::string text;
  std::vector<Expression> operands;
  int64_t value = 0;
  /// The C++ type is unsigned although the IR's type has no sign.
  bool isUnsigned = false;
  /// Binary: a op (b op c) may be written a op b op c.
  bool associative = false;
  unsigned effects = None;
};

Expression name(llvm::StringRef text, bool isUnsigned = false);
Expression integer(int64_t value);
Expression literal(llvm::StringRef text);
Expression call(llvm::StringRef function, llvm::ArrayRef<Expression> operands,
                unsigned effects = None);
/// T{a, b, ...}
Expression braces(llvm::StringRef type, llvm::ArrayRef<Expression> operands);
/// base[index]; `effects` is Reads for arrays that are written.
Expression subscript(Expression base, Expression index,
                     unsigned effects = None);
Expression unary(llvm::StringRef op, Expression operand);
/// (type)operand; signed unless the type begins with "unsigned".
Expression castTo(llvm::StringRef type, Expression operand);
Expression binary(llvm::StringRef op, Expression lhs, Expression rhs,
                  bool associative = false);
Expression ternary(Expression condition, Expression yes, Expression no);

/// Sums and products of indices: constants are folded and a sum's constant goes
/// to its end.
Expression add(Expression lhs, Expression rhs);
Expression subtract(Expression lhs, Expression rhs);
Expression multiply(Expression lhs, Expression rhs);
Expression divide(Expression lhs, Expression rhs);
Expression remainder(Expression lhs, Expression rhs);

/// `operand` as a signed or an unsigned integer of this many bits.
Expression asSigned(Expression operand, unsigned bits = 32);
Expression asUnsigned(Expression operand, unsigned bits = 32);

/// A name or a number: may be printed any number of times, anywhere.
bool isAtom(const Expression &expression);

std::string print(const Expression &expression);
/// What follows the type in `T v = ...`: {a, b} for T{a, b}.
std::string printInitializer(const Expression &expression,
                             llvm::StringRef type);
/// "target = value", or "target += b" if value is target + b.
std::string printAssignment(const Expression &target, const Expression &value);

/// The shortest decimal number that is this float: 0.5f, 1e-5f. Infinities and
/// NaNs, of which C++ has no literal, by their bits.
std::string printFloat(const llvm::APFloat &value);

} // namespace llmc::emit

#endif
