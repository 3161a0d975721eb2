// What the model of a GPU declines: kernels, and schedules that are given.
// RUN: llmc-opt %s -split-input-file -verify-diagnostics -llmc-schedule-kernels="target=cuda"

tile.func @head_size(%q: tensor<2x64x80xbf16>) -> tensor<2x64x80xbf16> attributes {kind = "attention"} {
  // expected-error @+1 {{'model.attention' op head size 20 is not a multiple of 16}}
  %0 = model.attention %q, %q, %q {heads = 4 : i64, kv_heads = 4 : i64} : (tensor<2x64x80xbf16>, tensor<2x64x80xbf16>, tensor<2x64x80xbf16>) -> tensor<2x64x80xbf16>
  tile.return %0 : tensor<2x64x80xbf16>
}

// -----

tile.func @large_head(%q: tensor<2x64x320xbf16>) -> tensor<2x64x320xbf16> attributes {kind = "attention"} {
  // expected-error @+1 {{'model.attention' op head size 320 is more than 256}}
  %0 = model.attention %q, %q, %q {heads = 1 : i64, kv_heads = 1 : i64} : (tensor<2x64x320xbf16>, tensor<2x64x320xbf16>, tensor<2x64x320xbf16>) -> tensor<2x64x320xbf16>
  tile.return %0 : tensor<2x64x320xbf16>
}

// -----

// In a product whose epilogue rotates them, too.
tile.func @rotated_heads(%x: tensor<1x16x96xbf16>, %w: tensor<40x96xbf16>, %cos: tensor<16x20xf32>, %sin: tensor<16x20xf32>) -> tensor<1x16x40xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<1x16x96xbf16>, tensor<40x96xbf16>) -> tensor<1x16x40xbf16>
  // expected-error @+1 {{'model.rotate' op head size 20 fits no block of the target; multiples of 16 do}}
  %1 = model.rotate %0, %cos, %sin {head_size = 20 : i64} : (tensor<1x16x40xbf16>, tensor<16x20xf32>, tensor<16x20xf32>) -> tensor<1x16x40xbf16>
  tile.return %1 : tensor<1x16x40xbf16>
}

// -----

// Where their attention is a later kernel, that says it.
tile.func @rotated_queries(%x: tensor<1x16x96xbf16>, %w: tensor<40x96xbf16>, %cos: tensor<16x20xf32>, %sin: tensor<16x20xf32>) -> tensor<1x16x40xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<1x16x96xbf16>, tensor<40x96xbf16>) -> tensor<1x16x40xbf16>
  %1 = model.rotate %0, %cos, %sin {head_size = 20 : i64} : (tensor<1x16x40xbf16>, tensor<16x20xf32>, tensor<16x20xf32>) -> tensor<1x16x40xbf16>
  tile.return %1 : tensor<1x16x40xbf16>
}
tile.func @their_attention(%q: tensor<1x16x40xbf16>) -> tensor<1x16x40xbf16> attributes {kind = "attention"} {
  // expected-error @+1 {{'model.attention' op head size 20 is not a multiple of 16, as kernels for GPUs need it; give the model another number of heads, or compile with --target=cpu}}
  %0 = model.attention %q, %q, %q {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<1x16x40xbf16>, tensor<1x16x40xbf16>, tensor<1x16x40xbf16>) -> tensor<1x16x40xbf16>
  tile.return %0 : tensor<1x16x40xbf16>
}

// -----

