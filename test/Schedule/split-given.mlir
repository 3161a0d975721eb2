// A given schedule may say into how many parts a product is cut: with the sizes
// of a part, or alone. 1 forbids what the model would do, and so do sizes alone.
// RUN: llmc-opt %s -llmc-schedule-kernels="target=cuda" -llmc-split-reduction | FileCheck %s

// CHECK-NOT: split_into
// CHECK-NOT: @sizes(
// CHECK: tile.func @sizes_partial({{.*}}) -> tensor<4x256x256xf32>
// CHECK-SAME: schedule = {block_k = 32 : i64, block_m = 64 : i64, block_n = 32 : i64
// CHECK-SAME: splits = 4 : i64
// CHECK-SAME: schedule_given
tile.func @sizes(%x: tensor<4x4096x256xbf16>, %dy: tensor<4x4096x256xbf16>, %g: tensor<256x256xf32>) attributes {kind = "gemm", schedule = {splits = 4 : i64, block_m = 64 : i64, block_n = 32 : i64, block_k = 32 : i64, warps_m = 2 : i64, warps_n = 1 : i64, stages = 2 : i64, raster = 1 : i64, threads = 64 : i64, min_blocks = 1 : i64}} {
  %0 = model.linear_weight_grad %x, %dy {transposed} : (tensor<4x4096x256xbf16>, tensor<4x4096x256xbf16>) -> tensor<256x256xbf16>
  train.accumulate %0 into %g : tensor<256x256xbf16>, tensor<256x256xf32>
  tile.return
}

// CHECK-NOT: @alone(
// CHECK: tile.func @alone_partial({{.*}}) -> tensor<2x256x256xf32>
// CHECK-SAME: splits = 2 : i64
// CHECK-NOT: schedule_given
// CHECK: {
tile.func @alone(%x: tensor<4x4096x256xbf16>, %dy: tensor<4x4096x256xbf16>, %g: tensor<256x256xf32>) attributes {kind = "gemm", schedule = {splits = 2 : i64}} {
  %0 = model.linear_weight_grad %x, %dy {transposed} : (tensor<4x4096x256xbf16>, tensor<4x4096x256xbf16>) -> tensor<256x256xbf16>
  train.accumulate %0 into %g : tensor<256x256xbf16>, tensor<256x256xf32>
  tile.return
}

// CHECK: tile.func @forbidden(
// CHECK-NOT: schedule_given
// CHECK: {
tile.func @forbidden(%x: tensor<4x4096x256xbf16>, %dy: tensor<4x4096x256xbf16>, %g: tensor<256x256xf32>) attributes {kind = "gemm", schedule = {splits = 1 : i64}} {
  %0 = model.linear_weight_grad %x, %dy {transposed} : (tensor<4x4096x256xbf16>, tensor<4x4096x256xbf16>) -> tensor<256x256xbf16>
  train.accumulate %0 into %g : tensor<256x256xbf16>, tensor<256x256xf32>
  tile.return
}

// CHECK: tile.func @whole(
// CHECK-SAME: schedule_given
tile.func @whole(%x: tensor<4x4096x256xbf16>, %dy: tensor<4x4096x256xbf16>, %g: tensor<256x256xf32>) attributes {kind = "gemm", schedule = {block_m = 64 : i64, block_n = 32 : i64, block_k = 32 : i64, warps_m = 2 : i64, warps_n = 1 : i64, stages = 2 : i64, raster = 1 : i64, threads = 64 : i64, min_blocks = 1 : i64}} {
  %0 = model.linear_weight_grad %x, %dy {transposed} : (tensor<4x4096x256xbf16>, tensor<4x4096x256xbf16>) -> tensor<256x256xbf16>
  train.accumulate %0 into %g : tensor<256x256xbf16>, tensor<256x256xf32>
  tile.return
}
