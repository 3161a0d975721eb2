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

// -----

// A block of queries of one head: its sums lie in the row of the block and in the
// columns of the head, in rows that are further apart than they are wide.
// CHECK-LABEL: tile.func @query(
// CHECK-SAME: %[[S:[a-z0-9]+]]: memref<8x32xf32, strided<[96, 1]>>)
// CHECK-DAG: %[[X:.*]] = tile.program_id 0
// CHECK-DAG: %[[HEAD:.*]] = tile.program_id 1
// CHECK-DAG: %[[SEQUENCE:.*]] = tile.program_id 2
// CHECK: %[[GRAD:.*]] = arith.mulf %{{.*}}, %{{.*}} : tensor<16x16xf32>
// CHECK: %[[FIRST:.*]] = arith.muli %[[SEQUENCE]], %c4
// CHECK: %[[RANGE:.*]] = arith.addi %[[FIRST]], %{{.*}}
// CHECK: %[[COLUMN:.*]] = arith.muli %[[HEAD]], %c16
// CHECK: %[[SUM:.*]] = tile.reduce add %{{.*}} axis 0 : tensor<16x16xf32> -> tensor<16xf32>
// CHECK: %[[AT:.*]] = arith.muli %[[RANGE]], %c96
// CHECK: %[[VIEW:.*]] = memref.reinterpret_cast %[[S]] to offset: [%[[AT]]], sizes: [32], strides: [1]
// CHECK: tile.store %[[SUM]], %[[VIEW]][%[[COLUMN]]]
tile.func @query(%q: tensor<2x64x32xf32>, %k: tensor<2x64x32xf32>, %v: tensor<2x64x32xf32>, %dy: tensor<2x64x32xf32>, %l: tensor<2x2x64xf32>, %d: tensor<2x2x64xf32>) -> (tensor<2x64x32xf32>, tensor<8x32xf32> {tile.row_pitch = 96 : i64})
    attributes {kind = "attention_query_grad", grid = array<i64: 4, 2, 2>, schedule = {block_q = 16 : i64, block_k = 16 : i64}} {
  %0 = model.attention_query_grad %q, %k, %v, %dy, %l, %d {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x64x32xf32>, tensor<2x64x32xf32>, tensor<2x64x32xf32>, tensor<2x64x32xf32>, tensor<2x2x64xf32>, tensor<2x2x64xf32>) -> tensor<2x64x32xf32>
  %1 = model.sum_rows %0 {splits = 8 : i64} : (tensor<2x64x32xf32>) -> tensor<8x32xf32>
  tile.return %0, %1 : tensor<2x64x32xf32>, tensor<8x32xf32>
}
