// Products that leave the sums of their results' columns, one for each block of
// rows.
// RUN: llmc-opt %s -llmc-tile-kernels -split-input-file -verify-diagnostics | FileCheck %s

// CHECK-LABEL: tile.func @bias(
// CHECK-SAME: %[[Y:[a-z0-9]+]]: memref<2x32x40xf32>, %[[S:[a-z0-9]+]]: memref<4x40xf32>)
// CHECK-DAG: %[[M:.*]] = tile.program_id 1
// CHECK-DAG: %[[N:.*]] = tile.program_id 0
// CHECK: %[[SUM:.*]] = scf.for
// CHECK: %[[OUT:.*]] = arith.addf %[[SUM]]
// CHECK: %[[COLUMNS:.*]] = tile.reduce add %[[OUT]] axis 0 : tensor<16x16xf32> -> tensor<16xf32>
// CHECK: %[[AT:.*]] = arith.muli %[[M]], %c40
// CHECK: %[[VIEW:.*]] = memref.reinterpret_cast %[[S]] to offset: [%[[AT]]], sizes: [40], strides: [1]
// CHECK: tile.store %[[COLUMNS]], %[[VIEW]][%{{.*}}] : tensor<16xf32>
// CHECK: tile.store %[[OUT]]
tile.func @bias(%x: tensor<2x32x48xf32>, %w: tensor<40x48xf32>, %b: tensor<40xf32>) -> (tensor<2x32x40xf32>, tensor<4x40xf32>)
    attributes {kind = "gemm", grid = array<i64: 3, 4, 1>, schedule = {block_m = 16 : i64, block_n = 16 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %w, %b : (tensor<2x32x48xf32>, tensor<40x48xf32>, tensor<40xf32>) -> tensor<2x32x40xf32>
  %1 = model.sum_rows %0 {splits = 4 : i64} : (tensor<2x32x40xf32>) -> tensor<4x40xf32>
  tile.return %0, %1 : tensor<2x32x40xf32>, tensor<4x40xf32>
}

// -----

tile.func @ranges(%x: tensor<2x32x48xf32>, %w: tensor<40x48xf32>) -> (tensor<2x32x40xf32>, tensor<8x40xf32>)
    attributes {kind = "gemm", grid = array<i64: 3, 4, 1>, schedule = {block_m = 16 : i64, block_n = 16 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %w : (tensor<2x32x48xf32>, tensor<40x48xf32>) -> tensor<2x32x40xf32>
  // expected-error @+1 {{expected to be a result of the kernel, and a sum for each of 4 full blocks of 16 rows}}
  %1 = model.sum_rows %0 {splits = 8 : i64} : (tensor<2x32x40xf32>) -> tensor<8x40xf32>
  tile.return %0, %1 : tensor<2x32x40xf32>, tensor<8x40xf32>
}

// -----

tile.func @ragged(%x: tensor<2x30x48xf32>, %w: tensor<40x48xf32>) -> (tensor<2x30x40xf32>, tensor<4x40xf32>)
    attributes {kind = "gemm", grid = array<i64: 3, 4, 1>, schedule = {block_m = 16 : i64, block_n = 16 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %w : (tensor<2x30x48xf32>, tensor<40x48xf32>) -> tensor<2x30x40xf32>
  // expected-error @+1 {{a sum for each of 4 full blocks of 16 rows}}
  %1 = model.sum_rows %0 {splits = 4 : i64} : (tensor<2x30x40xf32>) -> tensor<4x40xf32>
  tile.return %0, %1 : tensor<2x30x40xf32>, tensor<4x40xf32>
}
