//===- Passes.td - sizes of blocks ----------------------------------------===//

#ifndef LLMC_COMPILER_SCHEDULE_PASSES_TD
#define LLMC_COMPILER_SCHEDULE_PASSES_TD

include "mlir/Pass/PassBase.td"

def ScheduleKernels : Pass<"llmc-schedule-kernels", "::mlir::ModuleOp"> {
  let summary = "chooses the block sizes and the grid of every kernel";
  let description = [{
    Precondition: what Fusion leaves; every `tile.func` has a `kind` and static
    shapes. An analytic model of the target chooses `schedule` and `grid`; an
    attribute `schedule` that is already there is kept, and only the grid
    computed from it. For `cuda` the schedule also holds `threads`,
    `min_blocks`, the warps and stages of products, and `block_columns` for
    rows that registers cannot hold; `fill` and `predicted_us` are the model's
    expectations, and a remark of the category `schedule` states them. Also sets `flops` and `bytes`, the kernel's arithmetic
    and its least memory traffic.

    ```mlir
    tile.func @linear_0(...) attributes {kind = "gemm"}
    ```
    becomes
    ```mlir
    tile.func @linear_0(...) attributes {kind = "gemm",
        schedule = {block_m = 128, block_n = 256, block_k = 256},
        grid = array<i64: 12, 32, 1>, flops = ..., bytes = ...}
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", "\"cpu\"", "cpu or cuda">,
    Option<"arch", "arch", "std::string", "\"sm_89\"",
           "cuda: sm_80, sm_86, sm_89, sm_90 or emulated">,
    Option<"cores", "cores", "int64_t", "16",
           "cores that blocks are spread over; of the results only the gradient norm depends on it, by its rounding">,
    Option<"l2", "l2", "int64_t", "524288", "bytes of a core's second cache">
  ];
}

def RankSchedules : Pass<"llmc-rank-schedules", "::mlir::ModuleOp"> {
  let summary = "takes the schedule that a compiler's reports prove to be best";
  let description = [{
    Precondition: what llmc-schedule-kernels leaves for `cuda`. `measured`, on
    kernels of products and attention, holds what a compiler reported of
    schedules: registers and spilled bytes of a thread, shared memory of a
    block; 0 registers for one that did not become a kernel. Whoever runs the
    pass compiles; the pass itself knows no compiler.

    Action: the same model that made the choice ranks the reported schedules, by
    the blocks that an SM really holds. Where another schedule could be better
    by as much as the model may err in registers, `unmeasured` names it: compile
    it, add it to `measured`, run the pass again. At most four schedules a
    kernel are asked for, eight while all of them spill, of a given one
    (`schedule_given`) only itself; so are
    all with `decided`.

    Postcondition: no `unmeasured` is left when all is decided; `schedule` and
    what follows from it are those of the best one, `resources` its report. A
    remark of the category `schedule` says what changed.

    ```mlir
    tile.func @linear_0(...) attributes {kind = "gemm", schedule = {...}, ...,
        measured = [{schedule = {...}, registers = 215, spill_bytes = 0,
                     shared_bytes = 49152}, {...}, ...]}
    ```
    becomes
    ```mlir
    tile.func @linear_0(...) attributes {kind = "gemm", schedule = {...}, ...,
        resources = {registers = 215, spill_bytes = 0, shared_bytes = 49152}}
    ```
  }];
  let options = [
    Option<"arch", "arch", "std::string", "\"sm_89\"",
           "sm_80, sm_86, sm_89, sm_90 or emulated">,
    Option<"decided", "decided", "bool", "false",
           "keep the schedules that there are, and only record their reports">
  ];
}

def PadRows : Pass<"llmc-pad-rows", "::mlir::ModuleOp"> {
  let summary = "lets rows of odd length start at aligned addresses";
  let description = [{
    Precondition: kernels with their kinds, and functions of launches.

    Action: activations [b, t, c] whose c is no multiple of 8 elements get a
    row pitch, c rounded up to 8 or, for long rows, to 64 elements. Ports,
    variables and tensors of kernels that do not work by rows are left alone,
    and so is everything that shares storage with them.

    Postcondition: wherever a tensor is passed, kernels agree on its pitch.

    ```mlir
    tile.func @head(...) -> tensor<4x1024x50257xbf16>
    // becomes
    tile.func @head(...) -> (tensor<4x1024x50257xbf16> {tile.row_pitch = 50304 : i64})
    ```
  }];
}

def FuseColumnSums : Pass<"llmc-fuse-column-sums", "::mlir::ModuleOp"> {
  let summary = "has products and attention leave the sums of what they store";
  let description = [{
    Precondition: what llmc-schedule-kernels leaves for `cuda`: grids are known.

    Action: where a kernel does nothing but sum ranges of rows of what a product
    or the gradients of attention wrote, as for the gradient of a bias, each of
    their blocks leaves the sums of its own rows instead, and what adds up the
    ranges adds up these. Of kernels whose results are joined by columns each
    leaves the sums of its own, joined in the same way. Where the last block of
    rows is not full, where a launch has no such sum behind it, or where the
    model expects it to take longer, a remark of the category `schedule` says
    so.

    Postcondition: as before. The kernels' block sizes are fixed, since they are
    the extent of the sums.

    ```mlir
    %dx = tile.launch @dx(%dy, %w) : ... -> tensor<16x1024x3072xbf16>
    %s = tile.launch @sum_rows(%dx) : ... -> tensor<256x3072xf32>
    tile.launch @sum(%s, %bias) : ...
    // becomes
    %dx, %s = tile.launch @dx(%dy, %w) : ... -> (tensor<16x1024x3072xbf16>, tensor<128x3072xf32>)
    tile.launch @sum(%s, %bias) : ...
    ```
  }];
  let options = [
    Option<"arch", "arch", "std::string", "\"sm_89\"",
           "sm_80, sm_86, sm_89, sm_90 or emulated">
  ];
}

def FuseGradientNorm : Pass<"llmc-fuse-gradient-norm", "::mlir::ModuleOp"> {
  let summary = "has kernels that write gradients sum their squares";
  let description = [{
    Precondition: what llmc-schedule-kernels leaves: grids are known. @update
    sums the squares of all gradients by a kernel that reads them.

    Action: the last kernel of @micro_step that writes a gradient, all earlier
    accumulations included, also writes partial sums of its squares: one a
    block, or, where a later kernel adds to some rows only (`embedding_grad`),
    `parts` for each row, of which that kernel replaces those of its rows. The
    norm adds up all, in order. Launches that are not the last keep a kernel of
    their own. Where no kernel can, or where the model expects it to take
    longer, a kernel of @update sums the gradient's squares; a remark of the
    category `schedule` says why.

    Postcondition: as before; each gradient that is written is counted once.

    ```mlir
    tile.launch @dw(%x, %dy, %g) : ...                       // @micro_step
    tile.launch @sum_of_squares(%all, %s) : ...              // @update
    %n = tile.launch @norm(%s, %hyper) : ...
    // becomes
    %s = train.squares 0 : tensor<36xf32>
    tile.launch @dw(%x, %dy, %g, %s) : ...
    %s = train.squares 0 : tensor<144xf32>
    %n = tile.launch @norm(%s, %hyper) : ...
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", "\"cpu\"", "cpu or cuda">,
    Option<"arch", "arch", "std::string", "\"sm_89\"",
           "cuda: sm_80, sm_86, sm_89, sm_90 or emulated">
  ];
  let dependentDialects = ["::llmc::train::TrainDialect"];
}

def FirstMicroStep : Pass<"llmc-first-micro-step", "::mlir::ModuleOp"> {
  let summary = "makes the micro-step that stores gradients instead of adding to them";
  let description = [{
    Precondition: kernels have their final form and schedule. @micro_step adds
    to the gradients.

    Action: adds @first_micro_step, which runs instead of @micro_step for the
    first micro-batch of a step. Of the launches that work on a gradient the
    first one stores what it computes, by a copy of its kernel of the same
    schedule; the others add to that. Where the first one does not reach all of
    the gradient (`embedding_grad`), a launch before it sets it to zero.

    Postcondition: as before; @first_micro_step reads no gradient that it has
    not written.

    ```mlir
    func.func @micro_step(...) -> tensor<f32> {
      tile.launch @dw(%x, %dy, %g)
    }
    // after, in @first_micro_step
      tile.launch @dw_first(%x, %dy, %g)
    ```
  }];
  let options = [
    Option<"target", "target", "std::string", "\"cpu\"", "cpu or cuda">,
    Option<"arch", "arch", "std::string", "\"sm_89\"",
           "cuda: sm_80, sm_86, sm_89, sm_90 or emulated">
  ];
  let dependentDialects = ["::llmc::tile::TileDialect",
                           "::llmc::train::TrainDialect"];
}

def ScheduleSums : Pass<"llmc-schedule-sums", "::mlir::ModuleOp"> {
  let summary = "makes the kernels that sum over ranks on a GPU";
  let description = [{
    Precondition: what MemoryPlan leaves.

    Action: each `plan.start` that sums gets the kernel that adds the part of
    one rank to that of another, one kernel for each size of a part, with its
    schedule. The runtime launches it on the stream of the communication when
    the parts are there, once for each rank but the first, in the order of
    ranks: a GPU's library would sum in an order of its own. It is not in any
    function, since its places depend on the rank.

    Postcondition: every sum has a kernel.

    ```mlir
    %p = plan.start reduce_scatter %bucket into %shard using %scratch : memref<512xf32>, memref<128xf32>, memref<384xf32>
    // becomes
    %p = plan.start reduce_scatter %bucket into %shard using %scratch adds @add_128 : memref<512xf32>, memref<128xf32>, memref<384xf32>
    tile.func @add_128(%part: tensor<128xf32>, %sum: tensor<128xf32>) attributes {kind = "flat", ...} {
      train.add %part into %sum : tensor<128xf32>
      tile.return
    }
    ```
  }];
  let options = [
    Option<"arch", "arch", "std::string", "\"sm_89\"",
           "sm_80, sm_86, sm_89, sm_90 or emulated">
  ];
  let dependentDialects = ["::llmc::dist::DistDialect",
                           "::llmc::tile::TileDialect",
                           "::llmc::train::TrainDialect"];
}

#endif
