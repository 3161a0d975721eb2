//===- EmitArith.h - kinds of numbers in kernels ----------------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CUDA_EMITARITH_H
#define LLMC_COMPILER_TARGET_CUDA_EMITARITH_H

#include "compiler/Target/CUDA/EmitKernel.h"

namespace llmc::emit {

inline bool isBool(mlir::Value value) { return value.getType().isInteger(1); }
inline bool isIndex(mlir::Value value) { return value.getType().isIndex(); }

/// index, i32, i64.
inline bool isNumber(mlir::Value value) {
  return isIndex(value) || value.getType().isInteger(32) ||
         value.getType().isInteger(64);
}

inline bool isFloat(mlir::Value value) {
  return value.getType().isF32() || value.getType().isBF16();
}

/// An f32 as a value of `type`.
inline Expression roundTo(mlir::Type type, Expression value) {
  return type.isBF16() ? call("to_bf16", {value}) : value;
}

inline std::optional<int64_t> getConstant(const Expression &expression) {
  if (expression->kind == Node::Integer)
    return expression->value;
  return std::nullopt;
}

/// &, | or ^; if one operand is unsigned, of two that are. x | 0 and x ^ 0 are
/// x.
inline Expression bitwise(llvm::StringRef op, Expression lhs, Expression rhs,
                          unsigned bits) {
  if (op != "&" && getConstant(rhs) == 0)
    return lhs;
  if (lhs->isUnsigned || rhs->isUnsigned) {
    lhs = asUnsigned(lhs, bits);
    rhs = asUnsigned(rhs, bits);
  }
  return binary(op, lhs, rhs, /*associative=*/true);
}

} // namespace llmc::emit

#endif