// expected-error @+1 {{expected a `warps_m` in its schedule}}
tile.func @incomplete(%x: tensor<2x32x32xbf16>, %w: tensor<48x32xbf16>) -> tensor<2x32x48xbf16> attributes {kind = "gemm", schedule = {block_m = 16 : i64, block_n = 16 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %w : (tensor<2x32x32xbf16>, tensor<48x32xbf16>) -> tensor<2x32x48xbf16>
  tile.return %0 : tensor<2x32x48xbf16>
}

// -----

// expected-error @+1 {{has a schedule that does not work: a `block_m` of 16 does not give each of 2 warps a multiple of 16}}
tile.func @warps(%x: tensor<2x32x32xbf16>, %w: tensor<48x32xbf16>) -> tensor<2x32x48xbf16> attributes {kind = "gemm", schedule = {block_m = 16 : i64, block_n = 16 : i64, block_k = 16 : i64, warps_m = 2 : i64, warps_n = 1 : i64, stages = 2 : i64, raster = 1 : i64, threads = 64 : i64, min_blocks = 1 : i64}} {
  %0 = model.linear %x, %w : (tensor<2x32x32xbf16>, tensor<48x32xbf16>) -> tensor<2x32x48xbf16>
  tile.return %0 : tensor<2x32x48xbf16>
}

// -----

// expected-error @+1 {{has a schedule that does not work: it needs 131072 bytes of shared memory, sm_89 allows 101376}}
tile.func @shared(%x: tensor<2x32x32xbf16>, %w: tensor<48x32xbf16>) -> tensor<2x32x48xbf16> attributes {kind = "gemm", schedule = {block_m = 128 : i64, block_n = 128 : i64, block_k = 64 : i64, warps_m = 2 : i64, warps_n = 2 : i64, stages = 4 : i64, raster = 1 : i64, threads = 128 : i64, min_blocks = 1 : i64}} {
  %0 = model.linear %x, %w : (tensor<2x32x32xbf16>, tensor<48x32xbf16>) -> tensor<2x32x48xbf16>
  tile.return %0 : tensor<2x32x48xbf16>
}

// -----

// expected-error @+1 {{has a schedule that does not work: 100 `threads` are not a multiple of 32 up to 1024}}
tile.func @threads(%x: tensor<2x32x32xbf16>) -> tensor<2x32x32xbf16> attributes {kind = "rows", schedule = {block_rows = 1 : i64, threads = 100 : i64, min_blocks = 1 : i64}} {
  %0 = model.gelu %x : tensor<2x32x32xbf16>
  tile.return %0 : tensor<2x32x32xbf16>
}

// -----

// expected-error @+1 {{has a schedule that does not work: a `block_k` of 16 does not give each of 2 warps a multiple of 16 rows}}
tile.func @keys(%q: tensor<2x64x64xbf16>, %lse: tensor<2x4x64xf32>) -> (tensor<2x64x64xbf16>, tensor<2x64x64xbf16>) attributes {kind = "attention_key_value_grad", schedule = {block_k = 16 : i64, block_q = 32 : i64, stages = 2 : i64, threads = 64 : i64, min_blocks = 1 : i64}} {
  %0, %1 = model.attention_key_value_grad %q, %q, %q, %q, %lse, %lse {heads = 4 : i64, kv_heads = 4 : i64} : (tensor<2x64x64xbf16>, tensor<2x64x64xbf16>, tensor<2x64x64xbf16>, tensor<2x64x64xbf16>, tensor<2x4x64xf32>, tensor<2x4x64xf32>) -> (tensor<2x64x64xbf16>, tensor<2x64x64xbf16>)
  tile.return %0, %1 : tensor<2x64x64xbf16>, tensor<2x64x64xbf16>
}

// -----

// expected-error @+1 {{has a schedule that does not work: a `raster` of 3 does not divide the 8 heads of all sequences}}
tile.func @heads(%q: tensor<2x64x64xbf16>) -> tensor<2x64x64xbf16> attributes {kind = "attention", schedule = {block_k = 32 : i64, block_q = 32 : i64, raster = 3 : i64, stages = 2 : i64, threads = 64 : i64, min_blocks = 1 : i64}} {
  %0 = model.attention %q, %q, %q {heads = 4 : i64, kv_heads = 4 : i64} : (tensor<2x64x64xbf16>, tensor<2x64x64xbf16>, tensor<2x64x64xbf16>) -> tensor<2x64x64xbf16>
  tile.return %0 : tensor<2x64x64xbf16>
}

// -----

// expected-error @+1 {{has a schedule that does not work: only a product that is added to a weight's gradient, and nothing else, has a `split_k`}}
tile.func @not_accumulated(%x: tensor<2x512x32xbf16>, %dy: tensor<2x512x48xbf16>) -> tensor<48x32xbf16> attributes {kind = "gemm", schedule = {split_k = 2 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x512x32xbf16>, tensor<2x512x48xbf16>) -> tensor<48x32xbf16>
  tile.return %0 : tensor<48x32xbf16>
}

// -----

// expected-error @+1 {{has a schedule that does not work: a `split_k` of 5 does not cut a depth of 64 into up to 16 parts of 16 or more}}
tile.func @shallow(%x: tensor<2x32x32xbf16>, %dy: tensor<2x32x48xbf16>, %g: tensor<48x32xf32>) attributes {kind = "gemm", schedule = {split_k = 5 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x32x32xbf16>, tensor<2x32x48xbf16>) -> tensor<48x32xbf16>
  train.accumulate %0 into %g : tensor<48x32xbf16>, tensor<48x32xf32>
  tile.return
}

// -----

// expected-error @+1 {{a `split_k` of 32 does not cut a depth of 32768 into up to 16 parts of 16 or more}}
tile.func @many(%x: tensor<64x512x32xbf16>, %dy: tensor<64x512x48xbf16>, %g: tensor<48x32xf32>) attributes {kind = "gemm", schedule = {split_k = 32 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<64x512x32xbf16>, tensor<64x512x48xbf16>) -> tensor<48x32xbf16>
  train.accumulate %0 into %g : tensor<48x32xbf16>, tensor<48x32xf32>
  tile.return
}

// -----

// expected-error @+1 {{a `split_k` of -1 does not cut}}
tile.func @none(%x: tensor<2x512x32xbf16>, %dy: tensor<2x512x48xbf16>, %g: tensor<48x32xf32>) attributes {kind = "gemm", schedule = {split_k = -1 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x512x32xbf16>, tensor<2x512x48xbf16>) -> tensor<48x32xbf16>
  train.accumulate %0 into %g : tensor<48x32xbf16>, tensor<48x32xf32>
  tile.return
}

// -----

// Sums over rows are cut before they are kernels.
// expected-error @+1 {{expected `splits` of 2 in its schedule, as its ops have them, found 4}}
tile.func @sums(%x: tensor<2x8x16xf32>) -> tensor<2x16xf32> attributes {kind = "rows", schedule = {splits = 4 : i64}} {
  %0 = model.sum_rows %x {splits = 2 : i64} : (tensor<2x8x16xf32>) -> tensor<2x16xf32>
  tile.return %0 : tensor<2x16xf32>
}

// -----

// expected-error @+1 {{has a schedule that does not work: a `split_k` of 4 leaves parts without a step of 48}}
tile.func @steps(%x: tensor<2x64x32xbf16>, %dy: tensor<2x64x48xbf16>, %g: tensor<48x32xf32>) attributes {kind = "gemm", schedule = {block_m = 16 : i64, block_n = 16 : i64, block_k = 48 : i64, warps_m = 1 : i64, warps_n = 1 : i64, stages = 2 : i64, raster = 1 : i64, threads = 32 : i64, min_blocks = 1 : i64, split_k = 4 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x64x32xbf16>, tensor<2x64x48xbf16>) -> tensor<48x32xbf16>
  train.accumulate %0 into %g : tensor<48x32xbf16>, tensor<48x32xf32>
  tile.return
}

// -----

// expected-error @+1 {{has a schedule that does not work: only a product that is added to a weight's gradient, and nothing else, has a `split_k`}}
tile.func @parts_of_rows(%x: tensor<2x32x32xbf16>) -> tensor<2x32x32xbf16> attributes {kind = "rows", schedule = {block_rows = 1 : i64, threads = 32 : i64, min_blocks = 1 : i64, split_k = 2 : i64}} {
  %0 = model.gelu %x : tensor<2x32x32xbf16>
  tile.return %0 : tensor<2x32x32xbf16>
}

// -----

// expected-error @+1 {{has a schedule that does not work: `keep_fragments` is for attention}}
tile.func @fragments_of_rows(%x: tensor<2x32x32xbf16>) -> tensor<2x32x32xbf16> attributes {kind = "rows", schedule = {block_rows = 1 : i64, threads = 32 : i64, min_blocks = 1 : i64, keep_fragments = 1 : i64}} {
  %0 = model.gelu %x : tensor<2x32x32xbf16>
  tile.return %0 : tensor<2x32x32xbf16>
}

// -----

// expected-error @+1 {{has a schedule that does not work: `keep_fragments` is for products of bf16}}
tile.func @fragments_of_f32(%q: tensor<2x64x64xf32>) -> tensor<2x64x64xf32> attributes {kind = "attention", schedule = {block_q = 16 : i64, block_k = 16 : i64, stages = 2 : i64, threads = 32 : i64, min_blocks = 1 : i64, keep_fragments = 1 : i64}} {
  %0 = model.attention %q, %q, %q {heads = 1 : i64, kv_heads = 1 : i64} : (tensor<2x64x64xf32>, tensor<2x64x64xf32>, tensor<2x64x64xf32>) -> tensor<2x64x64xf32>
  tile.return %0 : tensor<2x64x64xf32>
}
