//===- Passes.td - tile programs to CUDA kernels --------------------------===//

#ifndef LLMC_COMPILER_TARGET_CUDA_PASSES_TD
#define LLMC_COMPILER_TARGET_CUDA_PASSES_TD

include "mlir/Pass/PassBase.td"

def CudaPlanPipeline : Pass<"llmc-cuda-plan-pipeline", "::mlir::ModuleOp"> {
  let summary = "says which tiles are copied to shared memory, and how far ahead";
  let description = [{
    Precondition: tile programs (after `llmc-tile-kernels`).

    Action: gives each `tile.load` whose result is only multiplied the
    attribute `cuda.stages`: the buffers that take turns. Loads that move with
    their loop get the schedule's `stages`, others one. A loop that goes on
    with the pipeline of the one before gets `cuda.continues`. With the
    schedule's `keep_fragments`, left operands of products in loops that are
    loaded before these get `cuda.kept`. A loop that only
    multiplies, and has the registers for two steps' fragments,
    `cuda.double_buffer`.

    Postcondition: loads without the attribute go to registers.

    ```mlir
    %a = tile.load %x[%m, %k] : ... -> tensor<128x32xbf16>
    // becomes
    %a = tile.load %x[%m, %k] {cuda.stages = 3 : i64} : ... -> tensor<128x32xbf16>
    ```
  }];
}

def CudaAssignLayouts : Pass<"llmc-cuda-assign-layouts", "::mlir::ModuleOp"> {
  let summary = "gives every tile in registers its layout";
  let description = [{
    Precondition: `llmc-cuda-plan-pipeline` has run; schedules hold `threads`,
    and `warps_m`, `warps_n` where a product's warps are to divide columns too.

    Action: products fix their accumulators' layouts (tensor cores for bf16,
    and for f32 where the module's `llmc.precision` is "tf32"; a tile of
    registers for f32); elementwise ops and loops tie tiles together,
    reductions and broadcasts carry layouts on as slices; the rest is blocked
    for wide accesses. `cuda.convert_layout` stands where layouts differ, and
    behind the loops of products.

    Postcondition: every tile that is not a `cuda.stages` load carries a
    `#cuda.layout`.

    ```mlir
    %s = tile.dot %a, %b, %c : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
    // becomes
    %s = tile.dot %a, %b, %c : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32, #cuda.layout<registers = [[0, 1], [8, 0], [0, 8]], ...>>
    ```
  }];
  let dependentDialects = ["::llmc::cuda::CudaDialect"];
}

def CudaDeferSums : Pass<"llmc-cuda-defer-sums", "::mlir::ModuleOp"> {
  let summary = "adds up the sums that a loop carries once, behind it";
  let description = [{
    Precondition: `llmc-cuda-assign-layouts` has run.

    Action: where a loop carries the sum of what `tile.reduce` gives in each
    iteration, possibly scaled before by something that is the same along the
    axis, every thread carries the sum of its own elements instead
    (`cuda.partial_sum`), and the exchange among lanes and warps stands behind
    the loop, or behind the last of a chain of loops. Sums that no thread
    shares with another, and those that do not begin with zeros, stay.
    Sums are the same but for the order of additions, which stays fixed.

    Postcondition: such a loop has no `tile.reduce` of that sum.

    ```mlir
    %s = scf.for .. iter_args(%a = %zeros) -> (tensor<64xf32, #slice>) {
      %m = arith.mulf %a, %scale
      %r = tile.reduce add %x axis 1 : tensor<64x64xf32, #mma> -> tensor<64xf32, #slice>
      %n = arith.addf %m, %r
      scf.yield %n
    }
    // becomes
    %p = scf.for .. iter_args(%a = %zeros) -> (tensor<64x4xf32, #parts>) {
      %b = tile.broadcast %scale axis 1 : tensor<64xf32, #slice> -> tensor<64x4xf32, #parts>
      %m = arith.mulf %a, %b
      %r = cuda.partial_sum %x axis 1 : tensor<64x64xf32, #mma> -> tensor<64x4xf32, #parts>
      %n = arith.addf %m, %r
      scf.yield %n
    }
    %s = tile.reduce add %p axis 1 : tensor<64x4xf32, #parts> -> tensor<64xf32, #slice>
    ```
  }];
  let dependentDialects = ["::llmc::cuda::CudaDialect"];
}

