// What a kernel's arguments and variables are called in a target's source.
// RUN: llmc-opt %s -llmc-tile-kernels | FileCheck %s

// Inputs as the first op calls them, what passes by is a residual, then results.
// CHECK-LABEL: tile.func @layer
// CHECK-SAME: tile.argument_names = ["input", "weight", "bias", "residual", "sum"]
// CHECK: arith.muli {{.*}} {tile.name = "first_column"}
// CHECK: arith.muli {{.*}} {tile.name = "first_row"}
// CHECK: } {tile.name = "k"}
tile.func @layer(%x: tensor<64x32xf32>, %w: tensor<32x64xf32>, %b: tensor<64xf32>, %r: tensor<64x64xf32>) -> tensor<64x64xf32>
    attributes {kind = "gemm", grid = array<i64: 2, 2, 1>, schedule = {block_m = 32 : i64, block_n = 32 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %w, %b {transposed} : (tensor<64x32xf32>, tensor<32x64xf32>, tensor<64xf32>) -> tensor<64x64xf32>
  %1 = model.add %r, %0 : tensor<64x64xf32>
  tile.return %1 : tensor<64x64xf32>
}

// What is split into query, key and value holds all three; storage is called
// after what is added to it.
// CHECK-LABEL: tile.func @split
// CHECK-SAME: tile.argument_names = ["qkv", "output", "lse"]
// CHECK: } {tile.name = "key", tile.result_names = ["row_max", "row_sum", "acc"]}
tile.func @split(%qkv: tensor<1x8x48xf32>) -> (tensor<1x8x16xf32>, tensor<1x1x8xf32>)
    attributes {kind = "attention", grid = array<i64: 1, 1, 1>, schedule = {block_q = 8 : i64, block_k = 8 : i64}} {
  %q, %k, %v = model.split %qkv : (tensor<1x8x48xf32>) -> (tensor<1x8x16xf32>, tensor<1x8x16xf32>, tensor<1x8x16xf32>)
  %o, %l = model.attention %q, %k, %v {heads = 1 : i64, kv_heads = 1 : i64} : (tensor<1x8x16xf32>, tensor<1x8x16xf32>, tensor<1x8x16xf32>) -> (tensor<1x8x16xf32>, tensor<1x1x8xf32>)
  tile.return %o, %l : tensor<1x8x16xf32>, tensor<1x1x8xf32>
}

// CHECK-LABEL: tile.func @accumulate
// CHECK-SAME: tile.argument_names = ["input", "grad", "weight_grad"]
tile.func @accumulate(%x: tensor<64x32xf32>, %dy: tensor<64x16xf32>, %sum: tensor<16x32xf32>)
    attributes {kind = "gemm", grid = array<i64: 1, 1, 1>, schedule = {block_m = 16 : i64, block_n = 32 : i64, block_k = 16 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<64x32xf32>, tensor<64x16xf32>) -> tensor<16x32xf32>
  train.accumulate %0 into %sum : tensor<16x32xf32>, tensor<16x32xf32>
  tile.return
}
