// Kernels that Tiling declines, each with its reason.
// RUN: llmc-opt %s -llmc-tile-kernels -verify-diagnostics -split-input-file

// expected-error @+1 {{is of kind 'sort', which Tiling has no emitter for}}
tile.func @kind(%x: tensor<8xf32>) attributes {kind = "sort"} { tile.return }

// -----

// expected-error @+1 {{'schedule' of kind 'gemm' needs a positive 'block_k' in its schedule}}
tile.func @schedule(%x: tensor<1x8x16xf32>, %w: tensor<4x16xf32>) -> tensor<1x8x4xf32>
    attributes {kind = "gemm", grid = array<i64: 1, 1, 1>, schedule = {block_m = 8 : i64, block_n = 4 : i64}} {
  %0 = model.linear %x, %w : (tensor<1x8x16xf32>, tensor<4x16xf32>) -> tensor<1x8x4xf32>
  tile.return %0 : tensor<1x8x4xf32>
}

// -----

// expected-error @+1 {{needs a grid of 2 blocks, but its grid has 3}}
tile.func @grid(%x: tensor<1x8x16xf32>, %w: tensor<4x16xf32>) -> tensor<1x8x4xf32>
    attributes {kind = "gemm", grid = array<i64: 1, 3, 1>, schedule = {block_m = 4 : i64, block_n = 4 : i64, block_k = 4 : i64}} {
  %0 = model.linear %x, %w : (tensor<1x8x16xf32>, tensor<4x16xf32>) -> tensor<1x8x4xf32>
  tile.return %0 : tensor<1x8x4xf32>
}

// -----

// expected-error @+1 {{needs a grid of three extents}}
tile.func @no_grid(%x: tensor<8xf32>, %s: tensor<1xf32>) attributes {kind = "flat", schedule = {block = 4 : i64}} {
  train.sum_of_squares %x into %s : tensor<8xf32>, tensor<1xf32>
  tile.return
}

// -----

