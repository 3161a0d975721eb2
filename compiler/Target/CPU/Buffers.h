//===- Buffers.h - memory for tiles that must exist as a whole --*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CPU_BUFFERS_H
#define LLMC_COMPILER_TARGET_CPU_BUFFERS_H

#include "compiler/Target/CPU/Machine.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

#include <array>

namespace llmc::cpu {

/// Storage of one tile: row-major, rows padded so that whole vectors and the
/// micro-kernel's blocks can be read and written past the last element.
struct Buffer {
  mlir::Value memref; // [rows >= R, stride >= C], or [>= C] for rank 1
};

/// Wraps `pointer` (!llvm.ptr) as a memref of static shape.
mlir::Value wrapPointer(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value pointer, mlir::MemRefType type);

/// Hands out buffers: on the stack while they are small, else at fixed,
/// 64-byte aligned offsets in the thread's workspace. Every buffer is made in
/// the function's entry block, before `anchor`.
class Buffers {
public:
  /// Scratch shared by all users of one slot; its lifetime is one tile.dot.
  enum Scratch { PackedA, PackedB, NumScratch };

  Buffers(Machine machine, mlir::Operation *anchor, mlir::Value workspace)
      : machine(machine), anchor(anchor), workspace(workspace) {}

  Buffer allocate(mlir::RankedTensorType tile);
  /// A rank-1 memref of `elements`, for packed dot operands.
  mlir::Value allocateScratch(Scratch slot, int64_t elements, mlir::Type type);
  /// Fixes the places of the scratch slots; returns the bytes in all.
  int64_t finish();

private:
  mlir::Value place(mlir::MemRefType type, int64_t bytes, bool scratch,
                    Scratch slot);

  Machine machine;
  mlir::Operation *anchor;
  mlir::Value workspace;
  int64_t bytesUsed = 0;
  /// Offsets of scratch are known only at the end: these ops wait for them.
  std::array<llvm::SmallVector<mlir::Operation *>, NumScratch> waiting;
  std::array<int64_t, NumScratch> scratchBytes{};
};

} // namespace llmc::cpu

#endif // LLMC_COMPILER_TARGET_CPU_BUFFERS_H
