//===- Passes.td - from kernels on tensors to tile programs ---------------===//

#ifndef LLMC_COMPILER_TILING_PASSES_TD
#define LLMC_COMPILER_TILING_PASSES_TD

include "mlir/Pass/PassBase.td"

def TileKernels : Pass<"llmc-tile-kernels", "::mlir::ModuleOp"> {
  let summary = "turn each kernel into a tile program";
  let description = [{
    Precondition: every `tile.func` takes and returns tensors of static shape,
    holds a group of `model` and `train` ops and carries `kind`, `schedule` and
    `grid`.

    Action: the kernel's kind decides the loops, the schedule the tile sizes,
    and each op of the group becomes operations on tiles. Results become
    trailing memref arguments.

    Postcondition: no op of `model` or `train` is left in a kernel; it takes
    memrefs, returns nothing, and one run of its body computes one block.

    ```mlir
    tile.func @relu_free(%x: tensor<1x8x64xf32>, %w: tensor<32x64xf32>) -> tensor<1x8x32xf32>
        attributes {kind = "gemm", grid = array<i64: 1, 1, 1>,
                    schedule = {block_m = 8, block_n = 32, block_k = 16}} {
      %y = model.linear %x, %w : ...
      tile.return %y : tensor<1x8x32xf32>
    }
    // becomes
    tile.func @relu_free(%x: memref<1x8x64xf32>, %w: memref<32x64xf32>, %y: memref<1x8x32xf32>) ... {
      %acc = scf.for %k = %c0 to %c64 step %c16 iter_args(%sum = %zero) -> tensor<8x32xf32> {
        %a = tile.load %xv[%m, %k] : ... -> tensor<8x16xf32>
        %b = tile.load %wv[%n, %k] : ... -> tensor<32x16xf32>
        %next = tile.dot %a, %b, %sum {transpose_b} : ...
        scf.yield %next : tensor<8x32xf32>
      }
      tile.store %acc, %yv[%m, %n] : ...
      tile.return
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::llmc::tile::TileDialect"];
}

def TileColumns : Pass<"llmc-tile-columns", "::mlir::ModuleOp"> {
  let summary = "work on rows that registers cannot hold in parts";
  let description = [{
    Precondition: tile programs. Those whose schedule holds `block_columns`
    are rewritten; `llmc-tile-kernels` does so itself.

    Action: each reduction of rows ends a pass over the columns; the passes
    load and compute what they need again, `block_columns` at a time, and the
    last one stores. A sum over rows that a loop carries is kept in memory.

    Postcondition: no tile has more than `block_columns` columns.

    ```mlir
    %x = tile.load %v[%r, %c0] : ... -> tensor<1x8192xf32>
    %s = tile.reduce add %x axis 1 : tensor<1x8192xf32> -> tensor<1xf32>
    // becomes, with block_columns = 4096
    %a = scf.for %c = %c0 to %c8192 step %c4096 iter_args(%sum = %zero) -> tensor<1x4096xf32> {
      %x = tile.load %v[%r, %c] : ... -> tensor<1x4096xf32>
      %next = arith.addf %sum, %x : tensor<1x4096xf32>
      scf.yield %next : tensor<1x4096xf32>
    }
    %s = tile.reduce add %a axis 1 : tensor<1x4096xf32> -> tensor<1xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::llmc::tile::TileDialect"];
}

#endif
