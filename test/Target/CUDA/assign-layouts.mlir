// The layout of each tile: fixed by products, carried on by reductions and
// broadcasts, blocked otherwise.
// RUN: llmc-opt %s --split-input-file --llmc-cuda-plan-pipeline --llmc-cuda-assign-layouts | FileCheck %s

// Tensor cores: the accumulator's layout is mma's; what follows the loop is in
// rows of eight columns a thread, two lane bits exchanged for two register bits.
// CHECK-DAG: #[[MMA:.*]] = #cuda.layout<registers = {{\[\[}}0, 1], [8, 0], [0, 8], [0, 16]], lanes = {{\[\[}}0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warps = {{\[\[}}16, 0]], repeat = [1, 1]>
// CHECK-DAG: #[[WIDE:.*]] = #cuda.layout<registers = {{\[\[}}0, 1], [0, 2], [0, 4], [8, 0]], lanes = {{\[\[}}0, 8], [0, 16], [1, 0], [2, 0], [4, 0]], warps = {{\[\[}}16, 0]], repeat = [1, 1]>
// CHECK-DAG: #[[BIAS:.*]] = #cuda.layout<registers = {{\[\[}}1], [2], [4]], lanes = {{\[\[}}8], [16], [0], [0], [0]], warps = {{\[\[}}0]], repeat = [1]>
// CHECK-LABEL: tile.func @gemm
// CHECK: tile.load {{.*}} -> tensor<32x16xbf16>
// CHECK: tile.dot {{.*}} tensor<32x32xf32, #[[MMA]]>
// CHECK: cuda.convert_layout {{.*}} : tensor<32x32xf32, #[[MMA]]> -> tensor<32x32xf32, #[[WIDE]]>
// CHECK: tile.load {{.*}} -> tensor<32xbf16, #[[BIAS]]>
// CHECK: tile.broadcast {{.*}} -> tensor<32x32xbf16, #[[WIDE]]>
tile.func @gemm(%x: memref<64x64xbf16>, %w: memref<64x32xbf16>, %bias: memref<32xbf16>, %y: memref<64x32xbf16>)
    attributes {schedule = {stages = 3, threads = 64, warps_m = 2, warps_n = 1}} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<32x32xf32>
  %acc = scf.for %k = %c0 to %c64 step %c16 iter_args(%a = %zero) -> (tensor<32x32xf32>) {
    %tx = tile.load %x[%c0, %k] : memref<64x64xbf16> -> tensor<32x16xbf16>
    %tw = tile.load %w[%k, %c0] : memref<64x32xbf16> -> tensor<16x32xbf16>
    %d = tile.dot %tx, %tw, %a : tensor<32x16xbf16>, tensor<16x32xbf16>, tensor<32x32xf32>
    scf.yield %d : tensor<32x32xf32>
  }
  %b = tile.load %bias[%c0] : memref<32xbf16> -> tensor<32xbf16>
  %bb = tile.broadcast %b axis 0 : tensor<32xbf16> -> tensor<32x32xbf16>
  %r = arith.truncf %acc : tensor<32x32xf32> to tensor<32x32xbf16>
  %s = arith.addf %r, %bb : tensor<32x32xbf16>
  tile.store %s, %y[%c0, %c0] : tensor<32x32xbf16>, memref<64x32xbf16>
  tile.return
}

// -----

