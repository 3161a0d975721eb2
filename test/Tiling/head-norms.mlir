// Norms of heads: a block holds one head of some rows, in a grid of heads by rows;
// with a sum, a block walks over the heads of its rows.
// RUN: llmc-opt %s -llmc-tile-kernels -split-input-file -verify-diagnostics | FileCheck %s

// 4 heads of 8 columns, blocks of 2 rows: number i is head i mod 4.
// CHECK-LABEL: tile.func @forward(
// CHECK-SAME: %[[X:.*]]: memref<2x6x32xf32>, %[[W:.*]]: memref<8xf32>, %[[C:.*]]: memref<6x8xf32>, %[[S:.*]]: memref<6x8xf32>, %[[Y:.*]]: memref<2x6x32xf32>)
// CHECK: %[[ID:.*]] = tile.program_id 0
// CHECK-DAG: %[[HEAD:.*]] = arith.remui %[[ID]], %c4
// CHECK-DAG: %[[BLOCK:.*]] = arith.divui %[[ID]], %c4
// CHECK-DAG: %[[ROW:.*]] = arith.muli %[[BLOCK]], %c2
// CHECK-DAG: %[[COLUMN:.*]] = arith.muli %[[HEAD]], %c8
// CHECK: %[[T:.*]] = tile.load %{{.*}}[%[[ROW]], %[[COLUMN]]] {{.*}} -> tensor<2x8xf32>
// CHECK: %[[SQUARES:.*]] = arith.mulf %[[T]], %[[T]]
// CHECK: tile.reduce add %[[SQUARES]] axis 1 {{.*}} : tensor<2x8xf32> -> tensor<2xf32>
// CHECK: %[[V:.*]] = memref.reinterpret_cast %[[W]] to offset: [0], sizes: [8], strides: [1]
// CHECK: tile.load %[[V]][%c0{{.*}}] {{.*}} -> tensor<8xf32>
// CHECK: tile.swap_halves %{{.*}} {group = 8 : i64{{.*}}} : tensor<2x8xf32>
// CHECK: tile.store %{{.*}}, %{{.*}}[%[[ROW]], %[[COLUMN]]] : tensor<2x8xf32>
tile.func @forward(%x: tensor<2x6x32xf32>, %w: tensor<8xf32>, %c: tensor<6x8xf32>, %s: tensor<6x8xf32>) -> tensor<2x6x32xf32>
    attributes {kind = "rows", grid = array<i64: 24, 1, 1>, schedule = {block_rows = 2 : i64}} {
  %0 = model.rms_norm %x, %w {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x6x32xf32>, tensor<8xf32>) -> tensor<2x6x32xf32>
  %1 = model.rotate %0, %c, %s {head_size = 8 : i64} : (tensor<2x6x32xf32>, tensor<6x8xf32>, tensor<6x8xf32>) -> tensor<2x6x32xf32>
  tile.return %1 : tensor<2x6x32xf32>
}

// -----