def ConvertTileToCuda : Pass<"llmc-convert-tile-to-cuda", "::mlir::ModuleOp"> {
  let summary = "tile programs to what one thread does";
  let description = [{
    Precondition: `llmc-cuda-assign-layouts` has run; one value of the kernel's
    `schedule` is `threads`.

    Action: replaces each `tile.func` by a `cuda.kernel`: a tile becomes an
    array of registers, loads and stores become packs, products `cuda.mma` or,
    of f32 where the module's `llmc.precision` is "tf32", `cuda.mma_tf32` on
    swizzled tiles in shared memory, loops of products are pipelined as
    `cuda.stages` says. Barriers are not placed and shared memory has no
    addresses yet.

    Postcondition: no op of `tile` is left in kernels.

    ```mlir
    tile.func @f(%x: memref<64xf32>) attributes {schedule = {threads = 32}} { ... }
    // becomes
    cuda.kernel @f(%x: memref<64xf32>) attributes {threads = 32 : i64, ...} { ... }
    ```
  }];
  let options = [
    Option<"approximate", "approximate", "bool", "false",
           "exp and tanh in the hardware's approximation">
  ];
  let dependentDialects = ["::llmc::cuda::CudaDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

def CudaAllocateShared : Pass<"llmc-cuda-allocate-shared", "::llmc::cuda::KernelOp"> {
  let summary = "gives every buffer its place in a block's shared memory";
  let description = [{
    Precondition: buffers of shared memory are used by the accesses of the
    `cuda` dialect only, directly; control flow around them is `scf.for`,
    `scf.if` and `cuda.unroll`.

    Action: a buffer lives from its first to its last access in program order,
    over every loop that holds an access but not the buffer's definition, over
    every `scf.if` whose branches may run at the same time in different threads
    (without `cuda.uniform`), and, when it is written by `cuda.cp_async`, until
    the `cuda.cp_async_wait 0` behind the copies' commit, or the kernel's end.
    Copies that a loop's iteration does not wait for live over the whole loop.
    Buffers that do not live at the same time may share bytes. More bytes than
    `limit` are an error.

    Postcondition: every `cuda.shared` has an `offset`, a multiple of 128; the
    kernel has `shared_bytes`. Whether threads agree that a life has ended is
    the task of `llmc-cuda-insert-barriers`.

    ```mlir
    // before
    %a = cuda.shared : memref<1024xi8, 3>
    %b = cuda.shared : memref<512xi8, 3>
    cuda.store_shared %v, %a[%i] : vector<4xf32>, memref<1024xi8, 3>
    %w = cuda.load_shared %a[%j] : memref<1024xi8, 3> -> vector<4xf32>
    cuda.store_shared %w, %b[%i] : vector<4xf32>, memref<512xi8, 3>
    // after
    %a = cuda.shared {offset = 0 : i64} : memref<1024xi8, 3>
    %b = cuda.shared {offset = 0 : i64} : memref<512xi8, 3>
    ```
  }];
  let options = [
    Option<"limit", "limit", "int64_t", "101376",
           "bytes of shared memory that a block may have">
  ];
}

def CudaInsertBarriers : Pass<"llmc-cuda-insert-barriers", "::llmc::cuda::KernelOp"> {
  let summary = "places a barrier where threads would otherwise race";
  let description = [{
    Precondition: buffers have offsets (`llmc-cuda-allocate-shared`); bounds of
    `scf.for` are the same in all threads; what threads store into one buffer
    without a read in between goes to different bytes.

    Action: follows, for every buffer as a whole, what has happened since the
    last barrier: reads, writes, and copies that this thread has waited for.
    A read needs a barrier behind a write or a landed copy into any buffer that
    shares bytes with its own, a write or copy behind any access but a copy
    that is still under way (that one goes to another part of a ring of
    buffers) and, for stores, a store into the same buffer. Loops are followed until nothing changes. A barrier that one
    before a loop or branch makes unnecessary inside stands before it. None is
    put into an `scf.if` without `cuda.uniform`; a race within one is an error.
    Barriers that are there are kept.

    Postcondition: no two threads race for shared memory, and no barrier of
    this pass can be taken away.

    ```mlir
    // before
    cuda.store_shared %v, %s[%i] : vector<4xf32>, memref<1024xi8, 3>
    %w = cuda.load_shared %s[%j] : memref<1024xi8, 3> -> vector<4xf32>
    // after
    cuda.store_shared %v, %s[%i] : vector<4xf32>, memref<1024xi8, 3>
    cuda.barrier
    %w = cuda.load_shared %s[%j] : memref<1024xi8, 3> -> vector<4xf32>
    ```
  }];
}

#endif
