//===- KernelConverter.h - one tile program to loops over vectors ---------===//

#ifndef LLMC_COMPILER_TARGET_CPU_KERNELCONVERTER_H
#define LLMC_COMPILER_TARGET_CPU_KERNELCONVERTER_H

#include "compiler/Target/CPU/Dot.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace llmc::cpu {

/// Walks a tile program in order. Lazy values emit nothing until a root needs
/// them; roots of one shape that follow each other share a loop nest.
class KernelConverter {
public:
  KernelConverter(tile::FuncOp kernel, mlir::func::FuncOp function,
                  Machine machine);
  mlir::LogicalResult run();

private:
  mlir::LogicalResult convertBlock(mlir::Block &block);
  mlir::LogicalResult convert(mlir::Operation *op);
  void convertLazy(mlir::Operation *op);
  void convertStore(tile::StoreOp op);
  void convertReduce(tile::ReduceOp op);
  void convertItem(tile::ItemOp op);
  void convertDot(tile::DotOp op);
  mlir::LogicalResult convertFor(mlir::scf::ForOp op);
  mlir::LogicalResult convertIf(mlir::scf::IfOp op);
  /// Stores the tiles that a loop carries to its next turn.
  void convertYields(mlir::scf::ForOp op);

  /// Adds to the roots that wait for a common loop nest.
  void join(Root root);
  void flush();
  void materialise(mlir::Value tile, const Buffer &buffer);
  /// Gives a buffer to each lazy load of `argument` that is still needed after
  /// `point`, which writes the argument. `same`: loads that the pending roots
  /// read at the very place they write.
  void saveLoadsOf(mlir::Value argument, mlir::Operation *point);
  void saveLoadsBeforeStores();
  bool isNeededAfter(mlir::Value tile, mlir::Operation *point);
  bool dependsOnPending(mlir::Value tile);

  tile::FuncOp kernel;
  mlir::func::FuncOp function;
  Machine machine;
  mlir::ImplicitLocOpBuilder b;
  Evaluator evaluator;
  std::unique_ptr<Buffers> buffers;
  LoopNest nest;
  llvm::SmallVector<Root> pending;
  /// Lazy loads seen so far, in order.
  llvm::SmallVector<mlir::Operation *> loads;
  /// What the block accesses behind `loop` at the places of the tile that it
  /// returns as number `number`. Views of that are converted before the loop.
  llvm::SmallVector<Touched> findTouched(mlir::scf::ForOp loop,
                                         unsigned number);

  /// Dots that add to the buffer of the value that their loop carries, and what
  /// is accessed at the places of the sums afterwards.
  struct InPlace {
    Buffer buffer;
    llvm::SmallVector<Touched> touched;
  };
  llvm::DenseMap<mlir::Operation *, InPlace> inPlaceDots;
};

} // namespace llmc::cpu

#endif // LLMC_COMPILER_TARGET_CPU_KERNELCONVERTER_H
