// A kernel of two products: two accumulators in registers, two right operands
// in shared memory, one left one.
// RUN: llmc-opt %s -llmc-schedule-kernels="target=cuda" | FileCheck %s
// RUN: llmc-opt %s -llmc-schedule-kernels="target=cuda" --remarks-filter=schedule --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: llmc-opt %s -llmc-schedule-kernels="target=cpu cores=2 l2=131072" | FileCheck %s --check-prefix=CPU

// The registers and the shared memory of one product of 128 x 128: (128 + 2 *
// 64) * 32 * 2 bytes in each of 3 stages. 2 * 2 * 4096 * 4096 * 11008 flops;
// of bytes, those of one input, two weights and one result.
// CHECK-LABEL: tile.func @swiglu
// CHECK-SAME: bytes = 304087040 : i64
// CHECK-SAME: flops = 738734374912 : i64
// CHECK-SAME: grid = array<i64: 172, 32, 1>
// CHECK-SAME: schedule = {block_k = 32 : i64, block_m = 128 : i64, block_n = 64 : i64, min_blocks = 2 : i64, raster = {{[0-9]+}} : i64, stages = 3 : i64, threads = 128 : i64
// REMARK: swiglu: {{.*}} 2 blocks per SM, fill 0.98, 224 registers, 49152 bytes of shared memory
tile.func @swiglu(%x: tensor<1x4096x4096xbf16>, %a: tensor<11008x4096xbf16>, %b: tensor<11008x4096xbf16>) -> tensor<1x4096x11008xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %a : (tensor<1x4096x4096xbf16>, tensor<11008x4096xbf16>) -> tensor<1x4096x11008xbf16>
  %1 = model.linear %x, %b : (tensor<1x4096x4096xbf16>, tensor<11008x4096xbf16>) -> tensor<1x4096x11008xbf16>
  %2 = model.silu %0 : tensor<1x4096x11008xbf16>
  %3 = model.mul %2, %1 : tensor<1x4096x11008xbf16>
  tile.return %3 : tensor<1x4096x11008xbf16>
}

// Half of the second cache, 16384 floats, is for both accumulators: 160 x 48 of
// each.
// CPU-LABEL: tile.func @two
// CPU-SAME: schedule = {block_k = 128 : i64, block_m = 160 : i64, block_n = 48 : i64}
tile.func @two(%x: tensor<1x4096x1024xf32>, %a: tensor<4096x1024xf32>, %b: tensor<4096x1024xf32>) -> tensor<1x4096x4096xf32> attributes {kind = "gemm"} {
  %0 = model.linear %x, %a : (tensor<1x4096x1024xf32>, tensor<4096x1024xf32>) -> tensor<1x4096x4096xf32>
  %1 = model.linear %x, %b : (tensor<1x4096x1024xf32>, tensor<4096x1024xf32>) -> tensor<1x4096x4096xf32>
  %2 = model.mul %0, %1 : tensor<1x4096x4096xf32>
  tile.return %2 : tensor<1x4096x4096xf32>
}