// Two ranges of 6 rows in blocks of 3: 2 blocks of rows by 4 heads are 8 steps.
// CHECK-LABEL: tile.func @backward(
// CHECK-SAME: %[[DX:[a-z0-9]+]]: memref<2x6x32xf32>, %[[P:[a-z0-9]+]]: memref<2x8xf32>)
// CHECK: %[[ID:.*]] = tile.program_id 0
// CHECK: %[[BEGIN:.*]] = arith.muli %[[ID]], %c6
// CHECK: %[[SUM:.*]] = scf.for %[[I:[a-z0-9]+]] = %c0{{.*}} to %c8{{.*}} step %c1{{.*}} iter_args(%[[OLD:.*]] = %{{.*}}) -> (tensor<8xf32>)
// CHECK-DAG: %[[HEAD:.*]] = arith.remui %[[I]], %c4
// CHECK-DAG: %[[COLUMN:.*]] = arith.muli %[[HEAD]], %c8
// CHECK-DAG: %[[BLOCK:.*]] = arith.divui %[[I]], %c4
// CHECK-DAG: %[[OFFSET:.*]] = arith.muli %[[BLOCK]], %c3
// CHECK-DAG: %[[ROW:.*]] = arith.addi %[[BEGIN]], %[[OFFSET]]
// CHECK: tile.load %{{.*}}[%[[ROW]], %[[COLUMN]]] {{.*}} -> tensor<3x8xf32>
// CHECK: %[[PART:.*]] = tile.reduce add %{{.*}} axis 0 : tensor<3x8xf32> -> tensor<8xf32>
// CHECK: %[[NEW:.*]] = arith.addf %[[OLD]], %[[PART]]
// CHECK: tile.store %{{.*}}, %{{.*}}[%[[ROW]], %[[COLUMN]]] : tensor<3x8xf32>
// CHECK: scf.yield %[[NEW]]
// CHECK: tile.store %[[SUM]]
tile.func @backward(%x: tensor<2x6x32xf32>, %w: tensor<8xf32>, %dy: tensor<2x6x32xf32>) -> (tensor<2x6x32xf32>, tensor<2x8xf32>)
    attributes {kind = "rows", grid = array<i64: 2, 1, 1>, schedule = {block_rows = 3 : i64, splits = 2 : i64}} {
  %0 = model.rms_norm_grad %x, %w, %dy {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x6x32xf32>, tensor<8xf32>, tensor<2x6x32xf32>) -> tensor<2x6x32xf32>
  %1 = model.rms_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32, head_size = 8 : i64, splits = 2 : i64} : (tensor<2x6x32xf32>, tensor<2x6x32xf32>) -> tensor<2x8xf32>
  tile.return %0, %1 : tensor<2x6x32xf32>, tensor<2x8xf32>
}

// -----

tile.func @two_sizes(%x: tensor<1x4x16xf32>, %w: tensor<8xf32>, %v: tensor<4xf32>) -> tensor<1x4x16xf32>
    attributes {kind = "rows", grid = array<i64: 2, 1, 1>, schedule = {block_rows = 4 : i64}} {
  %0 = model.rms_norm %x, %w {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<1x4x16xf32>, tensor<8xf32>) -> tensor<1x4x16xf32>
  // expected-error@+1 {{'model.rms_norm' op norms 4 heads of 4 columns, its kernel works on 2 of 8}}
  %1 = model.rms_norm %0, %v {eps = 1.0e-5 : f32, head_size = 4 : i64} : (tensor<1x4x16xf32>, tensor<4xf32>) -> tensor<1x4x16xf32>
  tile.return %1 : tensor<1x4x16xf32>
}

// -----

tile.func @whole_row(%x: tensor<1x4x16xf32>, %w: tensor<8xf32>, %g: tensor<16xf32>) -> tensor<1x4x16xf32>
    attributes {kind = "rows", grid = array<i64: 2, 1, 1>, schedule = {block_rows = 4 : i64}} {
  %0 = model.rms_norm %x, %w {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<1x4x16xf32>, tensor<8xf32>) -> tensor<1x4x16xf32>
  // expected-error@+1 {{'model.rms_norm' op needs whole rows, a kernel of kind 'rows' holds blocks of 8 columns}}
  %1 = model.rms_norm %0, %g {eps = 1.0e-5 : f32} : (tensor<1x4x16xf32>, tensor<16xf32>) -> tensor<1x4x16xf32>
  tile.return %1 : tensor<1x4x16xf32>
}

// -----

tile.func @half_head(%x: tensor<1x4x16xf32>, %p: tensor<16x16xf32>, %w: tensor<8xf32>) -> tensor<1x4x16xf32>
    attributes {kind = "gemm", grid = array<i64: 1, 1, 1>, schedule = {block_m = 4 : i64, block_n = 16 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %p : (tensor<1x4x16xf32>, tensor<16x16xf32>) -> tensor<1x4x16xf32>
  // expected-error@+1 {{'model.rms_norm' op needs a head of 8 columns, a kernel of kind 'gemm' holds blocks of 16 columns}}
  %1 = model.rms_norm %0, %w {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<1x4x16xf32>, tensor<8xf32>) -> tensor<1x4x16xf32>
  tile.return %1 : tensor<1x4x16xf32>
}
