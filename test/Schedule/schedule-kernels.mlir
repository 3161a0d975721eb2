// Block sizes and grid of each kind of kernel; a given schedule is kept.
// RUN: llmc-opt %s -llmc-schedule-kernels | FileCheck %s
// RUN: llmc-opt %s -llmc-schedule-kernels="cores=1" | FileCheck %s --check-prefix=ONE

// 2 m n k = 2 * 1024 * 768 * 768; (2 * 1024 * 768 + 768 * 768) * 4 bytes.
// CHECK-LABEL: tile.func @product
// CHECK-SAME: bytes = 8650752 : i64, flops = 1207959552 : i64, grid = array<i64: [[N:[0-9]+]], [[M:[0-9]+]], 1>
// CHECK-SAME: schedule = {block_k = 128 : i64, block_m = {{[0-9]+}} : i64, block_n = {{[0-9]+}} : i64}
// One core takes large blocks, and none that are ragged.
// ONE-LABEL: tile.func @product
// ONE-SAME: grid = array<i64: 4, 4, 1>
// ONE-SAME: schedule = {block_k = 128 : i64, block_m = 256 : i64, block_n = 192 : i64}
tile.func @product(%x: tensor<4x256x768xf32>, %w: tensor<768x768xf32>) -> tensor<4x256x768xf32> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<4x256x768xf32>, tensor<768x768xf32>) -> tensor<4x256x768xf32>
  tile.return %0 : tensor<4x256x768xf32>
}

// A depth of 288 is cut into three steps of 96: steps of 128 would do 384.
// CHECK-LABEL: tile.func @even_steps
// CHECK-SAME: block_k = 96 : i64
tile.func @even_steps(%x: tensor<4x256x288xf32>, %w: tensor<768x288xf32>) -> tensor<4x256x768xf32> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<4x256x288xf32>, tensor<768x288xf32>) -> tensor<4x256x768xf32>
  tile.return %0 : tensor<4x256x768xf32>
}

// The depth of a weight gradient is the number of rows.
// CHECK-LABEL: tile.func @weight_grad
// CHECK-SAME: flops = 12582912 : i64
// CHECK-SAME: block_k = 64 : i64
tile.func @weight_grad(%x: tensor<4x16x256xf32>, %dy: tensor<4x16x384xf32>) -> tensor<384x256xf32> attributes {kind = "gemm"} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<4x16x256xf32>, tensor<4x16x384xf32>) -> tensor<384x256xf32>
  tile.return %0 : tensor<384x256xf32>
}

// Whole heads of 48 channels, and blocks within a sequence of 20.
// CHECK-LABEL: tile.func @rotate
// CHECK-SAME: grid = array<i64: {{[124]}}, {{[0-9]+}}, 1>
// CHECK-SAME: block_m = {{2|4|5|10|20|40}} : i64, block_n = {{48|96|192}} : i64
tile.func @rotate(%x: tensor<4x20x64xf32>, %w: tensor<192x64xf32>, %cos: tensor<20x48xf32>, %sin: tensor<20x48xf32>) -> tensor<4x20x192xf32> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<4x20x64xf32>, tensor<192x64xf32>) -> tensor<4x20x192xf32>
  %1 = model.rotate %0, %cos, %sin {head_size = 48 : i64} : (tensor<4x20x192xf32>, tensor<20x48xf32>, tensor<20x48xf32>) -> tensor<4x20x192xf32>
  tile.return %1 : tensor<4x20x192xf32>
}

// CHECK-LABEL: tile.func @rows
// CHECK-SAME: grid = array<i64: 128, 1, 1>
// CHECK-SAME: schedule = {block_rows = 8 : i64}
tile.func @rows(%x: tensor<4x256x64xf32>, %g: tensor<64xf32>) -> tensor<4x256x64xf32> attributes {kind = "rows"} {
  %0 = model.rms_norm %x, %g {eps = 1.0e-5 : f32} : (tensor<4x256x64xf32>, tensor<64xf32>) -> tensor<4x256x64xf32>
  tile.return %0 : tensor<4x256x64xf32>
}

// A block for each head of 8 rows; sums walk over the heads.
// CHECK-LABEL: tile.func @head_norm
// CHECK-SAME: grid = array<i64: 512, 1, 1>
// CHECK-SAME: schedule = {block_rows = 8 : i64}
tile.func @head_norm(%x: tensor<4x256x64xf32>, %g: tensor<16xf32>) -> tensor<4x256x64xf32> attributes {kind = "rows"} {
  %0 = model.rms_norm %x, %g {eps = 1.0e-5 : f32, head_size = 16 : i64} : (tensor<4x256x64xf32>, tensor<16xf32>) -> tensor<4x256x64xf32>
  tile.return %0 : tensor<4x256x64xf32>
}
// CHECK-LABEL: tile.func @head_sums
// CHECK-SAME: grid = array<i64: 64, 1, 1>
// CHECK-SAME: schedule = {block_rows = 8 : i64, splits = 64 : i64}
tile.func @head_sums(%x: tensor<4x256x64xf32>, %g: tensor<4x256x64xf32>) -> tensor<64x16xf32> attributes {kind = "rows"} {
  %0 = model.rms_norm_weight_grad %x, %g {eps = 1.0e-5 : f32, head_size = 16 : i64, splits = 64 : i64} : (tensor<4x256x64xf32>, tensor<4x256x64xf32>) -> tensor<64x16xf32>
  tile.return %0 : tensor<64x16xf32>
}