// No product: four columns of f32 a thread, a row a warp; the row's sum is in
// all its lanes.
// CHECK-DAG: #[[ROWS:.*]] = #cuda.layout<registers = {{\[\[}}0, 1], [0, 2]], lanes = {{\[\[}}0, 4], [0, 8], [0, 16], [0, 32], [0, 64]], warps = {{\[\[}}1, 0]], repeat = [1, 3]>
// CHECK-DAG: #[[SUM:.*]] = #cuda.layout<registers = [], lanes = {{\[\[}}0], [0], [0], [0], [0]], warps = {{\[\[}}1]], repeat = [1]>
// CHECK-LABEL: tile.func @rows
// CHECK: tile.load {{.*}} -> tensor<2x384xf32, #[[ROWS]]>
// CHECK: tile.reduce add {{.*}} : tensor<2x384xf32, #[[ROWS]]> -> tensor<2xf32, #[[SUM]]>
// CHECK: tile.broadcast {{.*}} : tensor<2xf32, #[[SUM]]> -> tensor<2x384xf32, #[[ROWS]]>
// CHECK-NOT: convert_layout
tile.func @rows(%x: memref<64x384xf32>) attributes {schedule = {threads = 64}} {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%c0, %c0] : memref<64x384xf32> -> tensor<2x384xf32>
  %s = tile.reduce add %t axis 1 : tensor<2x384xf32> -> tensor<2xf32>
  %b = tile.broadcast %s axis 1 : tensor<2xf32> -> tensor<2x384xf32>
  %d = arith.subf %t, %b : tensor<2x384xf32>
  tile.store %d, %x[%c0, %c0] : tensor<2x384xf32>, memref<64x384xf32>
  tile.return
}

// -----

// f32 products: a tile of registers, wide enough already.
// CHECK-DAG: #[[SIMT:.*]] = #cuda.layout<registers = {{\[\[}}0, 1], [0, 2], [4, 0], [8, 0], [16, 0]], lanes = {{\[\[}}0, 4], [0, 8], [0, 16], [1, 0], [2, 0]], warps = [], repeat = [1, 1]>
// CHECK-LABEL: tile.func @f32
// CHECK: tile.dot {{.*}} tensor<32x32xf32, #[[SIMT]]>
// CHECK-NOT: convert_layout
// CHECK: tile.store {{.*}} tensor<32x32xf32, #[[SIMT]]>
tile.func @f32(%x: memref<64x64xf32>, %w: memref<64x32xf32>, %y: memref<64x32xf32>)
    attributes {schedule = {stages = 2, threads = 32}} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<32x32xf32>
  %acc = scf.for %k = %c0 to %c64 step %c16 iter_args(%a = %zero) -> (tensor<32x32xf32>) {
    %tx = tile.load %x[%c0, %k] : memref<64x64xf32> -> tensor<32x16xf32>
    %tw = tile.load %w[%k, %c0] : memref<64x32xf32> -> tensor<16x32xf32>
    %d = tile.dot %tx, %tw, %a : tensor<32x16xf32>, tensor<16x32xf32>, tensor<32x32xf32>
    scf.yield %d : tensor<32x32xf32>
  }
  tile.store %acc, %y[%c0, %c0] : tensor<32x32xf32>, memref<64x32xf32>
  tile.return
}

// -----

// The same with products rounded to TF32, where the module asks for it.
// CHECK-DAG: #[[TF32:.*]] = #cuda.layout<registers = {{\[\[}}0, 1], [8, 0], [0, 8], [0, 16], [16, 0]], lanes = {{\[\[}}0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warps = [], repeat = [1, 1]>
// CHECK-LABEL: tile.func @tf32
// CHECK: tile.dot {{.*}} tensor<32x32xf32, #[[TF32]]>
module attributes {llmc.precision = "tf32"} {
  tile.func @tf32(%x: memref<64x64xf32>, %w: memref<64x32xf32>, %y: memref<64x32xf32>)
      attributes {schedule = {stages = 2, threads = 32}} {
    %c0 = arith.constant 0 : index
    %c16 = arith.constant 16 : index
    %c64 = arith.constant 64 : index
    %zero = arith.constant dense<0.0> : tensor<32x32xf32>
    %acc = scf.for %k = %c0 to %c64 step %c16 iter_args(%a = %zero) -> (tensor<32x32xf32>) {
      %tx = tile.load %x[%c0, %k] : memref<64x64xf32> -> tensor<32x16xf32>
      %tw = tile.load %w[%k, %c0] : memref<64x32xf32> -> tensor<16x32xf32>
      %d = tile.dot %tx, %tw, %a : tensor<32x16xf32>, tensor<16x32xf32>, tensor<32x32xf32>
      scf.yield %d : tensor<32x32xf32>
    }
    tile.store %acc, %y[%c0, %c0] : tensor<32x32xf32>, memref<64x32xf32>
    tile.return
  }
}