// expected-error @+1 {{needs a model.linear or model.linear_weight_grad}}
tile.func @no_product(%x: tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
    attributes {kind = "gemm", grid = array<i64: 1, 1, 1>, schedule = {block_m = 8 : i64, block_n = 16 : i64, block_k = 4 : i64}} {
  %0 = model.gelu %x : tensor<1x8x16xf32>
  tile.return %0 : tensor<1x8x16xf32>
}

// -----

tile.func @two_inputs(%x: tensor<1x8x16xf32>, %y: tensor<1x8x16xf32>, %w: tensor<4x16xf32>) -> tensor<1x8x4xf32>
    attributes {kind = "gemm", grid = array<i64: 1, 1, 1>, schedule = {block_m = 8 : i64, block_n = 4 : i64, block_k = 4 : i64}} {
  %0 = model.linear %x, %w : (tensor<1x8x16xf32>, tensor<4x16xf32>) -> tensor<1x8x4xf32>
  // expected-error @+1 {{is not the kernel's first product; expected several only of model.linear with the same input and the same type of result}}
  %1 = model.linear %y, %w : (tensor<1x8x16xf32>, tensor<4x16xf32>) -> tensor<1x8x4xf32>
  %2 = model.mul %0, %1 : tensor<1x8x4xf32>
  tile.return %2 : tensor<1x8x4xf32>
}

// -----

tile.func @prologue(%x: tensor<1x8x16xf32>, %w: tensor<4x16xf32>) -> tensor<1x8x4xf32>
    attributes {kind = "gemm", grid = array<i64: 1, 1, 1>, schedule = {block_m = 8 : i64, block_n = 4 : i64, block_k = 4 : i64}} {
  %0 = model.gelu %x : tensor<1x8x16xf32>
  // expected-error @+1 {{multiplies a value that the same kernel computes; its operands must be arguments of the kernel}}
  %1 = model.linear %0, %w : (tensor<1x8x16xf32>, tensor<4x16xf32>) -> tensor<1x8x4xf32>
  tile.return %1 : tensor<1x8x4xf32>
}

// -----

tile.func @epilogue_norm(%x: tensor<1x8x16xf32>, %w: tensor<4x16xf32>, %n: tensor<4xf32>) -> tensor<1x8x4xf32>
    attributes {kind = "gemm", grid = array<i64: 1, 1, 1>, schedule = {block_m = 8 : i64, block_n = 4 : i64, block_k = 4 : i64}} {
  %0 = model.linear %x, %w : (tensor<1x8x16xf32>, tensor<4x16xf32>) -> tensor<1x8x4xf32>
  // expected-error @+1 {{needs whole rows, a kernel of kind 'gemm' holds blocks of 4 columns}}
  %1 = model.rms_norm %0, %n {eps = 1.0e-5 : f32} : (tensor<1x8x4xf32>, tensor<4xf32>) -> tensor<1x8x4xf32>
  tile.return %1 : tensor<1x8x4xf32>
}

// -----

tile.func @epilogue_head(%x: tensor<1x8x16xf32>, %w: tensor<8x16xf32>, %c: tensor<8x8xf32>) -> tensor<1x8x8xf32>
    attributes {kind = "gemm", grid = array<i64: 2, 1, 1>, schedule = {block_m = 8 : i64, block_n = 4 : i64, block_k = 4 : i64}} {
  %0 = model.linear %x, %w : (tensor<1x8x16xf32>, tensor<8x16xf32>) -> tensor<1x8x8xf32>
  // expected-error @+1 {{head size 8 does not divide the kernel's 4 columns}}
  %1 = model.rotate %0, %c, %c {head_size = 8 : i64} : (tensor<1x8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<1x8x8xf32>
  tile.return %1 : tensor<1x8x8xf32>
}

// -----

// expected-error @+1 {{has 12 rows in 1 ranges, which blocks of 5 rows do not divide}}
tile.func @ragged_rows(%x: tensor<2x6x20xf32>) -> tensor<2x6x20xf32>
    attributes {kind = "rows", grid = array<i64: 3, 1, 1>, schedule = {block_rows = 5 : i64}} {
  %0 = model.gelu %x : tensor<2x6x20xf32>
  tile.return %0 : tensor<2x6x20xf32>
}

// -----

tile.func @splits(%x: tensor<2x6x20xf32>) -> tensor<4x20xf32>
    attributes {kind = "rows", grid = array<i64: 3, 1, 1>, schedule = {block_rows = 1 : i64, splits = 3 : i64}} {
  // expected-error @+1 {{sums in 4 ranges of rows, its kernel works in 3}}
  %0 = model.sum_rows %x {splits = 4 : i64} : (tensor<2x6x20xf32>) -> tensor<4x20xf32>
  tile.return %0 : tensor<4x20xf32>
}

// -----

tile.func @split_of_computed(%x: tensor<2x6x20xf32>) -> tensor<2x6x10xf32>
    attributes {kind = "rows", grid = array<i64: 12, 1, 1>, schedule = {block_rows = 1 : i64}} {
  %0 = model.gelu %x : tensor<2x6x20xf32>
  // expected-error @+1 {{splits a value that the kernel computes; only an argument of a kernel can be split}}
  %1:2 = model.split %0 : (tensor<2x6x20xf32>) -> (tensor<2x6x10xf32>, tensor<2x6x10xf32>)
  tile.return %1#0 : tensor<2x6x10xf32>
}

// -----

tile.func @use_of_concat(%x: tensor<2x6x10xf32>) -> tensor<2x6x20xf32>
    attributes {kind = "rows", grid = array<i64: 12, 1, 1>, schedule = {block_rows = 1 : i64}} {
  %0 = model.concat %x, %x : (tensor<2x6x10xf32>, tensor<2x6x10xf32>) -> tensor<2x6x20xf32>
  // expected-error @+1 {{operand of type 'tensor<2x6x20xf32>' is not available as a tile in a kernel of kind 'rows'}}
  %1 = model.gelu %0 : tensor<2x6x20xf32>
  tile.return %1 : tensor<2x6x20xf32>
}

// -----

tile.func @not_accumulated(%t: tensor<2x6xi32>, %dy: tensor<2x6x20xf32>) -> tensor<50x20xf32>
    attributes {kind = "embedding_grad", grid = array<i64: 12, 1, 1>} {
  // expected-error @+1 {{must be added to storage: its result, or the first term of a sum, would need zeros in the rows of all other tokens}}
  %0 = model.embedding_grad %t, %dy : (tensor<2x6xi32>, tensor<2x6x20xf32>) -> tensor<50x20xf32>
  tile.return %0 : tensor<50x20xf32>
}

// -----

tile.func @first_of_some_rows(%t: tensor<2x6xi32>, %dy: tensor<2x6x20xf32>, %g: tensor<50x20xf32>)
    attributes {kind = "embedding_grad", grid = array<i64: 12, 1, 1>} {
  // expected-error @+1 {{must be added to storage: its result, or the first term of a sum, would need zeros in the rows of all other tokens}}
  %0 = model.embedding_grad %t, %dy : (tensor<2x6xi32>, tensor<2x6x20xf32>) -> tensor<50x20xf32>
  train.accumulate first %0 into %g : tensor<50x20xf32>, tensor<50x20xf32>
  tile.return
}

// -----

tile.func @first_of_some_positions(%dy: tensor<2x6x20xf32>, %g: tensor<9x20xf32>)
    attributes {kind = "column_sum", grid = array<i64: 2, 1, 1>, schedule = {block = 64 : i64}} {
  %0 = model.position_embedding_grad %dy : (tensor<2x6x20xf32>) -> tensor<9x20xf32>
  // expected-error @+1 {{is the first term of a sum and does not reach all of the storage}}
  train.accumulate first %0 into %g : tensor<9x20xf32>, tensor<9x20xf32>
  tile.return
}

// -----

// expected-error @+1 {{has a 'raster' of 3 in its schedule, which does not divide the 4 heads of all sequences}}
tile.func @attention_raster(%q: tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
    attributes {kind = "attention", grid = array<i64: 3, 1, 1>, schedule = {block_q = 8 : i64, block_k = 8 : i64, raster = 3 : i64}} {
  %0 = model.attention %q, %q, %q {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  tile.return %0 : tensor<2x8x16xf32>
}

// -----

tile.func @attention_with_more(%q: tensor<1x8x8xf32>) -> tensor<1x8x8xf32>
    attributes {kind = "attention", grid = array<i64: 1, 1, 1>, schedule = {block_q = 8 : i64, block_k = 8 : i64}} {
  // expected-error @+1 {{cannot be computed in a kernel of kind 'attention'}}
  %0 = model.gelu %q : tensor<1x8x8xf32>
  %1 = model.attention %0, %q, %q {heads = 1 : i64, kv_heads = 1 : i64} : (tensor<1x8x8xf32>, tensor<1x8x8xf32>, tensor<1x8x8xf32>) -> tensor<1x8x8xf32>
  tile.return %1 : tensor<1x8x8xf32>
}

// -----

// An op outside of kernels is not Tiling's to remove, and must be gone.
func.func @left(%x: tensor<2x6x20xf32>) -> tensor<2x6x20xf32> {
  // expected-error @+1 {{must not be left after Tiling}}
  %0 = model.gelu %x : tensor<2x6x20xf32>
  return %0 : tensor<2x6x20xf32>
}

// -----

tile.func @squares_of_blocks(%p: tensor<4x20xf32>, %g: tensor<20xf32>, %s: tensor<2xf32>)
    attributes {kind = "column_sum", grid = array<i64: 3, 1, 1>, schedule = {block = 8 : i64}} {
  %0 = model.sum_rows %p : (tensor<4x20xf32>) -> tensor<20xf32>
  // expected-error @+1 {{sums squares into 'tensor<2xf32>', but the kernel has 3 blocks}}
  train.accumulate %0 into %g squares %s : tensor<20xf32>, tensor<20xf32>, tensor<2xf32>
  tile.return
}

// -----

tile.func @squares_of_rows(%x: tensor<1x8x16xf32>, %dy: tensor<1x8x4xf32>, %g: tensor<4x16xf32>, %s: tensor<2x4xf32>)
    attributes {kind = "gemm", grid = array<i64: 1, 1, 1>, schedule = {block_m = 4 : i64, block_n = 16 : i64, block_k = 8 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<1x8x16xf32>, tensor<1x8x4xf32>) -> tensor<4x16xf32>
  // expected-error @+1 {{sums squares into 'tensor<2x4xf32>', but the kernel has 1 blocks for each row}}
  train.accumulate %0 into %g squares %s : tensor<4x16xf32>, tensor<4x16xf32>, tensor<2x4xf32>
  tile.return
}

// -----

tile.func @squares_in_parts(%a: tensor<8x20xf32>, %g: tensor<8x20xf32>, %s: tensor<2xf32>)
    attributes {kind = "rows", grid = array<i64: 2, 1, 1>, schedule = {block_rows = 4 : i64, block_columns = 8 : i64}} {
  %0 = model.gelu %a : tensor<8x20xf32>
  // expected-error @+1 {{sums squares in a kernel whose blocks do not hold what they store}}
  train.accumulate %0 into %g squares %s : tensor<8x20xf32>, tensor<8x20xf32>, tensor<2xf32>
  tile.return
}

// -----

tile.func @squares_of_some_rows(%t: tensor<2x6xi32>, %dy: tensor<2x6x20xf32>, %g: tensor<50x20xf32>, %s: tensor<12xf32>)
    attributes {kind = "embedding_grad", grid = array<i64: 12, 1, 1>} {
  %0 = model.embedding_grad %t, %dy : (tensor<2x6xi32>, tensor<2x6x20xf32>) -> tensor<50x20xf32>
  // expected-error @+1 {{writes some rows only, expected squares of rows, found 'tensor<12xf32>'}}
  train.accumulate %0 into %g squares %s : tensor<50x20xf32>, tensor<50x20xf32>, tensor<12xf32>
  tile.return
}