// 60 rows in 20 ranges of 3.
// CHECK-LABEL: tile.func @row_sums
// CHECK-SAME: grid = array<i64: 20, 1, 1>
// CHECK-SAME: schedule = {block_rows = 3 : i64, splits = 20 : i64}
tile.func @row_sums(%x: tensor<4x15x64xf32>) -> tensor<20x64xf32> attributes {kind = "rows"} {
  %0 = model.sum_rows %x {splits = 20 : i64} : (tensor<4x15x64xf32>) -> tensor<20x64xf32>
  tile.return %0 : tensor<20x64xf32>
}

// 2 products of 2 * 16 flops for 100 * 101 / 2 pairs of each of 8 heads.
// CHECK-LABEL: tile.func @attention
// CHECK-SAME: flops = 2585600 : i64, grid = array<i64: 2, 4, 2>
// CHECK-SAME: schedule = {block_k = 64 : i64, block_q = 64 : i64}
tile.func @attention(%q: tensor<2x100x64xf32>, %k: tensor<2x100x32xf32>, %v: tensor<2x100x32xf32>) -> tensor<2x100x64xf32> attributes {kind = "attention"} {
  %0 = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x100x64xf32>, tensor<2x100x32xf32>, tensor<2x100x32xf32>) -> tensor<2x100x64xf32>
  tile.return %0 : tensor<2x100x64xf32>
}

// CHECK-LABEL: tile.func @key_value_grad
// CHECK-SAME: grid = array<i64: 2, 2, 2>
tile.func @key_value_grad(%q: tensor<2x100x64xf32>, %k: tensor<2x100x32xf32>, %v: tensor<2x100x32xf32>, %d: tensor<2x100x64xf32>, %lse: tensor<2x4x100xf32>, %delta: tensor<2x4x100xf32>) -> (tensor<2x100x32xf32>, tensor<2x100x32xf32>) attributes {kind = "attention_key_value_grad"} {
  %0, %1 = model.attention_key_value_grad %q, %k, %v, %d, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x100x64xf32>, tensor<2x100x32xf32>, tensor<2x100x32xf32>, tensor<2x100x64xf32>, tensor<2x4x100xf32>, tensor<2x4x100xf32>) -> (tensor<2x100x32xf32>, tensor<2x100x32xf32>)
  tile.return %0, %1 : tensor<2x100x32xf32>, tensor<2x100x32xf32>
}

// CHECK-LABEL: tile.func @embedding_grad
// CHECK-SAME: grid = array<i64: 16, 1, 1>
tile.func @embedding_grad(%t: tensor<2x8xi32>, %d: tensor<2x8x64xf32>, %s: tensor<100x64xf32>) attributes {kind = "embedding_grad"} {
  %0 = model.embedding_grad %t, %d : (tensor<2x8xi32>, tensor<2x8x64xf32>) -> tensor<100x64xf32>
  train.accumulate %0 into %s : tensor<100x64xf32>, tensor<100x64xf32>
  tile.return
}

// A block for each partial sum.
// CHECK-LABEL: tile.func @sum_of_squares
// CHECK-SAME: grid = array<i64: 4, 1, 1>
// CHECK-SAME: schedule = {block = 250 : i64}
tile.func @sum_of_squares(%g: tensor<1000xf32>, %s: tensor<4xf32>) attributes {kind = "flat"} {
  train.sum_of_squares %g into %s : tensor<1000xf32>, tensor<4xf32>
  tile.return
}

// CHECK-LABEL: tile.func @mean
// CHECK-SAME: grid = array<i64: 1, 1, 1>
// CHECK-SAME: schedule = {block = 1024 : i64}
tile.func @mean(%x: tensor<4x512xf32>) -> tensor<f32> attributes {kind = "reduce"} {
  %0 = model.mean %x : (tensor<4x512xf32>) -> tensor<f32>
  tile.return %0 : tensor<f32>
}

// Accumulated are the 8 positions that there are, returned are all 10.
// CHECK-LABEL: tile.func @positions
// CHECK-SAME: grid = array<i64: 2, 1, 1>
// CHECK-LABEL: tile.func @position_table
// CHECK-SAME: grid = array<i64: 3, 1, 1>
tile.func @positions(%d: tensor<2x8x64xf32>, %s: tensor<10x64xf32>) attributes {kind = "column_sum"} {
  %0 = model.position_embedding_grad %d : (tensor<2x8x64xf32>) -> tensor<10x64xf32>
  train.accumulate %0 into %s : tensor<10x64xf32>, tensor<10x64xf32>
  tile.return
}
tile.func @position_table(%d: tensor<2x8x64xf32>) -> tensor<10x64xf32> attributes {kind = "column_sum"} {
  %0 = model.position_embedding_grad %d : (tensor<2x8x64xf32>) -> tensor<10x64xf32>
  tile.return %0 : tensor<10x64xf32>
}

// CHECK-LABEL: tile.func @given
// CHECK-SAME: grid = array<i64: 4, 1, 1>
// CHECK-SAME: schedule = {block = 16 : i64}
tile.func @given(%x: tensor<8x64xf32>) -> tensor<64xf32> attributes {kind = "column_sum", schedule = {block = 16 : i64}} {
  %0 = model.sum_rows %x : (tensor<8x64xf32>) -> tensor<64xf32>
  tile.return %0 : tensor<64xf32>
}
