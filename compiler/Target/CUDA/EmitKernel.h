//===- EmitKernel.h - the emitter of one kernel -----------------*- C++ -*-===//
//
// Internal to emitCudaSource. A value of the IR becomes an expression: that of
// its op if it is short, used once, and nothing between it and its user changes
// what it reads; a variable's name otherwise.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_TARGET_CUDA_EMITKERNEL_H
#define LLMC_COMPILER_TARGET_CUDA_EMITKERNEL_H

#include "compiler/Target/CUDA/EmitExpression.h"
#include "compiler/Target/CUDA/EmitWriter.h"
#include "dialects/Cuda/Cuda.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"

namespace llmc::emit {

class KernelEmitter {
public:
  explicit KernelEmitter(cuda::KernelOp kernel);
  mlir::FailureOr<std::string> emit();

private:
  // EmitSource.cpp: the function around the body, types and names.
  mlir::LogicalResult emitSignature();
  mlir::LogicalResult checkShared();
  /// The C++ type of an IR type; empty after a diagnostic at `op`.
  std::string getTypeName(mlir::Type type, mlir::Operation *op);
  /// 32 or 64 for index, by the size of the kernel's arguments.
  unsigned getBits(mlir::Type type) const;
  bool isWide() const { return indexBits == 64; }

  // EmitStatements.cpp: blocks and what becomes lines.
  mlir::LogicalResult emitBlock(mlir::Block &block);
  mlir::LogicalResult emitOp(mlir::Operation *op);
  mlir::LogicalResult emitFor(mlir::scf::ForOp loop);
  /// "for (variable = begin; variable < end; variable += step) { its block }".
  mlir::LogicalResult emitLoop(mlir::Operation *loop,
                               mlir::BlockArgument variable, Expression begin,
                               Expression end, Expression step);
  mlir::LogicalResult emitIf(mlir::scf::IfOp op);
  mlir::LogicalResult emitUnroll(cuda::UnrollOp loop);
  mlir::LogicalResult emitYield(mlir::scf::YieldOp yield);
  mlir::LogicalResult emitRegisters(cuda::RegistersOp op);
  void emitShared(cuda::SharedOp op);
  /// Makes `value` the expression of the op's result, or a variable of it.
  mlir::LogicalResult bind(mlir::Operation *op, Expression value);
  /// A variable that is assigned later, with a value to start from or none.
  mlir::LogicalResult declareMutable(mlir::Value value, mlir::Operation *op,
                                     unsigned number, Expression start);
  std::string takeName(mlir::Operation *op, const Expression &value);
  std::string takeLoopName(mlir::Operation *loop);

  // EmitNames.cpp: a name, not yet unique, for an op's result.
  std::string deriveName(mlir::Operation *op, const Expression &value);
  std::string nameNumber(mlir::Operation *op, const Expression &value);

  // EmitArith.cpp, EmitCasts.cpp, EmitVector.cpp, EmitMemory.cpp: null if the
  // op is of another kind, or none at all for this op's types.
  Expression emitArith(mlir::Operation *op);
  Expression emitCast(mlir::Operation *op);
  Expression emitMath(mlir::Operation *op);
  Expression emitVector(mlir::Operation *op);
  Expression emitConstant(mlir::Attribute value, mlir::Operation *op);
  Expression emitRead(mlir::Operation *op);
  /// "statement;" or empty if the op is of another kind; `guard` is the
  /// condition under which it runs, or null.
  std::string emitEffect(mlir::Operation *op, Expression &guard);
  Expression emitAddress(mlir::Value memory, mlir::ValueRange indices);
  Expression emitByte(mlir::Value buffer, mlir::Value byte);
  Expression emitArrayPart(mlir::Value array, mlir::Value index);

  /// As it was emitted, as an f32, and with a sign chosen.
  Expression get(mlir::Value value) const;
  Expression getFloat(mlir::Value value) const;
  Expression getSigned(mlir::Value value) const;
  Expression getUnsigned(mlir::Value value) const;

  cuda::KernelOp kernel;
  unsigned indexBits = 32;
  SourceWriter out;
  NameScopes names;
  /// What counts blocks and turns; empty without.
  std::string turns;
  unsigned loopDepth = 0;
  llvm::DenseMap<mlir::Value, Expression> values;
};

} // namespace llmc::emit

#endif
