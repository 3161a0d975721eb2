//===- Passes.td - tile programs to code for the CPU ----------------------===//

#ifndef LLMC_COMPILER_TARGET_CPU_PASSES_TD
#define LLMC_COMPILER_TARGET_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertTileToCPU : Pass<"llmc-convert-tile-to-cpu", "::mlir::ModuleOp"> {
  let summary = "turns each tile program into a function of loops over vectors";
  let description = [{
    Precondition: every `tile.func` is a tile program: memref arguments of
    static shape and identity layout, no results.

    Each becomes a `func.func` with the C ABI of `LlmcKernelFunction`. Tile
    values are evaluated on demand, one vector at a time, inside the loops of
    the op that needs all of their elements: stores, reductions, dot operands
    and loop-carried values. `tile.dot` packs its operands and runs a
    register-blocked micro-kernel. Buffers too big for the stack are views into
    the thread's workspace; the attribute `workspace_bytes` holds its size.

    Postcondition: no `tile` op and no tensor is left.

    ```mlir
    tile.func @double(%x: memref<64xf32>, %y: memref<64xf32>) {
      %c0 = arith.constant 0 : index
      %a = tile.load %x[%c0] : memref<64xf32> -> tensor<64xf32>
      %b = arith.addf %a, %a : tensor<64xf32>
      tile.store %b, %y[%c0] : tensor<64xf32>, memref<64xf32>
      tile.return
    }
    ```
    becomes
    ```mlir
    func.func @double(%args: !llvm.ptr, %i: i64, %j: i64, %k: i64,
                      %workspace: !llvm.ptr) {
      ...
      scf.for %c = %c0 to %c64 step %c8 {
        %a = vector.load %x[%c] : memref<64xf32>, vector<8xf32>
        %b = arith.addf %a, %a : vector<8xf32>
        vector.store %b, %y[%c] : memref<64xf32>, vector<8xf32>
      }
    ```
  }];
  let options = [
    Option<"vectorWidth", "vector-width", "unsigned", "32",
           "bytes in a vector register: 16, 32 or 64">,
    Option<"fma", "fma", "bool", "true",
           "the machine has fused multiply-add">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"
  ];
}

def ApproximateMath : Pass<"llmc-approximate-math"> {
  let summary = "expands exp, log, tanh, ... into polynomials of about 1e-7 relative error";
  let description = [{
    Uses upstream's approximations, which work on whole vectors, in place of
    one call into libm per element.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect"
  ];
}

#endif
