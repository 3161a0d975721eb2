//===- ConvertTileToCPU.cpp - tile programs to loops over vectors ---------===//
//
// tile.func @name(memrefs) becomes
// func.func @name(%args: !llvm.ptr, %x, %y, %z: i64, %workspace: !llvm.ptr);
// Passes.td shows an example.
//
//===----------------------------------------------------------------------===//

#include "compiler/Target/CPU/KernelConverter.h"
#include "compiler/Target/CPU/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace llmc {
#define GEN_PASS_DEF_CONVERTTILETOCPU
#include "compiler/Target/CPU/Passes.h.inc"
} // namespace llmc

using namespace mlir;
using namespace llmc;

namespace {
struct ConvertTileToCPU : llmc::impl::ConvertTileToCPUBase<ConvertTileToCPU> {
  using ConvertTileToCPUBase::ConvertTileToCPUBase;

  void runOnOperation() override {
    if (vectorWidth != 16 && vectorWidth != 32 && vectorWidth != 64) {
      getOperation().emitError("vector width is 16, 32 or 64 bytes, found ")
          << vectorWidth.getValue();
      return signalPassFailure();
    }
    cpu::Machine machine{static_cast<int64_t>(vectorWidth) / 4, fma};
    for (auto kernel :
         llvm::make_early_inc_range(getOperation().getOps<tile::FuncOp>()))
      if (failed(convert(kernel, machine)))
        return signalPassFailure();
  }

  LogicalResult convert(tile::FuncOp kernel, cpu::Machine machine) {
    if (!kernel.getResultTypes().empty())
      return kernel.emitOpError(
          "returns tensors: it is not a tile program yet");
    for (Type type : kernel.getArgumentTypes())
      if (Type element = getElementTypeOrSelf(type);
          isa<FloatType>(element) && !element.isF32())
        return kernel.emitOpError("has an argument with elements ")
               << element << "; the target cpu computes in f32 only";
    OpBuilder builder(kernel);
    Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
    Type i64 = builder.getI64Type();
    auto function = func::FuncOp::create(
        builder, kernel.getLoc(), kernel.getName(),
        builder.getFunctionType({pointer, i64, i64, i64, pointer}, {}));
    if (failed(cpu::KernelConverter(kernel, function, machine).run())) {
      function.erase();
      return failure();
    }
    kernel.erase();
    return success();
  }
};
} // namespace
