// Blocks share the depth of products that leave most of the GPU idle, if that is
// expected to pay. A given schedule says it with the block sizes, or alone; 1
// forbids what the model would do, and so do sizes alone.
// RUN: llmc-opt %s -llmc-schedule-kernels="target=cuda" | FileCheck %s

// CHECK: tile.func @deep(
// CHECK-SAME: grid = array<i64: {{[0-9]+}}, {{[0-9]+}}, [[S:[0-9]+]]>
// CHECK-SAME: split_k = [[S]] : i64
tile.func @deep(%x: tensor<4x4096x256xbf16>, %dy: tensor<4x4096x256xbf16>, %g: tensor<256x256xf32>) attributes {kind = "gemm"} {
  %0 = model.linear_weight_grad %x, %dy {transposed} : (tensor<4x4096x256xbf16>, tensor<4x4096x256xbf16>) -> tensor<256x256xbf16>
  train.accumulate %0 into %g : tensor<256x256xbf16>, tensor<256x256xf32>
  tile.return
}

// Blocks enough.
// CHECK: tile.func @wide(
// CHECK-SAME: grid = array<i64: {{[0-9]+}}, {{[0-9]+}}, 1>
// CHECK-NOT: split_k
// CHECK: {
tile.func @wide(%x: tensor<4x4096x4096xbf16>, %dy: tensor<4x4096x8192xbf16>, %g: tensor<8192x4096xf32>) attributes {kind = "gemm"} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<4x4096x4096xbf16>, tensor<4x4096x8192xbf16>) -> tensor<8192x4096xbf16>
  train.accumulate %0 into %g : tensor<8192x4096xbf16>, tensor<8192x4096xf32>
  tile.return
}

// What is read elsewhere is no sum that may grow in turns.
// CHECK: tile.func @returned(
// CHECK-NOT: split_k
// CHECK: {
tile.func @returned(%x: tensor<4x4096x256xbf16>, %dy: tensor<4x4096x256xbf16>) -> tensor<256x256xbf16> attributes {kind = "gemm"} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<4x4096x256xbf16>, tensor<4x4096x256xbf16>) -> tensor<256x256xbf16>
  tile.return %0 : tensor<256x256xbf16>
}

// 256 steps do not divide by 5.
// CHECK: tile.func @sizes(
// CHECK-SAME: grid = array<i64: 8, 4, 5>
// CHECK-SAME: block_k = 64 : i64, block_m = 64 : i64, block_n = 32 : i64
// CHECK-SAME: split_k = 5 : i64
// CHECK-SAME: schedule_given
tile.func @sizes(%x: tensor<4x4096x256xbf16>, %dy: tensor<4x4096x256xbf16>, %g: tensor<256x256xf32>) attributes {kind = "gemm", schedule = {split_k = 5 : i64, block_m = 64 : i64, block_n = 32 : i64, block_k = 64 : i64, warps_m = 2 : i64, warps_n = 1 : i64, stages = 2 : i64, raster = 1 : i64, threads = 64 : i64, min_blocks = 1 : i64}} {
  %0 = model.linear_weight_grad %x, %dy {transposed} : (tensor<4x4096x256xbf16>, tensor<4x4096x256xbf16>) -> tensor<256x256xbf16>
  train.accumulate %0 into %g : tensor<256x256xbf16>, tensor<256x256xf32>
  tile.return
}

// CHECK: tile.func @alone(
// CHECK-SAME: split_k = 2 : i64
// CHECK-NOT: schedule_given
// CHECK: {
tile.func @alone(%x: tensor<4x4096x256xbf16>, %dy: tensor<4x4096x256xbf16>, %g: tensor<256x256xf32>) attributes {kind = "gemm", schedule = {split_k = 2 : i64}} {
  %0 = model.linear_weight_grad %x, %dy {transposed} : (tensor<4x4096x256xbf16>, tensor<4x4096x256xbf16>) -> tensor<256x256xbf16>
  train.accumulate %0 into %g : tensor<256x256xbf16>, tensor<256x256xf32>
  tile.return
}

// CHECK: tile.func @forbidden(
// CHECK-NOT: split_k
// CHECK-NOT: schedule_given
// CHECK: {
tile.func @forbidden(%x: tensor<4x4096x256xbf16>, %dy: tensor<4x4096x256xbf16>, %g: tensor<256x256xf32>) attributes {kind = "gemm", schedule = {split_k = 1 : i64}} {
  %0 = model.linear_weight_grad %x, %dy {transposed} : (tensor<4x4096x256xbf16>, tensor<4x4096x256xbf16>) -> tensor<256x256xbf16>
  train.accumulate %0 into %g : tensor<256x256xbf16>, tensor<256x256xf32>
  tile.return
}

// CHECK: tile.func @whole(
// CHECK-NOT: split_k
// CHECK: schedule_given
tile.func @whole(%x: tensor<4x4096x256xbf16>, %dy: tensor<4x4096x256xbf16>, %g: tensor<256x256xf32>) attributes {kind = "gemm", schedule = {block_m = 64 : i64, block_n = 32 : i64, block_k = 32 : i64, warps_m = 2 : i64, warps_n = 1 : i64, stages = 2 : i64, raster = 1 : i64, threads = 64 : i64, min_blocks = 1 : i64}} {
  %0 = model.linear_weight_grad %x, %dy {transposed} : (tensor<4x4096x256xbf16>, tensor<4x4096x256xbf16>) -> tensor<256x256xbf16>
  train.accumulate %0 into %g : tensor<256x256xbf16>, tensor<256x256xf32>
  tile.return
}
